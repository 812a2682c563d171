"""Volts to codes and back, as the converters of a simulated board do it.

On purpose without `Converter.lsb` and `Converter.volts`, by which the host scales: their mistakes would hide.
"""

import numpy as np

from labrig.arrays import CodeArray, FloatArray, Volts
from labrig.boards.base import Converter


def step(converter: Converter) -> Volts:
    """One code: span / (2**bits - 1)."""
    return converter.span / ((1 << converter.bits) - 1)


def to_codes(volts: FloatArray, converter: Converter) -> CodeArray:
    """Nearest codes, halves upward, kept within 0 … 2**bits - 1; of the shape of `volts`."""
    nearest = np.floor(volts / step(converter) + 0.5)
    return np.clip(nearest, 0, (1 << converter.bits) - 1).astype(np.int64)


def to_volts(codes: CodeArray | FloatArray, converter: Converter) -> FloatArray:
    """Voltage of each code, or mean of codes."""
    return np.asarray(codes * step(converter), dtype=np.float64)
