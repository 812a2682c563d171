"""Arrays as bytes: whole, or only the entries that changed since the frame before.

A frame starts with one byte. 0: all entries follow. 1: the indices of the changed entries (uint16, or uint32
for more than 65536 entries), then their values. Everything is little-endian; which entries changed is decided
by their bits, so NaN and −0 survive.
"""

from typing import Any

import numpy as np

from labrig.store.columns import AnyArray

FULL = b"\x00"
SPARSE = b"\x01"


def encode(array: AnyArray, previous: AnyArray | None) -> bytes:
    """Encode in the shorter of the two forms; without `previous`, as a full frame."""
    if previous is not None:
        changed = np.flatnonzero(_bits(array) != _bits(previous))
        index = changed.astype(_index_dtype(array.size))
        if index.nbytes + changed.size * array.itemsize < array.nbytes:
            return SPARSE + index.tobytes() + array.reshape(-1)[changed].tobytes()
    return FULL + array.tobytes()


def is_full(frame: bytes) -> bool:
    """Whether a frame can be decoded without the one before."""
    return frame[:1] == FULL


def decode(frame: bytes, onto: AnyArray) -> None:
    """Turn `onto`, which holds the frame before, into this frame."""
    flat = onto.reshape(-1)
    if is_full(frame):
        flat[:] = np.frombuffer(frame, onto.dtype, offset=1)
        return
    index_dtype = _index_dtype(onto.size)
    count = (len(frame) - 1) // (index_dtype.itemsize + onto.itemsize)
    index = np.frombuffer(frame, index_dtype, count, offset=1)
    flat[index] = np.frombuffer(frame, onto.dtype, count, offset=1 + index.nbytes)


def _bits(array: AnyArray) -> AnyArray:
    return array.reshape(-1).view(f"<u{array.itemsize}")


def _index_dtype(size: int) -> np.dtype[Any]:
    return np.dtype("<u2" if size <= 65536 else "<u4")
