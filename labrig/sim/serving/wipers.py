"""WRITE, WRITE_SPARSE, APPLY, DIGEST and READ."""

import numpy as np

from labrig.arrays import IntArray
from labrig.sim.serving.answers import Answer, require
from labrig.sim.serving.device import Device
from labrig.wire.definition import (
    MAX_PAYLOAD,
    ApplyReply,
    ApplyRequest,
    DigestReply,
    ReadRequest,
    Status,
    WriteRequest,
    WriteSparseRequest,
)
from labrig.wire.messages import decode, encode
from labrig.wire.packing import pack, packed_size, unpack


def write(device: Device, payload: bytes) -> Answer:
    """Codes of consecutive branches."""
    request = decode(WriteRequest, payload)
    _check_span(device, request.start, request.count)
    codes = unpack(request.codes, request.count, device.legal.bits)
    _write(device, request.start + np.arange(request.count), codes)
    return Answer()


def write_sparse(device: Device, payload: bytes) -> Answer:
    """Codes of the branches whose bits are set."""
    request = decode(WriteSparseRequest, payload)
    _check_span(device, request.start, request.count)
    size = packed_size(request.count, 1)
    bits, packed = request.changed_and_codes[:size], request.changed_and_codes[size:]
    require(len(bits) == size, Status.LENGTH)
    changed = np.flatnonzero(
        np.unpackbits(np.frombuffer(bits, np.uint8), count=request.count, bitorder="little")
    )
    _write(device, request.start + changed, unpack(packed, len(changed), device.legal.bits))
    return Answer()


def apply(device: Device, payload: bytes) -> Answer:
    """Confirm the digest of all codes."""
    wanted = decode(ApplyRequest, payload).digest
    found = device.board.digest()
    status = Status.OK if found == wanted else Status.READ_BACK
    return Answer(encode(ApplyReply(found, device.boot_count)), status)


def digest(device: Device, payload: bytes) -> Answer:
    """CRC-32 of all codes."""
    require(not payload, Status.LENGTH)
    return Answer(encode(DigestReply(device.board.digest(), device.boot_count)))


def read(device: Device, payload: bytes) -> Answer:
    """What the chips hold."""
    request = decode(ReadRequest, payload)
    _check_span(device, request.start, request.count)
    require(packed_size(request.count, device.legal.bits) <= MAX_PAYLOAD, Status.LENGTH)
    codes = device.codes()[request.start : request.start + request.count]
    return Answer(pack(codes, device.legal.bits))


def _check_span(device: Device, start: int, count: int) -> None:
    require(start + count <= device.info.branches, Status.RANGE)


def _write(device: Device, branches: IntArray, codes: IntArray) -> None:
    legal = device.legal
    require(bool(((codes >= legal.minimum) & (codes <= legal.maximum)).all()), Status.RANGE)
    if len(branches):
        image = device.codes()
        image[branches] = codes
        device.write(image, len(branches))
