"""Incremental-step pulse programming (ISPP) of many branches at once: which pulses follow from what was read.

Arithmetic only: whoever pulses and reads is elsewhere. A branch that is surely within the tolerance of its
target is done, one near the edge is read again. Else it gets one pulse toward it, each a step higher than the
one before as long as the direction stays; a reversal starts again at the bottom. It ends at the most pulses
or reversals, not converged. (After Alibart, Gao, Hoskins, Strukov, Nanotechnology 23, 075201 (2012), who
raise amplitudes until the target is passed.)
"""

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray, IntArray
from labrig.bench.evidence import Evidence, Written
from labrig.boards.base import PulseScheme


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
        self._evidence = Evidence(targets, tolerance)
        self._scheme = scheme
        self._over: BoolArray = np.isnan(targets)
        self._reached = np.zeros(count, dtype=np.bool_)
        self._seen = np.full(count, np.nan)
        self._doubts = np.full(count, np.nan)
        self._pulses: IntArray = np.zeros(count, dtype=np.int64)
        self._reversals: IntArray = np.zeros(count, dtype=np.int64)
        self._ways: IntArray = np.zeros(count, dtype=np.int64)
        self._volts: FloatArray = np.zeros(count)

    @property
    def over(self) -> bool:
        """Every branch has ended; else the array is to be read once more."""
        return bool(self._over.all())

    def take(self, read: BranchArray, doubts: BranchArray | float = 0.0) -> tuple[IntArray, FloatArray]:
        """What follows from reading all branches: which to pulse next, and amplitudes, V.

        A branch that has ended is not pulsed again, whatever is read of it.

        Parameters
        ----------
        read, doubts
            Conductances and their standard uncertainties, shape (B,), S.
        """
        scheme, evidence, running = self._scheme, self._evidence, ~self._over
        evidence.add(read, doubts)
        mean = evidence.mean
        self._seen = np.where(running, mean, self._seen)
        self._doubts = np.where(running, evidence.uncertainty, self._doubts)
        known = running & np.isfinite(mean)
        reached, away = known & evidence.inside, known & evidence.outside
        ways = np.where(away, np.sign(self._targets - mean), 0).astype(np.int64)
        turned = away & (self._ways * ways < 0)
        spent = (self._pulses >= scheme.most_pulses) | (turned & (self._reversals >= scheme.most_reversals))
        # A read that is no number leads nowhere.
        ended = reached | (away & spent) | (running & ~known)
        self._reached |= reached
        self._over |= ended
        go = away & ~ended
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
        evidence.forget(branches)
        return branches, np.copysign(self._volts, self._ways)[branches]

    def outcome(self) -> Written:
        """How it stands, shape (B,) each."""
        return Written(
            self._seen.copy(),
            self._doubts.copy(),
            self._pulses.copy(),
            self._reversals.copy(),
            self._reached.copy(),
        )
