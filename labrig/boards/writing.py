"""Which WRITE and WRITE_SPARSE frames bring a board's codes from one image to the next, in few bytes."""

from collections.abc import Iterator

import numpy as np

from labrig.arrays import CodeArray, IntArray
from labrig.boards.pipeline import Command
from labrig.wire.definition import Message, WriteRequest, WriteSparseRequest
from labrig.wire.framing import OVERHEAD
from labrig.wire.messages import encode
from labrig.wire.packing import bitmap, pack, packed_size

_HEAD = WriteRequest.layout.size
_MOST_BRANCHES = 255


def plan_writes(old: CodeArray | None, new: CodeArray, bits: int, payload: int) -> tuple[list[Command], int]:
    """Frames that bring the codes from `old` to `new`, and how many codes they carry.

    Parameters
    ----------
    old
        Shape (B,): what the board is known to hold; None where that is unknown.
    new
        Shape (B,).
    bits
        Of a code on the wire.
    payload
        Bytes that a frame may carry.
    """
    everything = _write_all(new, bits, payload)
    if old is None:
        return everything, len(new)
    changed = np.flatnonzero(old != new)
    if len(changed) * (bits + 1) >= len(new) * bits:
        return everything, len(new)
    spans = [_write_span(new, span, bits) for span in _spans(changed, bits, payload)]
    if _size([command for command, _ in spans]) < _size(everything):
        return [command for command, _ in spans], sum(count for _, count in spans)
    return everything, len(new)


def _size(commands: list[Command]) -> int:
    return sum(len(command.payload) + OVERHEAD for command in commands)


def _write_all(new: CodeArray, bits: int, payload: int) -> list[Command]:
    most = min(_MOST_BRANCHES, (payload - _HEAD) * 8 // bits) // 8 * 8  # so that every frame starts on a byte
    packed = pack(new, bits)
    return [
        _write(start, min(most, len(new) - start), packed[start * bits // 8 : (start + most) * bits // 8])
        for start in range(0, len(new), most)
    ]


def _write(start: int, count: int, codes: bytes) -> Command:
    return Command(Message.WRITE, encode(WriteRequest(start, count, codes)))


def _write_span(new: CodeArray, changed: IntArray, bits: int) -> tuple[Command, int]:
    """One frame from the first to the last of `changed`, and its codes: the shorter of both kinds."""
    start, count = int(changed[0]), int(changed[-1] - changed[0]) + 1
    sparse_size = packed_size(count, 1) + packed_size(len(changed), bits)
    if packed_size(count, bits) <= sparse_size:
        return _write(start, count, pack(new[start : start + count], bits)), count
    places = bitmap((int(k) for k in changed - start), count)
    request = WriteSparseRequest(start, count, places + pack(new[changed], bits))
    return Command(Message.WRITE_SPARSE, encode(request)), len(changed)


def _spans(changed: IntArray, bits: int, payload: int) -> Iterator[IntArray]:
    """Cut the changed branches into runs of which each fits into one frame, the longest first."""
    at = 0
    while at < len(changed):
        counts = changed[at : at + _MOST_BRANCHES] - changed[at] + 1
        sizes = _HEAD + (counts + 7) // 8 + (np.arange(1, len(counts) + 1) * bits + 7) // 8
        fitting = int(np.count_nonzero((counts <= _MOST_BRANCHES) & (sizes <= payload)))
        yield changed[at : at + fitting]
        at += fitting
