"""How sure it is that branches are at their targets, after so many reads of each.

A read is off by noise and by the steps of converters. A branch near the edge of its tolerance is therefore
read again, and the mean is held against what is left of the tolerance once its own doubt is taken off.
"""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, BranchArray, IntArray

MOST_READS = 8
"""Of a branch since its last pulse; then it is decided."""
_DEVIATIONS = 3.0
"""Standard deviations of the mean by which a branch is to be inside: one in 700 at the edge is not."""


@dataclass(frozen=True, slots=True)
class Written:
    """How a write ended, branch by branch; shape (B,) each."""

    conductances: BranchArray
    """Mean of what was read since the last pulse, S; NaN where nothing was asked."""
    uncertainty: BranchArray
    """Of this mean, standard, S."""
    pulses: IntArray
    reversals: IntArray
    reached: BoolArray
    """At its target as surely as `Evidence.inside` has it."""


class Evidence:
    """Reads of B branches since each was moved last.

    Parameters
    ----------
    targets
        Shape (B,), S; NaN: none.
    tolerance
        Relative, of the target.
    """

    def __init__(self, targets: BranchArray, tolerance: float) -> None:
        self._targets = targets
        self._tolerated = tolerance * np.abs(targets)
        self._sums = np.zeros(targets.size)
        self._counts: IntArray = np.zeros(targets.size, dtype=np.int64)
        self._doubts = np.zeros(targets.size)

    def add(self, read: BranchArray, doubts: BranchArray | float) -> None:
        """Take a read of all branches, (B,) S, and the standard uncertainty of each."""
        self._sums = self._sums + read
        self._counts += 1
        self._doubts = np.broadcast_to(doubts, read.shape)

    def forget(self, branches: IntArray) -> None:
        """These are moved."""
        self._sums[branches] = 0.0
        self._counts[branches] = 0

    @property
    def mean(self) -> BranchArray:
        """Of the reads, shape (B,), S; NaN where there is none."""
        return np.where(self._counts > 0, self._sums / np.maximum(self._counts, 1), np.nan)

    @property
    def uncertainty(self) -> BranchArray:
        """Of the mean, standard, shape (B,), S."""
        return np.asarray(self._doubts / np.sqrt(np.maximum(self._counts, 1)))

    @property
    def inside(self) -> BoolArray:
        """Surely within the tolerance; after the most reads within half of it, where these tell no better.

        That is what can be asked of a device that conducts too little for the reads: it is then known to be
        within half the tolerance and three uncertainties.
        """
        sure = self._tolerated - _DEVIATIONS * self.uncertainty
        return np.asarray(self._away <= np.where(self._counts < MOST_READS, sure, self.allowed))

    @property
    def allowed(self) -> BranchArray:
        """How far off a branch may be by the mean of the most reads, shape (B,), S."""
        doubts = self._doubts / np.sqrt(MOST_READS)
        return np.asarray(np.maximum(self._tolerated - _DEVIATIONS * doubts, self._tolerated / 2))

    @property
    def outside(self) -> BoolArray:
        """Not within the tolerance, or not surely so after the most reads."""
        return (self._away > self._tolerated) | ((self._counts >= MOST_READS) & ~self.inside)

    @property
    def _away(self) -> BranchArray:
        return np.abs(self.mean - self._targets)
