"""Codes packed least significant bit first, and bitmaps."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labrig.arrays import IntArray
from labrig.errors import FrameError


def packed_size(count: int, bits: int) -> int:
    """Bytes that `count` codes of `bits` bits take."""
    return (count * bits + 7) // 8


def pack(codes: NDArray[np.integer[Any]], bits: int) -> bytes:
    """Codes one after the other, least significant bit first; the last byte is filled with zeros.

    Parameters
    ----------
    codes
        Shape (n,), each within 0 … 2**bits - 1.
    bits
        1 … 32.

    Raises
    ------
    ValueError
        A code does not fit into `bits` bits.
    """
    if codes.size == 0:
        return b""
    if int(codes.min()) < 0 or int(codes.max()) >> bits:
        msg = f"codes {int(codes.min())} … {int(codes.max())} do not fit into {bits} bits"
        raise ValueError(msg)
    width = _width(bits)
    words = codes.astype(f"<u{width // 8}")
    if bits == width:
        return words.tobytes()
    table = np.unpackbits(words.view(np.uint8), bitorder="little").reshape(-1, width)
    return np.packbits(table[:, :bits], bitorder="little").tobytes()


def unpack(data: bytes, count: int, bits: int) -> IntArray:
    """Undo `pack`: `count` codes, shape (count,).

    Raises
    ------
    FrameError
        `data` is not `packed_size(count, bits)` bytes long.
    """
    if len(data) != packed_size(count, bits):
        msg = f"{count} codes of {bits} bits take {packed_size(count, bits)} bytes; {len(data)} came"
        raise FrameError(msg)
    width = _width(bits)
    raw = np.frombuffer(data, np.uint8)
    if bits == width:
        return raw.view(f"<u{width // 8}").astype(np.int64)
    table = np.zeros((count, width), np.uint8)
    table[:, :bits] = np.unpackbits(raw, count=count * bits, bitorder="little").reshape(count, bits)
    return np.packbits(table, bitorder="little").view(f"<u{width // 8}").astype(np.int64)


def _width(bits: int) -> int:
    return 8 if bits <= 8 else 16 if bits <= 16 else 32


def bitmap(items: Iterable[int], count: int) -> bytes:
    """Bit k of byte n is item 8 n + k; `count` bits, filled up to a byte."""
    value = 0
    for item in items:
        value |= 1 << item
    return value.to_bytes((count + 7) // 8, "little")


def bitmap_items(data: bytes, count: int) -> IntArray:
    """Numbers of the set bits, ascending.

    Raises
    ------
    FrameError
        The length is wrong, or a bit at or above `count` is set.
    """
    items = np.flatnonzero(np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little"))
    if len(data) != (count + 7) // 8 or (items.size and items[-1] >= count):
        msg = f"{data.hex(' ')} is no bitmap of {count} bits"
        raise FrameError(msg)
    return items.astype(np.int64)
