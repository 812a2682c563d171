"""Incremental-step pulse programming (ISPP) of many branches at once: which pulses follow from what was read.

Arithmetic only: whoever pulses and reads is elsewhere. A branch within the tolerance of its target is done.
Else it gets one pulse toward it, each a step higher than the one before as long as the direction stays; a
reversal starts again at the bottom. It ends at the most pulses or reversals, not converged. (After Alibart,
Gao, Hoskins, Strukov, Nanotechnology 23, 075201 (2012), who raise amplitudes until the target is passed.)
"""

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray, IntArray
from labrig.boards.base import PulseScheme, Verified


class Ispp:
    """One write of B branches.

    Parameters
    ----------
    targets
        Shape (B,), S; NaN: leave the branch alone.
    tolerance
        Relative, of the target.
    """

    def __init__(self, targets: BranchArray, tolerance: float, scheme: PulseScheme) -> None:
        count = targets.size
        self._targets = targets
        self._within = tolerance * np.abs(targets)
        self._scheme = scheme
        self._asked: BoolArray = ~np.isnan(targets)
        self._over: BoolArray = ~self._asked
        self._reached = np.zeros(count, dtype=np.bool_)
        self._seen = np.full(count, np.nan)
        self._pulses: IntArray = np.zeros(count, dtype=np.int64)
        self._reversals: IntArray = np.zeros(count, dtype=np.int64)
        self._ways: IntArray = np.zeros(count, dtype=np.int64)
        self._volts: FloatArray = np.zeros(count)

    def take(self, read: BranchArray) -> tuple[IntArray, FloatArray]:
        """What follows from reading all branches, (B,) S: branches to pulse, and amplitudes, V; none: end.

        A branch that has ended is not pulsed again, whatever is read of it.
        """
        scheme, running = self._scheme, ~self._over
        self._seen = np.where(running, read, self._seen)
        known = running & np.isfinite(read)
        error = np.where(known, self._targets - read, 0.0)
        reached = known & (np.abs(error) <= self._within)
        ways = np.sign(error).astype(np.int64)
        turned = running & ~reached & (self._ways * ways < 0)
        spent = (self._pulses >= scheme.most_pulses) | (turned & (self._reversals >= scheme.most_reversals))
        # A read that is no number leads nowhere.
        ended = reached | (running & (spent | ~known))
        self._reached |= reached
        self._over |= ended
        go = running & ~ended
        self._reversals += turned & go
        again = self._ways == ways
        up = np.where(again, np.minimum(self._volts + scheme.set_step, scheme.set_highest), scheme.set_start)
        down = np.where(
            again, np.minimum(self._volts + scheme.reset_step, scheme.reset_highest), scheme.reset_start
        )
        self._volts = np.where(go, np.where(ways > 0, up, down), self._volts)
        self._ways = np.where(go, ways, self._ways)
        self._pulses += go
        branches = np.flatnonzero(go)
        return branches, np.copysign(self._volts, self._ways)[branches]

    def outcome(self) -> Verified:
        """How it stands, shape (B,) each."""
        return Verified(self._seen.copy(), self._pulses.copy(), self._reversals.copy(), self._reached.copy())
