"""One channel of a B2902A: its unit, and what its trigger model goes through."""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import numpy as np

from labrig.arrays import Seconds
from labrig.sim.instruments.analogue import Quantity
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import INFINITY, NOT_A_NUMBER
from labrig.sim.instruments.unit import A, Model, Sample, Unit, V

CHANNEL_MODEL = Model(
    nominal={V: (0.2, 2.0, 20.0, 200.0), A: (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 1.5, 3.0)},
    headroom=1.05,
    most={V: 210.0, A: 3.03},
    overhead=1e-4,
)
"""Source output ranges (p. 2-36, from memory); 3 A are for pulses only."""
LIMITS = {V: 2.0, A: 1e-4}
"""Compliance after ``*RST``: 2 V and 100 µA (p. 4-95, from memory)."""
ELEMENTS = ("VOLTage", "CURRent", "RESistance", "TIME", "STATus", "SOURce")
"""In the order in which they are sent (p. 4-34)."""
_CURRENT_SOURCE, _COMPLIANCE, _OVERFLOW = 1 << 0, 1 << 1, 1 << 13
"""Bits of the status data (table 1-2, p. 1-14); compliance is any number but 0 in bits 1 and 2."""


@dataclass(frozen=True, slots=True)
class Result:
    """One measured point, element by element; what was not measured is not a number."""

    values: dict[str, float]

    def chosen(self, names: tuple[str, ...]) -> list[float]:
        """Those elements, in the instrument's order."""
        return [self.values[name] for name in ELEMENTS if name in names]


@dataclass(slots=True)
class Path:
    """How one function of the source is swept."""

    mode: str = "FIXed"
    start: float = 0.0
    stop: float = 0.0
    levels: list[float] = field(default_factory=lambda: [0.0])
    triggered: float | None = None


@dataclass(slots=True)
class Layer:
    """One of the two actions, acquire and transient, in trigger and arm layers."""

    triggers: int = 1
    arms: int = 1
    delay: Seconds = 0.0
    arm_delay: Seconds = 0.0
    period: Seconds = 1e-5
    source: str = "AINT"
    arm_source: str = "AINT"


@dataclass(slots=True)
class Channel:
    """Settings beyond the unit's."""

    unit: Unit
    paths: dict[Quantity, Path] = field(default_factory=lambda: {V: Path(), A: Path()})
    points: int = 1
    spacing: str = "LINear"
    direction: str = "UP"
    stairs: str = "SINGle"
    ranging: str = "BEST"
    holds_end: bool = False
    """``:FUNCtion:TRIGger:CONTinuous``: the last level of a sweep stays."""
    acquire: Layer = field(default_factory=Layer)
    transient: Layer = field(default_factory=Layer)
    measured: set[str] = field(default_factory=lambda: {"CURR"})
    off_mode: str = "NORMal"
    low: str = "GROund"
    on_automatic: bool = True
    off_automatic: bool = False
    protects: bool = False
    results: list[Result] = field(default_factory=list[Result])

    def reset(self) -> None:
        """``*RST``."""
        fresh = Channel(self.unit)
        for name in Channel.__slots__:
            if name != "unit":
                setattr(self, name, getattr(fresh, name))
        self.unit.reset()

    def run(self, now: Seconds, *, transient: bool, acquire: bool) -> Generator[Seconds, None, None]:
        """Go through the trigger model, a step of the source and a measurement a trigger."""
        if self.on_automatic and not self.unit.on:
            self.unit.switch(on=True)
        path = self.paths[self.unit.source]
        levels = list(self.levels()) if transient else [None]
        steps = max(self.acquire.triggers * self.acquire.arms if acquire else 1,
                    self.transient.triggers * self.transient.arms if transient else 1)  # fmt: skip
        if acquire:
            self.results = []
        passed = 0.0
        for k in range(steps):
            level = levels[k % len(levels)]
            if level is not None and path.mode != "FIXed":
                self.unit.swept = level
                self.unit.update()
            elif transient and path.triggered is not None:
                self.unit.put_level(self.unit.source, path.triggered)
            wait = max(self.unit.reading_time() + self.acquire.delay, self._period())
            yield wait
            passed += wait
            if acquire:
                self.results.append(self.result(self.unit.sample(), now + passed))
        if not self.holds_end and self.unit.swept is not None:
            self.unit.swept = None
            self.unit.update()
        if self.off_automatic:
            self.unit.switch(on=False)

    def result(self, sample: Sample, at: Seconds) -> Result:
        """What is told of a sample."""
        status = _CURRENT_SOURCE * (self.unit.source is A) | _COMPLIANCE * (sample.limited or sample.beyond)
        status |= _OVERFLOW * (abs(sample.volts) >= INFINITY or abs(sample.amperes) >= INFINITY)
        ohms = sample.volts / sample.amperes if sample.amperes else INFINITY
        wanted = {
            "VOLTage": ("VOLT", sample.volts),
            "CURRent": ("CURR", sample.amperes),
            "RESistance": ("RES", ohms),
        }
        values = {
            name: value if key in self.measured else NOT_A_NUMBER for name, (key, value) in wanted.items()
        }
        return Result({**values, "TIME": at, "STATus": float(status), "SOURce": sample.level})

    def levels(self) -> Iterator[float | None]:
        """Of the staircase, the list, or none.

        Raises
        ------
        ScpiError
            -221: a logarithmic staircase through 0.
        """
        path = self.paths[self.unit.source]
        if path.mode == "FIXed":
            yield None
            return
        steps = path.levels if path.mode == "LIST" else self._staircase(path)
        steps = steps if self.direction == "UP" or path.mode == "LIST" else steps[::-1]
        yield from steps
        if self.stairs == "DOUBle" and path.mode == "SWEep":
            yield from steps[::-1]

    def _staircase(self, path: Path) -> list[float]:
        if self.spacing == "LINear":
            return [float(level) for level in np.linspace(path.start, path.stop, self.points)]
        if not path.start * path.stop > 0:
            raise ScpiError(-221)
        steady = np.geomspace(abs(path.start), abs(path.stop), self.points)
        return [math.copysign(float(level), path.start) for level in steady]

    def _period(self) -> Seconds:
        return self.acquire.period if self.acquire.source == "TIM" else 0.0
