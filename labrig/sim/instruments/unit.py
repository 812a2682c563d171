"""Source and meter of one channel, as several makers build them: ranges, limits, readings."""

import math
from dataclasses import dataclass, field

from labrig.arrays import Seconds
from labrig.sim.instruments.analogue import Drive, Meter, OperatingPoint, Quantity, Terminals, operate
from labrig.sim.instruments.base import OutputState, Watch
from labrig.sim.instruments.scpi.errors import ScpiError

V, A = Quantity.VOLTAGE, Quantity.CURRENT
UNITS = {V: "V", A: "A"}
OVERFLOW = 9.9e37


@dataclass(frozen=True, slots=True)
class Model:
    """What a channel can.

    Parameters
    ----------
    nominal
        Ranges, ascending.
    headroom
        Most level and reading over the nominal range.
    most
        Highest level.
    overhead
        Of a reading, beside integration and delays.
    """

    nominal: dict[Quantity, tuple[float, ...]]
    headroom: float
    most: dict[Quantity, float]
    overhead: Seconds

    def range_for(self, quantity: Quantity, value: float) -> float:
        """The lowest nominal range that holds a value.

        Raises
        ------
        ScpiError
            -222: none does.
        """
        for nominal in self.nominal[quantity]:
            if abs(value) <= nominal * self.headroom * (1 + 1e-9):
                return nominal
        raise ScpiError(-222)


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement of both quantities; beyond a range it is an overflow, of its sign.

    Parameters
    ----------
    limited
        The limit that was set holds.
    beyond
        The end of a fixed measurement range holds instead.
    """

    volts: float
    amperes: float
    level: float
    limited: bool
    beyond: bool

    def of(self, quantity: Quantity) -> float:
        """One of the two."""
        return self.volts if quantity is V else self.amperes


@dataclass(slots=True)
class Setting:
    """Of one quantity, sourced or measured."""

    level: float = 0.0
    span: float = 0.0
    automatic: bool = True
    limit: float = 0.0
    """While the other one is sourced."""
    measured_span: float = 0.0
    measured_automatic: bool = True


@dataclass(slots=True)
class Unit:
    """One channel on a circuit.

    Parameters
    ----------
    limits
        Of both quantities as it is switched on.
    """

    channel: int
    model: Model
    terminals: Terminals
    watch: Watch
    meter: Meter
    limits: dict[Quantity, float]
    source: Quantity = V
    on: bool = False
    nplc: float = 1.0
    line_frequency: float = 50.0
    four_wire: bool = False
    delay: Seconds = 0.0
    settings: dict[Quantity, Setting] = field(default_factory=dict[Quantity, Setting])
    swept: float | None = None
    """Level of a sweep that the source stands at; None: the fixed one."""
    _told: OutputState | None = None

    def __post_init__(self) -> None:
        self.preset()

    def preset(self) -> None:
        """Settings as it is switched on; the caller lets the terminals have them."""
        self.source, self.on, self.nplc, self.four_wire, self.delay = V, False, 1.0, False, 0.0
        self.swept = None
        self.settings = {
            quantity: Setting(
                span=self.model.nominal[quantity][0],
                measured_span=self.model.range_for(quantity, self.limits[quantity]),
                limit=self.limits[quantity],
            )
            for quantity in Quantity
        }

    def reset(self) -> None:
        """``*RST``: off at once."""
        self.preset()
        self.update()

    def switch(self, *, on: bool) -> None:
        """Turn the output on or off."""
        self.on = on
        self.update()

    def choose(self, source: Quantity) -> None:
        """Source another quantity."""
        self.source, self.swept = source, None
        self.update()

    def put_level(self, quantity: Quantity, level: float) -> None:
        """Set a level; on a fixed range it has to fit.

        Raises
        ------
        ScpiError
            -222.
        """
        setting = self.settings[quantity]
        if not setting.automatic and abs(level) > setting.span * self.model.headroom * (1 + 1e-9):
            raise ScpiError(-222)
        if abs(level) > self.model.most[quantity] * (1 + 1e-9):
            raise ScpiError(-222)
        setting.level = level
        self.update()

    def put_range(self, quantity: Quantity, value: float) -> None:
        """Fix the range of the source."""
        setting = self.settings[quantity]
        setting.span, setting.automatic = self.model.range_for(quantity, value), False
        most = setting.span * self.model.headroom
        setting.level = max(-most, min(most, setting.level))
        self.update()

    def put_measured_range(self, quantity: Quantity, value: float) -> None:
        """Fix the range of the meter."""
        setting = self.settings[quantity]
        setting.measured_span, setting.measured_automatic = self.model.range_for(quantity, value), False
        self.update()

    def update(self) -> OperatingPoint | None:
        """Let the terminals have what the settings say."""
        setting = self.settings[self.source]
        level = setting.level if self.swept is None else self.swept
        if setting.automatic:
            setting.span = self.model.range_for(self.source, level)
        told = OutputState(self.channel, self.on, level if self.on else 0.0)
        point = operate(self.terminals.seen(), self._drive(level)) if self.on else None
        self.terminals.force(point)
        if told != self._told:
            self._told = told
            self.watch(told)
        return point

    @property
    def in_compliance(self) -> bool:
        """Whether the limit holds now."""
        point = self.update()
        return point is not None and point.limited

    def reading_time(self) -> Seconds:
        """How long one measurement takes."""
        return self.model.overhead + self.delay + self.nplc / self.line_frequency

    def sample(self) -> Sample:
        """Measure both quantities; without output there is nothing but noise."""
        level = self.settings[self.source].level if self.swept is None else self.swept
        point = self.update()
        if point is None:
            point = OperatingPoint(0.0, 0.0, limited=False, drive=self._drive(level))
        other = self.settings[self.source.other]
        ends = other.measured_span * self.model.headroom
        beyond = point.limited and not other.measured_automatic and ends < other.limit
        volts, amperes = self._read(V, point), self._read(A, point)
        return Sample(volts, amperes, level, limited=point.limited and not beyond, beyond=beyond)

    def span_of(self, quantity: Quantity) -> float:
        """In which a quantity is measured: that of the source, where it is sourced."""
        setting = self.settings[quantity]
        return setting.span if quantity is self.source else setting.measured_span

    def _read(self, quantity: Quantity, point: OperatingPoint) -> float:
        setting = self.settings[quantity]
        if quantity is not self.source and setting.measured_automatic:
            most = self.model.nominal[quantity][-1]
            setting.measured_span = self.model.range_for(quantity, min(abs(point.of(quantity)), most))
        span = self.span_of(quantity)
        value = self.meter.read(point.of(quantity), span, self.nplc)
        return value if abs(value) <= span * self.model.headroom * 1.01 else math.copysign(OVERFLOW, value)

    def _drive(self, level: float) -> Drive:
        other = self.settings[self.source.other]
        ends = other.measured_span * self.model.headroom
        return Drive(self.source, level, other.limit if other.measured_automatic else min(other.limit, ends))
