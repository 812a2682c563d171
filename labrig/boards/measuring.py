"""Which MEASURE frames impose and scan the boundaries of an exchange, and what their replies mean."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from labrig.arrays import FloatArray, Seconds
from labrig.boards.base import Converter
from labrig.boards.checking import nudged_from
from labrig.boards.pipeline import Command
from labrig.circuit.boundary import Boundary
from labrig.errors import FrameError
from labrig.wire.boundaries import Shape, WireBoundary, encode_boundary
from labrig.wire.definition import MAX_PAYLOAD, PER_10US, MeasureRequest, Message
from labrig.wire.messages import encode
from labrig.wire.packing import packed_size, unpack_rows

_HEAD = MeasureRequest.layout.size
_MOST_BOUNDARIES = 255


def sum_bits(adc: Converter, averages: int) -> int:
    """Bits of a sum of so many codes."""
    return adc.bits + (averages - 1).bit_length()


@dataclass(frozen=True, slots=True)
class Scan:
    """How each settled state is read."""

    channels: int
    averages: int
    settle: Seconds
    adc: Converter

    @property
    def bits(self) -> int:
        """Of a channel's sum of `averages` codes."""
        return sum_bits(self.adc, self.averages)

    @property
    def settle_units(self) -> int:
        """Settling time in units of the wire, rounded up."""
        return math.ceil(self.settle * PER_10US - 1e-6)

    @property
    def channels_in_a_reply(self) -> int:
        """Channels of one state whose sums fit into a reply."""
        return min(self.channels, MAX_PAYLOAD * 8 // self.bits)


@dataclass(frozen=True, slots=True)
class Measure:
    """One MEASURE frame, and where its readings belong."""

    command: Command
    states: tuple[int, ...]
    """Numbers of the boundaries that it scans, in the order of the request."""
    first: int
    count: int
    """Channels of each."""


def sending_order(boundaries: Sequence[Boundary]) -> list[tuple[int, bool]]:
    """Numbers of the boundaries as they are sent, and whether the state's readings are kept as a reference.

    A state from which others are nudged comes right before them, and the last boundary stays the last.
    """
    followed = nudged_from(boundaries)
    followers: dict[int, list[int]] = {}
    for number, reference in followed.items():
        followers.setdefault(reference, []).append(number)
    last = followed.get(len(boundaries) - 1, len(boundaries) - 1)
    heads = [k for k in range(len(boundaries)) if k not in followed and k != last]
    return [
        (number, number in followers)
        for head in ([*heads, last] if boundaries else [])
        for number in (head, *followers.get(head, ()))
    ]


def plan_measures(
    boundaries: Sequence[WireBoundary],
    order: Sequence[tuple[int, bool]],
    scan: Scan,
    shape: Shape,
    *,
    payload: int,
    longest: Seconds,
) -> list[Measure]:
    """Pack the boundaries into as few frames as requests and replies allow.

    Parameters
    ----------
    boundaries
        In the order of the request.
    order
        From `sending_order`.
    payload
        Bytes that a frame should carry; one boundary is sent whole even where it takes more.
    longest
        What the settling times of one frame may add up to.
    """
    block = packed_size(scan.channels, scan.bits)
    most = min(_MOST_BOUNDARIES, payload // block) if block <= payload else 1
    if scan.settle > 0:
        most = min(most, int(longest / scan.settle))
    most = max(1, most)
    frames: list[Measure] = []
    states: list[int] = []
    bodies: list[bytes] = []
    before: WireBoundary | None = None
    for number, stored in order:
        boundary = replace(boundaries[number], store=stored)
        body = without_repeated_inputs(boundary, before, shape)
        size = _HEAD + sum(map(len, bodies)) + len(body)
        if states and (len(states) == most or size > payload):
            frames += _frames(states, bodies, scan)
            states, bodies = [], []
        states.append(number)
        bodies.append(body)
        before = boundary
    return frames + (_frames(states, bodies, scan) if states else [])


def without_repeated_inputs(boundary: WireBoundary, before: WireBoundary | None, shape: Shape) -> bytes:
    """Encode a boundary; inputs as in the one before are left out."""
    if before is not None and before.inputs == boundary.inputs:
        boundary = replace(boundary, inputs=None)
    return encode_boundary(boundary, shape)


def _frames(states: list[int], bodies: list[bytes], scan: Scan) -> list[Measure]:
    """One frame; and where one state's scan takes several replies, rescans of the state that is imposed."""
    most = scan.channels_in_a_reply
    rescans = [
        _frame(tuple(states), b"", first, min(most, scan.channels - first), scan)
        for first in range(most, scan.channels, most)
    ]
    return [_frame(tuple(states), b"".join(bodies), 0, most, scan), *rescans]


def _frame(states: tuple[int, ...], body: bytes, first: int, count: int, scan: Scan) -> Measure:
    imposed = len(states) if body else 0
    settle = scan.settle_units if body else 0
    request = MeasureRequest(settle, scan.averages, first, count, imposed, body)
    command = Command(Message.MEASURE, encode(request), has_data=True, busy=imposed * scan.settle)
    return Measure(command, states, first, count)


def readings(frames: Sequence[tuple[Measure, bytes]], states: int, scan: Scan) -> FloatArray:
    """Mean ADC codes out of the replies, shape (states, channels).

    Raises
    ------
    FrameError
        A reply is not as long as what was scanned.
    """
    codes = np.full((states, scan.channels), np.nan)
    for (first, count), alike in groupby(frames, key=lambda frame: (frame[0].first, frame[0].count)):
        rows: list[int] = []
        packed = bytearray()
        for measure, data in alike:
            rows += measure.states
            packed += data
            if len(packed) != len(rows) * packed_size(count, scan.bits):
                msg = f"a scan of {len(measure.states)} times {count} channels came in {len(data)} bytes"
                raise FrameError(msg)
        sums = unpack_rows(bytes(packed), len(rows), count, scan.bits)
        codes[rows, first : first + count] = sums / scan.averages
    return codes
