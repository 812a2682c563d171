"""Codes packed least significant bit first, and bitmaps."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
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


def pack_runs(runs: Sequence[NDArray[np.integer[Any]]], bits: int) -> list[bytes]:
    """`pack` several runs of codes, each beginning on a byte, in one pass.

    Raises
    ------
    ValueError
        A code does not fit into `bits` bits.
    """
    firsts = [0, *accumulate((len(run) + 7) // 8 * 8 for run in runs)]  # 8 codes end on a byte
    codes = np.zeros(firsts[-1], np.int64)
    for first, run in zip(firsts, runs, strict=False):
        codes[first : first + len(run)] = run
    data = pack(codes, bits)
    return [
        data[first * bits // 8 : first * bits // 8 + packed_size(len(run), bits)]
        for first, run in zip(firsts, runs, strict=False)
    ]


def unpack(data: bytes, count: int, bits: int) -> IntArray:
    """Undo `pack`: `count` codes, shape (count,).

    Raises
    ------
    FrameError
        `data` is not `packed_size(count, bits)` bytes long.
    """
    return unpack_rows(data, 1, count, bits).reshape(count)


def unpack_rows(data: bytes, rows: int, count: int, bits: int) -> IntArray:
    """Undo `pack` for rows that end on a byte each, shape (rows, count).

    Raises
    ------
    FrameError
        `data` is not ``rows * packed_size(count, bits)`` bytes long.
    """
    if len(data) != rows * packed_size(count, bits):
        msg = f"{rows} times {count} codes of {bits} bits take {rows * packed_size(count, bits)} bytes; "
        raise FrameError(msg + f"{len(data)} came")
    width = _width(bits)
    raw = np.frombuffer(data, np.uint8).reshape(rows, -1)
    if bits == width:
        return raw.view(f"<u{width // 8}").astype(np.int64)
    table = np.zeros((rows, count, width), np.uint8)
    unpacked = np.unpackbits(raw, axis=1, count=count * bits, bitorder="little")
    table[:, :, :bits] = unpacked.reshape(rows, count, bits)
    packed = np.packbits(table, bitorder="little")
    return packed.view(f"<u{width // 8}").reshape(rows, count).astype(np.int64)


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
