"""Source and meter of one channel of a Keithley 2602B (reference manual, specifications and section 7)."""

import math
from dataclasses import dataclass, field

from labrig.arrays import Seconds
from labrig.sim.instruments.analogue import Drive, Meter, OperatingPoint, Quantity, Terminals, operate
from labrig.sim.instruments.base import OutputState, Watch

NOMINAL = {
    Quantity.VOLTAGE: (0.1, 1.0, 6.0, 40.0),
    Quantity.CURRENT: (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 3.0),
}
HEADROOM = 1.01
OVERFLOW = 9.91e37
_SUFFIX = {Quantity.VOLTAGE: "v", Quantity.CURRENT: "i"}
_FULL_POWER_UP_TO = 6.06
"""V; above, a channel has 1 A at the most (40 W)."""
_OVERHEAD: Seconds = 5e-4
AUTORANGED, FOUR_WIRE, COMPLIANCE = 0x04, 0x10, 0x40
"""Bits of a buffer's statuses (section 7, `bufferVar.statuses`)."""


class Refused(Exception):
    """A setting that the channel does not take, with the number and text of its error."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.number = number
        self.text = text


TOO_BIG, TOO_SMALL = Refused(1101, "Parameter too big"), Refused(1102, "Parameter too small")


def _defaults() -> dict[str, float]:
    return {
        "source.func": 1, "source.levelv": 0, "source.leveli": 0, "source.limitv": 40, "source.limiti": 1,
        "source.limitp": 0, "source.rangev": 0.1, "source.rangei": 1e-7, "source.autorangev": 1,
        "source.autorangei": 1, "source.lowrangev": 0.1, "source.lowrangei": 1e-7, "source.output": 0,
        "source.offmode": 0, "source.offfunc": 1, "source.offlimiti": 1e-3, "source.offlimitv": 40,
        "source.delay": 0, "source.settling": 0, "source.highc": 0, "source.sink": 0,
        "measure.nplc": 1, "measure.autozero": 2, "measure.autorangev": 1, "measure.autorangei": 1,
        "measure.rangev": 0.1, "measure.rangei": 1e-7, "measure.lowrangev": 0.1, "measure.lowrangei": 1e-7,
        "measure.delay": 0, "measure.delayfactor": 1, "measure.interval": 0, "measure.count": 1, "sense": 0,
    }  # fmt: skip


ALLOWED: dict[str, tuple[float, float]] = {
    "source.func": (0, 1), "source.levelv": (-40.4, 40.4), "source.leveli": (-3.03, 3.03),
    "source.limitv": (1e-2, 40.4), "source.limiti": (1e-8, 3.03), "source.limitp": (0, 40.4),
    "source.rangev": (-40.4, 40.4), "source.rangei": (-3.03, 3.03), "source.autorangev": (0, 1),
    "source.autorangei": (0, 1), "source.lowrangev": (0.1, 40), "source.lowrangei": (1e-7, 3),
    "source.output": (0, 2), "source.offmode": (0, 2), "source.offfunc": (0, 1),
    "source.offlimiti": (1e-9, 3.03), "source.offlimitv": (1e-2, 40.4), "source.delay": (-1, 1e5),
    "source.settling": (0, 130),
    "source.highc": (0, 1), "source.sink": (0, 1), "measure.nplc": (0.001, 25), "measure.autozero": (0, 2),
    "measure.autorangev": (0, 2), "measure.autorangei": (0, 2), "measure.rangev": (-40.4, 40.4),
    "measure.rangei": (-3.03, 3.03), "measure.lowrangev": (0.1, 40), "measure.lowrangei": (1e-7, 3),
    "measure.delay": (-1, 1e5), "measure.delayfactor": (0, 1e3), "measure.interval": (0, 1),
    "measure.count": (1, 60000), "sense": (0, 3),
}  # fmt: skip
"""Least and most of each attribute."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement of both quantities."""

    volts: float
    amperes: float
    status: int
    level: float


