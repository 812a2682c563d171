"""WRITE, WRITE_SPARSE, APPLY, DIGEST and READ."""

import numpy as np

from labrig.arrays import IntArray
from labrig.errors import FrameError
from labrig.sim.serving.answers import Answer, Refused, require
from labrig.sim.serving.device import Device
from labrig.wire.definition import (
    MAX_PAYLOAD,
    ApplyReply,
    ApplyRequest,
    DigestReply,
    Status,
    WriteRequest,
    WriteSparseRequest,
)
from labrig.wire.digest import image_digest
from labrig.wire.messages import decode, encode
from labrig.wire.packing import bitmap_items, pack, packed_size, unpack


def write(device: Device, payload: bytes) -> Answer:
    """Codes of consecutive branches."""
    branches, packed = _span(device, payload)
    _write(device, branches, unpack(packed, len(branches), device.legal.bits))
    return Answer()


def write_sparse(device: Device, payload: bytes) -> Answer:
    """Codes of the branches whose bits are set."""
    head = decode(WriteSparseRequest, payload)
    branches, rest = _branches(device, head.start, head.count), head.changed_and_codes
    size = packed_size(len(branches), 1)
    require(len(rest) >= size, Status.LENGTH)
    changed = branches[_items(rest[:size], len(branches))]
    _write(device, changed, unpack(rest[size:], len(changed), device.legal.bits))
    return Answer()


def apply(device: Device, payload: bytes) -> Answer:
    """Confirm the digest of all codes."""
    wanted = decode(ApplyRequest, payload).digest
    found = digest_of(device)
    status = Status.OK if found == wanted else Status.READ_BACK
    return Answer(encode(ApplyReply(found, device.boot_count)), status)


def digest(device: Device, payload: bytes) -> Answer:
    """Digest of all codes."""
    require(not payload, Status.LENGTH)
    return Answer(encode(DigestReply(digest_of(device), device.boot_count)))


def read(device: Device, payload: bytes) -> Answer:
    """What the chips hold."""
    branches, rest = _span(device, payload)
    require(not rest and packed_size(len(branches), device.legal.bits) <= MAX_PAYLOAD, Status.LENGTH)
    return Answer(pack(device.told()[branches], device.legal.bits))


def _span(device: Device, payload: bytes) -> tuple[IntArray, bytes]:
    """The branches that a request names, and what follows them; WRITE and READ begin alike."""
    head = decode(WriteRequest, payload)
    return _branches(device, head.start, head.count), head.codes


def _branches(device: Device, start: int, count: int) -> IntArray:
    require(device.legal.bits > 0, Status.UNKNOWN)
    require(start + count <= device.info.branches, Status.RANGE)
    return np.arange(start, start + count)


def _items(bits: bytes, count: int) -> IntArray:
    try:
        return bitmap_items(bits, count)
    except FrameError:
        raise Refused(Status.RANGE) from None


def _write(device: Device, branches: IntArray, codes: IntArray) -> None:
    legal = device.legal
    require(bool(((codes >= legal.minimum) & (codes <= legal.maximum)).all()), Status.RANGE)
    device.write(branches, codes)


def digest_of(device: Device) -> int:
    """Digest of all codes."""
    return image_digest(device.codes)
