"""Whether readings of what should stay as it is have changed, or differ by chance."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import erfc, sqrt
from typing import Any

import numpy as np

from labrig.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found of Q quantities; NaN where one was not read."""

    values: FloatArray
    """Means over the repeats, shape (Q,)."""
    uncertainties: FloatArray
    """Standard, of the means, shape (Q,)."""
    changes: FloatArray
    """Since the first look, shape (Q,)."""
    sigmas: FloatArray
    """The changes in their own standard uncertainties, shape (Q,)."""
    departed: BoolArray
    """Which changes are neither chance nor let pass, shape (Q,)."""


class Watch:
    """Compares looks with the first one.

    The scatter of the repeats within each look, pooled over all looks, says what chance does. Quantities of
    one kind are pooled as well, unless one scatters more than its kind. A change is told where Student's t
    allows it less often than a normal variable exceeds `limit`, over all quantities of a look together
    (Bonferroni): a board that does not drift raises an alarm in erfc(limit/√2) of the looks, or fewer.

    Parameters
    ----------
    kinds
        Which of the quantities are alike, shape (Q,).
    limit
        Standard deviations.
    passes
        Changes that are let pass whether they are chance or not: an absolute one of each, shape (Q,).
    """

    def __init__(self, kinds: IntArray, limit: float, passes: FloatArray) -> None:
        self._kinds = kinds
        self._chance = erfc(limit / sqrt(2))
        self._passes = passes
        self._first = np.full(kinds.shape, np.nan)
        self._count = np.zeros(kinds.shape)
        self._squares, self._freedom = np.zeros(kinds.shape), np.zeros(kinds.shape)

    @property
    def first(self) -> FloatArray:
        """With which looks are compared, shape (Q,); NaN where there was no reading yet."""
        return self._first

    def look(self, readings: FloatArray, shared: FloatArray) -> Look:
        """Take in one look; the first of each quantity is what the others are compared with.

        Parameters
        ----------
        readings
            Of so many repeats, shape (R, Q); NaN where a reading is not to be used.
        shared
            Standard uncertainty that the repeats share, and that may differ from look to look, shape (Q,).
        """
        read = np.isfinite(readings)
        count = read.sum(axis=0)
        known = count > 0
        total = np.where(read, readings, 0.0).sum(axis=0)
        values = np.where(known, total / np.maximum(count, 1), np.nan)
        away = np.where(read, readings - np.where(known, values, 0.0), 0.0)
        self._squares += (away**2).sum(axis=0)
        self._freedom += np.maximum(count - 1, 0)
        variance, freedom = self._scatter()
        own = variance / np.maximum(count, 1)
        changes = values - self._first
        before = variance / np.maximum(self._count, 1)
        uncertain = np.sqrt(own + before + 2 * shared**2)
        compared = np.isfinite(changes)
        with np.errstate(invalid="ignore", divide="ignore"):
            sigmas = np.abs(changes) / uncertain
        departed = np.zeros(known.shape, dtype=np.bool_)
        if compared.any():
            far = _quantile(self._chance / int(compared.sum()), freedom)
            beyond = np.abs(np.where(compared, changes, 0.0))
            departed = compared & (beyond > far * uncertain) & (beyond > self._passes)
        new = known & np.isnan(self._first)
        self._first = np.where(new, values, self._first)
        self._count = np.where(new, count, self._count)
        return Look(values, np.where(known, np.sqrt(own + shared**2), np.nan), changes, sigmas, departed)

    def restart(self) -> None:
        """Compare with the next look from then on; what is known of the scatter stays."""
        self._first = np.full(self._first.shape, np.nan)

    def compare_with(self, look: Look, count: int) -> None:
        """Compare with this look of so many repeats from now on."""
        known = np.isfinite(look.values)
        self._first = np.where(known, look.values, self._first)
        self._count = np.where(known, count, self._count)

    def state(self) -> dict[str, list[float]]:
        """What a watch that goes on needs: plain numbers."""
        arrays = (self._first, self._count, self._squares, self._freedom)
        return {name: list(map(float, array)) for name, array in zip(_STATE, arrays, strict=True)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was."""
        self._first, self._count, self._squares, self._freedom = (
            np.array(state[name], dtype=np.float64) for name in _STATE
        )

    def _scatter(self) -> tuple[FloatArray, FloatArray]:
        """Variance of one reading and its degrees of freedom, each of shape (Q,)."""
        kinds = int(self._kinds.max()) + 1
        squares = np.bincount(self._kinds, self._squares, kinds)[self._kinds]
        freedom = np.maximum(np.bincount(self._kinds, self._freedom, kinds)[self._kinds], 1)
        own = self._squares / np.maximum(self._freedom, 1)
        return np.maximum(squares / freedom, own), freedom


_STATE = ("first", "count", "squares", "freedom")


def _quantile(chance: float, freedom: FloatArray) -> FloatArray:
    """What |t| exceeds with this chance, shape of `freedom`."""
    from scipy.stats import t

    return np.asarray(t.isf(chance / 2, freedom), dtype=np.float64)
