"""Which WRITE and WRITE_SPARSE frames bring a board's codes from one image to the next, in few bytes."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from labrig.arrays import BoolArray, CodeArray
from labrig.boards.pipeline import Command
from labrig.wire.definition import Message, WriteRequest, WriteSparseRequest
from labrig.wire.framing import OVERHEAD
from labrig.wire.messages import encode
from labrig.wire.packing import pack_runs, packed_size

_HEAD = WriteRequest.layout.size
_SPARSE_HEAD = WriteSparseRequest.layout.size
_MOST_BRANCHES = 255
"""Of a WRITE; a WRITE_SPARSE takes as many as its bitmap has room for."""


class _Span(NamedTuple):
    """Branches of one frame."""

    start: int
    length: int
    written: int
    """How many of them it carries codes for: all, or those that change."""
    size: int
    """Bytes of its payload."""


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
    whole = _whole(len(new), bits, payload)
    if old is None:
        return _commands(whole, new, np.ones(len(new), np.bool_), bits), len(new)
    changes = old != new
    changed = np.flatnonzero(changes)
    if len(changed) * (bits + 1) < len(new) * bits:
        spans = list(_spans(changed.tolist(), bits, payload))
        if _cost(spans) < _cost(whole):
            return _commands(spans, new, changes, bits), sum(span.written for span in spans)
    return _commands(whole, new, changes, bits), len(new)


def _cost(spans: Sequence[_Span]) -> int:
    """Bytes on the wire."""
    return sum(span.size + OVERHEAD for span in spans)


@cache
def _whole(branches: int, bits: int, payload: int) -> tuple[_Span, ...]:
    """All branches, changed or not."""
    most = min(_MOST_BRANCHES, (payload - _HEAD) * 8 // bits) // 8 * 8  # which leaves no bit unused
    starts = [*range(0, branches, most)]
    if len(starts) > 1:
        # The board writes a frame while the next arrives: it is done the sooner, the shorter the last one is.
        starts = starts[:-1] if branches - starts[-1] <= most // 2 else starts
        starts.append(starts[-1] + (branches - starts[-1]) * 3 // 5)
    runs = [(start, end - start) for start, end in pairwise([*starts, branches])]
    return tuple(_Span(start, count, count, _HEAD + packed_size(count, bits)) for start, count in runs)


def _spans(changed: list[int], bits: int, payload: int) -> Iterator[_Span]:
    """Cut the changed branches into runs of which each fits into one frame, the longest first.

    Of each run either the changed codes are written, behind a bitmap, or all, whichever is shorter.
    """
    at = 0
    while at < len(changed):
        start = changed[at]

        def sparse_size(end: int, start: int = start, at: int = at) -> int:
            return _SPARSE_HEAD + packed_size(changed[end - 1] - start + 1, 1) + packed_size(end - at, bits)

        end = at + bisect_right(range(at + 1, len(changed) + 1), payload, key=sparse_size)
        count = changed[end - 1] - start + 1
        sparse, dense = sparse_size(end), _HEAD + packed_size(count, bits)
        whole = dense <= sparse and count <= _MOST_BRANCHES
        yield _Span(start, count, count, dense) if whole else _Span(start, count, end - at, sparse)
        at = end


def _commands(spans: Sequence[_Span], new: CodeArray, changes: BoolArray, bits: int) -> list[Command]:
    """One frame for each span."""
    codes: list[CodeArray] = []
    for span in spans:
        run = slice(span.start, span.start + span.length)
        codes.append(new[run] if span.written == span.length else new[run][changes[run]])
    return [
        _write(span, packed) if span.written == span.length else _write_sparse(span, changes, packed)
        for span, packed in zip(spans, pack_runs(codes, bits), strict=True)
    ]


def _write(span: _Span, codes: bytes) -> Command:
    return Command(Message.WRITE, encode(WriteRequest(span.start, span.length, codes)))


def _write_sparse(span: _Span, changes: BoolArray, codes: bytes) -> Command:
    places = np.packbits(changes[span.start : span.start + span.length], bitorder="little").tobytes()
    return Command(Message.WRITE_SPARSE, encode(WriteSparseRequest(span.start, span.length, places + codes)))
