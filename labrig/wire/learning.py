"""A board's latents in integers: the codes that follow from them, as PROTOCOL.md's "Learning" has it."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import CodeArray, IntArray
from labrig.wire.packing import pack, unpack

LATENT_BITS = 24
LATENT_TOP = 2**LATENT_BITS - 1
MOST_CODE = 255
"""Highest code that a board keeps beside a latent."""
MOST_RATE = 127
SHIFTS = (8, 16)


@dataclass(frozen=True, slots=True)
class LearnTerms:
    """How latents move and what codes they mean; every number as a LEARN carries it."""

    rate: int
    shift: int
    """A latent moves by ``rate / 2**(9 + shift)`` times the difference of the squares of 16-bit readings."""
    law: int
    offset: int
    """The latent of code c is ``2**9 law / (c + offset / 128)``."""
    lowest: int
    highest: int
    """Codes that may be written, both included."""
    floor: int
    ceiling: int
    """The least latent of the highest code and the greatest of the lowest that a step may end at."""

    def codes(self, latents: CodeArray) -> CodeArray:
        """The code of each latent, (W,) to (W,)."""
        thresholds = self._thresholds()[::-1]  # of the codes highest - 1 … lowest: ascending
        reached = np.searchsorted(thresholds, latents, side="right")
        return np.asarray(self.highest - reached, dtype=np.int64)

    def _thresholds(self) -> IntArray:
        """Least latent of each code but the highest."""
        weights = 128 * np.arange(self.lowest, self.highest, dtype=np.int64) + self.offset + 64
        return np.asarray(-(-(2**16) * self.law // weights), dtype=np.int64)


def pack_latents(latents: CodeArray) -> bytes:
    """Three bytes each, the lowest first."""
    return pack(latents, LATENT_BITS)


def unpack_latents(data: bytes) -> CodeArray:
    """What `pack_latents` packed."""
    return np.asarray(unpack(data, len(data) * 8 // LATENT_BITS, LATENT_BITS), dtype=np.int64)
