"""A channel that obeys, remembers where its source was and when, and fails when it is told to."""

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

import pytest

from labrig.arrays import Seconds
from labrig.instruments import ramping, safe
from labrig.instruments.base import Identity, Reading, Setup, SweepPoints, Unit, limited_unit_of, unit_of


@dataclass
class Clock:
    """Time that passes only when somebody sleeps."""

    now: Seconds = 1000.0

    def monotonic(self) -> Seconds:
        return self.now

    def sleep(self, seconds: Seconds) -> None:
        assert seconds >= 0
        self.now += seconds


@contextmanager
def stopped_clock() -> Generator[Clock]:
    """For what `safe` and `ramping` wait for."""
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(safe, "time", clock)
        patch.setattr(ramping, "time", clock)
        yield clock


@dataclass(frozen=True)
class Moment:
    """What was at the terminals from now on."""

    time: Seconds
    unit: Unit
    level: float
    on: bool


def _no_failure(_: int) -> Exception | None:
    return None


@dataclass
class FakeChannel:
    """A channel of no instrument.

    `failure` says what the n-th call raises. A call that fails has had its effect nevertheless where `heard`
    says so, as a command whose answer is lost.
    """

    clock: Clock
    failure: Callable[[int], BaseException | None] = _no_failure
    heard: bool = True
    queue: list[str] = field(default_factory=list[str])
    most_points: int = 7
    is_stuck: bool = False
    """Says that it is on, whatever it was told."""
    on: bool = False
    unit: Unit = "V"
    levels: dict[Unit, float] = field(default_factory=lambda: {"V": 0.0, "A": 0.0})
    limits: dict[Unit, float] = field(default_factory=lambda: {"V": 0.0, "A": 0.0})
    read_back: Callable[[float], float] = float
    sources: Unit | None = None
    """What it says that it sources; None: the truth."""
    calls: int = 0
    history: list[Moment] = field(default_factory=list[Moment])

    @property
    def name(self) -> str:
        return "fake"

    @property
    def identity(self) -> Identity:
        return Identity("nobody", "fake", "0", "0")

    def within(self, seconds: Seconds) -> AbstractContextManager[None]:
        return nullcontext()

    def errors(self) -> list[str]:
        with self._call():
            found, self.queue = self.queue, []
            return found

    def is_on(self) -> bool:
        with self._call():
            return self.on or self.is_stuck

    def switch(self, *, on: bool) -> None:
        with self._call():
            self.on = on
            self.remember()

    def sourced(self) -> Unit:
        with self._call():
            return self.sources or self.unit

    def level(self, unit: Unit) -> float:
        with self._call():
            return self.levels[unit]

    def set_level(self, level: float, unit: Unit) -> None:
        with self._call():
            self.levels[unit] = level
            self.remember()

    def compliance(self, unit: Unit) -> float:
        with self._call():
            return self.read_back(self.limits[unit])

    def apply(self, setup: Setup) -> None:
        with self._call():
            assert not self.on, "set up while its output is on"
            self.unit = unit_of(setup)
            self.limits[limited_unit_of(setup)] = setup.compliance
            self.levels = {"V": 0.0, "A": 0.0}
            self.remember()

    def measure(self, level: float) -> Reading:
        with self._call():
            assert level == self.levels[self.unit], "measured somewhere else"
            return Reading(level, level, level, self.clock.now, math.nan)

    def run(self, points: SweepPoints) -> Sequence[Reading]:
        with self._call():
            assert points.levels.size <= self.most_points
            readings: list[Reading] = []
            for level in points.levels.tolist():
                self.levels[self.unit] = level
                self.remember()
                self.clock.sleep(points.delay)
                readings.append(Reading(level, level, level, self.clock.now, math.nan))
            return readings

    def longest_sweep(self) -> int:
        return self.most_points

    def abort(self) -> None:
        with self._call():
            pass

    def close(self) -> None:
        pass

    @contextmanager
    def _call(self) -> Generator[None]:
        self.calls += 1
        error = self.failure(self.calls)
        if error is not None and not self.heard:
            raise error
        yield
        if error is not None:
            raise error

    def remember(self) -> None:
        """What is at the terminals now."""
        self.history.append(Moment(self.clock.now, self.unit, self.levels[self.unit], self.on))
