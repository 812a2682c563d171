"""A board's latents in integers: the codes that follow from them, as PROTOCOL.md's "Learning" has it."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import CodeArray, IntArray
from labrig.wire.packing import pack, unpack

LATENT_BITS = 24
LATENT_TOP = 2**LATENT_BITS - 1
MOST_CODE = 255
"""Highest code that a board keeps beside a latent."""
MOST_RATE = 255
SHIFTS = (8, 16, 24, 32)


@dataclass(frozen=True, slots=True)
class LearnTerms:
    """How latents move and what codes they mean; every number as a LEARN carries it."""

    rate: int
    shift: int
    """A latent moves by ``rate / 2**shift`` times the difference of the squares of 16-bit readings."""
    law: int
    offset: int
    """The latent of code c is ``2 law / (c + offset / 128)``."""
    lowest: int
    highest: int
    """Codes that may be written, both included."""
    floor: int
    ceiling: int
    """Latents that a step may end at, both included."""

    def codes(self, latents: CodeArray) -> CodeArray:
        """The code of each latent, (W,) to (W,)."""
        thresholds = self._thresholds()[::-1]  # of the codes highest - 1 … lowest: ascending
        reached = np.searchsorted(thresholds, latents, side="right")
        return np.asarray(self.highest - reached, dtype=np.int64)

    def _thresholds(self) -> IntArray:
        """Least latent of each code but the highest."""
        middle = 128 * np.arange(self.lowest, self.highest, dtype=np.int64) + self.offset + 64
        less = (2 * 2**12 + middle) // (2 * middle)
        weights = np.where(middle <= 2**13, middle - less, middle)
        # Nothing reaches a code of weight 0, whose conductance would be infinite.
        least = -(-256 * self.law // np.maximum(weights, 1))
        return np.asarray(np.where(weights > 0, least, 2**62), dtype=np.int64)


def pack_latents(latents: CodeArray) -> bytes:
    """Three bytes each, the lowest first."""
    return pack(latents, LATENT_BITS)


def unpack_latents(data: bytes) -> CodeArray:
    """What `pack_latents` packed."""
    return np.asarray(unpack(data, len(data) * 8 // LATENT_BITS, LATENT_BITS), dtype=np.int64)
