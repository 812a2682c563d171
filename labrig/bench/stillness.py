"""Readings that stand still while their lines are moved: the converter is stuck, or the driver dead."""

from collections.abc import Sequence

import numpy as np

from labrig.arrays import BoolArray, FloatArray, Volts
from labrig.circuit.boundary import Boundary
from labrig.circuit.remembered import Remembered

_MOVED = 0.01
"""Of the span: a line whose driver moves this far does not give the very same code again."""


class Stillness:
    """Notices nodes of which the readings of one exchange cannot be true.

    A line that is driven in one state and released in another is where it floats in the latter: a reading
    that is the same in both means that the driver moved nothing. Nothing is told of lines that are never
    driven, or always to one level.

    Parameters
    ----------
    nodes
        How many there are.
    span
        Of the converter.
    """

    def __init__(self, nodes: int, span: Volts) -> None:
        self._least = _MOVED * span
        self._nodes = nodes
        self._asked = Remembered[Boundary, FloatArray](self._levels)

    def __call__(self, boundaries: Sequence[Boundary], volts: FloatArray) -> BoolArray:
        """Nodes to be distrusted, shape (N,), for readings of shape (M, N), V."""
        still = np.all(volts == volts[:1], axis=0)
        asked = self._asked(boundaries)
        levels = np.where(np.isnan(asked), volts, asked)
        return np.asarray(still & (np.ptp(levels, axis=0) > self._least))

    def _levels(self, boundaries: Sequence[Boundary]) -> FloatArray:
        """What the drivers were told, shape (M, N), V; NaN where a line was released."""
        levels = np.full((len(boundaries), self._nodes), np.nan)
        for row, boundary in enumerate(boundaries):
            levels[row, list(boundary.voltages)] = list(boundary.voltages.values())
        return levels
