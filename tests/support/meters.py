"""A source meter that is a resistor with a limit, and remembers what was asked of it."""

import math
from dataclasses import dataclass, field

from labrig.errors import LimitExceeded
from labrig.instruments.base import Identity, Limited, Reading, Setup, SweepPoints


@dataclass
class ResistorMeter:
    """A source of voltage on a resistor."""

    ohms: float = 1000.0
    cap: float = 10.0
    asked: list[str] = field(default_factory=list[str])
    limit: float = math.inf
    level: float | None = None
    """None: the output is off."""

    @property
    def identity(self) -> Identity:
        return Identity("nobody", "resistor", "0", "0")

    def configure(self, setup: Setup) -> None:
        self.limit = setup.compliance
        self.asked.append("configure")

    def enable(self, *, level: float = 0.0) -> None:
        self.asked.append("enable")
        self.level = level

    def source(self, level: float) -> None:
        if abs(level) > self.cap:
            raise LimitExceeded(f"{level}")
        self.asked.append(f"source {level:g}")
        self.level = level

    def travel(self, distance: float) -> float:
        return distance / 100.0

    def source_measure(self, level: float) -> Reading:
        self.source(level)
        self.asked[-1] = f"measure {level:g}"
        return self._reading(level)

    def sweep(self, points: SweepPoints) -> list[Reading]:
        self.asked.append(f"sweep {points.levels.size}")
        self.level = float(points.levels[-1])
        return [self._reading(float(level)) for level in points.levels]

    def make_safe(self) -> None:
        self.asked.append("make safe")
        self.level = None

    def close(self) -> None:
        self.asked.append("close")

    def _reading(self, level: float) -> Reading:
        amperes = level / self.ohms
        if abs(amperes) > self.limit:
            amperes = math.copysign(self.limit, amperes)
            return Reading(level, amperes * self.ohms, amperes, 0.0, math.nan, Limited.SET)
        return Reading(level, level, amperes, 0.0, math.nan)
