"""Targets for a board that writes its branches by itself, from what it and its host read of them.

The board reads a branch alone, a little off by what flows through the others (PROTOCOL.md, "Programming by
pulses"); the host reads all of them at once, and that is exact but for noise. What the board has read too
much is added to the target of its next attempt. Arithmetic only, as in `labrig.bench.ispp`.
"""

from dataclasses import replace

import numpy as np

from labrig.arrays import BoolArray, BranchArray, IntArray
from labrig.bench.evidence import Evidence, Written
from labrig.boards.base import PulseScheme, Verified, VerifyTargets

_MOST_ATTEMPTS = 8
_SHARE = 4
"""A further attempt, which has little left to do, may take the most pulses over this."""


class BoardWrite:
    """One write of B branches.

    Parameters
    ----------
    targets
        Shape (B,), S; NaN: leave the branch alone.
    tolerance
        Relative, of the target.
    scheme
        A branch that had its most pulses, in all attempts, gets no further one.
    """

    def __init__(self, targets: BranchArray, tolerance: float, scheme: PulseScheme) -> None:
        count = targets.size
        self._targets = targets
        self._tolerance = tolerance
        self._evidence = Evidence(targets, tolerance)
        self._scheme = scheme
        self._over: BoolArray = np.isnan(targets)
        self._reached = np.zeros(count, dtype=np.bool_)
        self._given_up = np.zeros(count, dtype=np.bool_)
        self._seen = np.full(count, np.nan)
        self._doubts = np.full(count, np.nan)
        self._told = np.full(count, np.nan)
        self._pulses: IntArray = np.zeros(count, dtype=np.int64)
        self._reversals: IntArray = np.zeros(count, dtype=np.int64)
        self._attempts = 0

    @property
    def over(self) -> bool:
        """Every branch has ended; else the array is to be read once more."""
        return bool(self._over.all())

    def take(self, read: BranchArray, doubts: BranchArray | float = 0.0) -> VerifyTargets | None:
        """What follows from reading all branches: targets for the board, (B,) S; None: read again.

        Parameters
        ----------
        read, doubts
            Conductances and their standard uncertainties, shape (B,), S.
        """
        evidence, running = self._evidence, ~self._over
        evidence.add(read, doubts)
        mean = evidence.mean
        self._seen = np.where(running, mean, self._seen)
        self._doubts = np.where(running, evidence.uncertainty, self._doubts)
        known = running & np.isfinite(mean)
        self._reached |= known & evidence.inside
        away = known & evidence.outside
        self._over |= self._reached | (away & self._given_up) | (running & ~known)
        if np.any(~self._over & ~away):
            return None
        go = away & ~self._over
        if not go.any():
            return None
        off = np.where(np.isnan(self._told), 0.0, self._told - mean)
        aims = np.where(go, np.maximum(self._targets + off, self._targets / 2), np.nan)
        if not self._attempts:
            return VerifyTargets(aims, self._tolerance, self._scheme)
        # No wider than what will be taken for reached: the board would see nothing to do.
        finest = float(np.min((evidence.allowed / self._targets)[go]))
        scheme = replace(self._scheme, most_pulses=-(-self._scheme.most_pulses // _SHARE))
        return VerifyTargets(aims, finest, scheme)

    def note(self, asked: VerifyTargets, told: Verified) -> None:
        """What came of an attempt."""
        sent = np.flatnonzero(~np.isnan(asked.conductances))
        first = self._attempts == 0
        self._evidence.forget(sent)
        self._attempts += 1
        self._told[sent] = told.conductances[sent]
        self._pulses[sent] += told.pulses[sent]
        self._reversals[sent] += told.reversals[sent]
        self._given_up[sent] = (
            (first & ~told.reached[sent])
            | (self._pulses[sent] >= self._scheme.most_pulses)
            | (self._attempts >= _MOST_ATTEMPTS)
        )

    def outcome(self) -> Written:
        """How it stands, shape (B,) each."""
        return Written(
            self._seen.copy(),
            self._doubts.copy(),
            self._pulses.copy(),
            self._reversals.copy(),
            self._reached.copy(),
        )
