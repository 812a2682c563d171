"""The digest of all codes, by which one round trip verifies a whole board."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from labrig.arrays import CodeArray
from labrig.wire.definition import DIGEST_MULTIPLIER


def image_digest(codes: CodeArray) -> int:
    """Digest of codes in the order of the branches: d = d * multiplier + code modulo 2**32, from d = 0.

    Parameters
    ----------
    codes
        Shape (B,), each within 0 … 65535.
    """
    weighed = codes.astype(np.uint32) * _weights(len(codes))
    return int(weighed.sum(dtype=np.uint32))


@lru_cache(maxsize=8)
def _weights(count: int) -> NDArray[np.uint32]:
    """How much each of so many codes counts, the last one 1."""
    factors = np.full(count, DIGEST_MULTIPLIER, dtype=np.uint32)
    factors[:1] = 1
    return np.multiply.accumulate(factors)[::-1]
