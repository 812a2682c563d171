"""How many pulses a write takes, told by the nominal law of the part before any is sent."""

from dataclasses import dataclass, replace

import numpy as np

from labrig.arrays import BranchArray, IntArray
from labrig.bench.evidence import Written
from labrig.bench.ispp import Ispp
from labrig.boards.base import PulseScheme
from labrig.devices.memristors import MemristorPart, Switching, nominal_pulse, nominal_state

FARTHEST = 3.0
"""Standard deviations of the slowest and of the fastest device that are taken into account."""


@dataclass(frozen=True, slots=True)
class PredictedPulses:
    """Of a write to B branches; shape (B,) each."""

    nominal: IntArray
    """Of devices as the part's law has them."""
    fastest: IntArray
    """Of devices that move most readily within three standard deviations."""
    slowest: IntArray
    """Of those that move least."""
    reached: bool
    """Whether all of them reach their targets."""


def predicted_pulses(
    part: MemristorPart,
    scheme: PulseScheme,
    starts: BranchArray,
    targets: BranchArray,
    tolerance: float,
    doubts: BranchArray | float = 0.0,
) -> PredictedPulses:
    """Go through the write with devices that follow the law without noise.

    Parameters
    ----------
    starts, targets
        Shape (B,), S.
    doubts
        Standard uncertainty of a read, shape (B,), S.
    """
    nominal, fastest, slowest = (
        _written(_deviating(part, by), scheme, starts, targets, tolerance, doubts)
        for by in (0.0, -FARTHEST, FARTHEST)
    )
    return PredictedPulses(
        nominal.pulses,
        fastest.pulses,
        slowest.pulses,
        bool(nominal.reached.all() and fastest.reached.all() and slowest.reached.all()),
    )


def _written(
    part: MemristorPart,
    scheme: PulseScheme,
    starts: BranchArray,
    targets: BranchArray,
    tolerance: float,
    doubts: BranchArray | float,
) -> Written:
    ispp, states = Ispp(targets, tolerance, scheme), nominal_state(part, starts)
    while True:
        branches, volts = ispp.take(part.lowest + part.span * states, doubts)
        if ispp.over:
            return ispp.outcome()
        states[branches] = nominal_pulse(part, states[branches], volts, scheme.width)


def _deviating(part: MemristorPart, deviations: float) -> MemristorPart:
    """The part with thresholds up and rates down by so many standard deviations."""

    def slower(way: Switching) -> Switching:
        return replace(
            way,
            threshold=way.threshold * (1 + deviations * part.threshold_spread),
            rate=way.rate * float(np.exp(-deviations * part.device_spread)),
        )

    return replace(part, set=slower(part.set), reset=slower(part.reset))
