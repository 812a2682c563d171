"""Which levels an instrument's own staircase can make."""

from enum import Enum

import numpy as np

from labrig.arrays import FloatArray

_SAME = 1e-6


class Spacing(Enum):
    """Of the levels of a sweep."""

    LINEAR = "linear"
    LOGARITHMIC = "logarithmic"
    NEITHER = "neither"


def spacing(levels: FloatArray) -> Spacing:
    """How levels are spaced, to a millionth of the largest; fewer than two are no staircase."""
    if levels.size < 2 or levels[0] == levels[-1]:
        return Spacing.NEITHER
    first, last = float(levels[0]), float(levels[-1])
    scale = float(np.max(np.abs(levels)))
    even: FloatArray = np.linspace(first, last, levels.size)
    if np.allclose(levels, even, rtol=0, atol=_SAME * scale):
        return Spacing.LINEAR
    if first * last > 0:
        steady: FloatArray = np.copysign(np.geomspace(abs(first), abs(last), levels.size), first)
        if np.allclose(levels, steady, rtol=_SAME, atol=0):
            return Spacing.LOGARITHMIC
    return Spacing.NEITHER
