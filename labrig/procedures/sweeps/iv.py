"""Current against voltage, point by point or in the instrument's own engine; every sweep ends."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from labrig.arrays import FloatArray, Seconds
from labrig.instruments.base import Limited, Reading, Setup, SourceMeter, SweepPoints
from labrig.procedures.sweeps.words import AtCompliance

PART: Seconds = 10.0
"""A sweep in the instrument's engine is read this often at least, so that it can be looked at meanwhile."""
_SPARE: Seconds = 5.0
"""What a lease has beyond the time that is expected."""
_SLOWEST_LINE = 50.0
_CYCLES = 6
"""Integrations a point: voltage and current, each with a reference and a zero."""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What is swept, and how.

    Parameters
    ----------
    levels
        Shape (P,), V or A.
    pulse
        How long each level is held, before the source rests as long at 0; None: it stays until the next one.
        The host times it: the source is no faster than its link and its slew limit.
    point_by_point
        One measurement a message, even where the instrument has an engine.
    """

    setup: Setup
    levels: FloatArray
    at_compliance: AtCompliance = AtCompliance.KEEP
    pulse: Seconds | None = None
    point_by_point: bool = False

    @property
    def in_engine(self) -> bool:
        """Whether the instrument can go through it alone: nothing depends on a reading."""
        return not self.point_by_point and self.pulse is None and self.at_compliance is AtCompliance.KEEP

    @property
    def point_time(self) -> Seconds:
        """How long a point takes at most, without ramps."""
        metering = self.setup.metering
        return (
            metering.delay + _CYCLES * metering.nplc / _SLOWEST_LINE + (2 * self.pulse if self.pulse else 0)
        )


class Lease(Protocol):
    """Somebody who turns things off unless told that all is well."""

    def renew(self, seconds: Seconds = ...) -> None:
        """All is well, for so long at least."""
        ...


class SweepSource(SourceMeter, Protocol):
    """A source meter that can also wait at a level."""

    def source(self, level: float) -> None:
        """Ramp to a level without measuring."""
        ...

    def travel(self, distance: float) -> Seconds:
        """How long a ramp over this distance takes, V or A."""
        ...


Between = Callable[[float], None]
"""Told each level before it is sourced: what else has to follow it."""


def sweep_iv(
    meter: SweepSource, lease: Lease, plan: SweepPlan, before: Between = lambda _: None
) -> Iterator[list[Reading]]:
    """Set up, turn on, and go through the levels; readings come in parts. The caller turns the output off.

    Parameters
    ----------
    before
        Called ahead of each level where the sweep goes point by point.

    Raises
    ------
    LimitExceeded
        A level or the compliance is above the rig's limits; nothing was sent.
    InstrumentError
        The instrument complained.
    """
    meter.configure(plan.setup)
    meter.enable()
    yield from _parts(meter, lease, plan) if plan.in_engine else _points(meter, lease, plan, before)


def _parts(meter: SweepSource, lease: Lease, plan: SweepPlan) -> Iterator[list[Reading]]:
    size = max(2, math.floor(PART / plan.point_time))
    at = 0.0
    for first in range(0, plan.levels.size, size):
        part = plan.levels[first : first + size]
        way = np.abs(np.diff(part, prepend=at))
        lease.renew(1.2 * (part.size * plan.point_time + meter.travel(float(way.max()) * part.size)) + _SPARE)
        yield meter.sweep(SweepPoints(part))
        at = float(part[-1])


def _points(meter: SweepSource, lease: Lease, plan: SweepPlan, before: Between) -> Iterator[list[Reading]]:
    at, ends = 0.0, {1.0: math.inf, -1.0: math.inf}
    for level in map(float, plan.levels):
        side = math.copysign(1.0, level)
        if abs(level) >= ends[side]:
            continue
        lease.renew(1.2 * (plan.point_time + meter.travel(abs(level - at))) + _SPARE)
        before(level)
        begun = time.monotonic()
        reading = meter.source_measure(level)
        if plan.pulse is not None:
            _rest(meter, begun + plan.pulse, plan.pulse)
        yield [reading]
        if reading.limited is Limited.NO:
            at = level
        elif plan.at_compliance is AtCompliance.STOP:
            return
        elif plan.at_compliance is AtCompliance.STEP_BACK:
            ends[side] = abs(level)
            meter.source(at)
        else:
            at = level


def _rest(meter: SweepSource, until: Seconds, rest: Seconds) -> None:
    time.sleep(max(0.0, until - time.monotonic()))
    meter.source(0.0)
    time.sleep(rest)
