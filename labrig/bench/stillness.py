"""Readings that stand still while their lines are moved: the converter is stuck, or the driver dead."""

from collections.abc import Sequence

import numpy as np

from labrig.arrays import BoolArray, FloatArray, Volts
from labrig.circuit.boundary import Boundary

_MOVED = 0.01
"""Of the span: a line whose driver moves this far does not give the very same code again."""


def standing_still(boundaries: Sequence[Boundary], volts: FloatArray, span: Volts) -> BoolArray:
    """Nodes of which the readings of one exchange cannot be true, shape (N,).

    A line that is driven in one state and released in another is where it floats in the latter: a reading
    that is the same in both means that the driver moved nothing. Nothing is told of lines that are never
    driven, or always to one level.

    Parameters
    ----------
    boundaries
        M, on nodes.
    volts
        As read, shape (M, N), V.
    span
        Of the converter.
    """
    still = np.asarray(np.all(volts == volts[:1], axis=0))
    for node in np.flatnonzero(still).tolist():
        asked = [boundary.voltages.get(node) for boundary in boundaries]
        levels = [float(volts[0, node]) if level is None else level for level in asked]
        still[node] = max(levels) - min(levels) > _MOVED * span
    return still