@dataclass(slots=True)
class Smu:
    """One channel.

    Parameters
    ----------
    channel
        1: smua, 2: smub.
    """

    channel: int
    terminals: Terminals
    watch: Watch
    meter: Meter
    line_frequency: float = 50.0
    settings: dict[str, float] = field(default_factory=_defaults)
    _told: OutputState | None = None

    def reset(self) -> None:
        """``smuX.reset()``: the output goes off."""
        self.settings = _defaults()
        self.update()

    def get(self, name: str) -> float:
        """An attribute; the compliance is looked at."""
        if name == "source.compliance":
            point = self.update()
            return float(point is not None and point.limited)
        return self.settings[name]

    def put(self, name: str, value: float) -> None:
        """Set an attribute.

        Raises
        ------
        Refused
            It is outside what the channel takes.
        """
        low, high = ALLOWED[name]
        if value < low:
            raise TOO_SMALL
        if value > high:
            raise TOO_BIG
        settings = self.settings
        group, _, leaf = name.partition(".")
        if leaf in ("rangev", "rangei"):
            quantity = Quantity.VOLTAGE if leaf == "rangev" else Quantity.CURRENT
            settings[name] = range_for(quantity, value)
            settings[f"{group}.auto{leaf}"] = 0
        elif leaf in ("levelv", "leveli") and not settings[f"source.autorange{leaf[-1]}"]:
            if abs(value) > settings[f"source.range{leaf[-1]}"] * HEADROOM * (1 + 1e-9):
                raise TOO_BIG
            settings[name] = value
        else:
            settings[name] = value
        if name == "source.limiti" and value > 1.01 and abs(settings["source.levelv"]) > _FULL_POWER_UP_TO:
            raise TOO_BIG
        self.update()

    @property
    def source(self) -> Quantity:
        """What is sourced."""
        return Quantity.VOLTAGE if self.settings["source.func"] else Quantity.CURRENT

    def update(self) -> OperatingPoint | None:
        """Let the terminals have what the settings say."""
        settings, source = self.settings, self.source
        suffix = _SUFFIX[source]
        level = settings[f"source.level{suffix}"]
        if settings[f"source.autorange{suffix}"]:
            settings[f"source.range{suffix}"] = range_for(source, level)
        on = settings["source.output"] == 1
        point = operate(self.terminals.seen(), self._drive(level)) if on else None
        self.terminals.force(point)
        told = OutputState(self.channel, on, level if on else 0.0)
        if told != self._told:
            self._told = told
            self.watch(told)
        return point

    def reading_time(self) -> Seconds:
        """How long one measurement of one quantity takes."""
        settings = self.settings
        cycles = settings["measure.nplc"] * (2 if settings["measure.autozero"] == 2 else 1)
        delays = max(0.0, settings["source.delay"]) + max(0.0, settings["measure.delay"])
        return _OVERHEAD + delays + cycles / self.line_frequency

    def sample(self) -> Sample:
        """Measure both quantities where the source is; without output there is nothing but noise."""
        settings = self.settings
        point = self.update()
        if point is None:
            point = OperatingPoint(0.0, 0.0, limited=False, drive=self._drive(0.0))
        volts = self._read(Quantity.VOLTAGE, point)
        amperes = self._read(Quantity.CURRENT, point)
        status = COMPLIANCE * point.limited | FOUR_WIRE * (settings["sense"] == 1)
        status |= AUTORANGED * bool(settings["measure.autorangei"] or settings["measure.autorangev"])
        return Sample(volts, amperes, status, settings[f"source.level{_SUFFIX[self.source]}"])

    def range_of(self, quantity: Quantity) -> float:
        """In which a quantity is measured."""
        group = "source" if quantity is self.source else "measure"
        return self.settings[f"{group}.range{_SUFFIX[quantity]}"]

    def _read(self, quantity: Quantity, point: OperatingPoint) -> float:
        name = f"measure.range{_SUFFIX[quantity]}"
        if quantity is not self.source and self.settings[f"measure.autorange{_SUFFIX[quantity]}"]:
            self.settings[name] = range_for(quantity, min(abs(point.of(quantity)), NOMINAL[quantity][-1]))
        span = self.range_of(quantity)
        value = self.meter.read(point.of(quantity), span, self.settings["measure.nplc"])
        return value if abs(value) <= span * 1.05 else math.copysign(OVERFLOW, value)

    def _drive(self, level: float) -> Drive:
        other = self.source.other
        limit = self.settings[f"source.limit{_SUFFIX[other]}"]
        if not self.settings[f"measure.autorange{_SUFFIX[other]}"]:
            limit = min(limit, self.settings[f"measure.range{_SUFFIX[other]}"] * 1.02)
        return Drive(self.source, level, limit)


def range_for(quantity: Quantity, value: float) -> float:
    """The lowest nominal range that holds a value.

    Raises
    ------
    Refused
        None does.
    """
    for nominal in NOMINAL[quantity]:
        if abs(value) <= nominal * HEADROOM * (1 + 1e-9):
            return nominal
    raise TOO_BIG
