"""LEARN, LATENT_WRITE and LATENT_READ, as PROTOCOL.md's "Learning" has them.

Nothing else is heard meanwhile: a LEARN ends with the step in which half the heartbeat has passed.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from labrig.arrays import CodeArray, IntArray
from labrig.sim.serving.answers import Answer, require
from labrig.sim.serving.device import Device
from labrig.sim.serving.measuring import named_outputs, settle
from labrig.sim.serving.wipers import digest_of
from labrig.wire.boundaries import WireBoundary, decode_boundaries
from labrig.wire.definition import (
    MAX_PAYLOAD,
    PER_10US,
    PER_MS,
    LatentReadRequest,
    LatentWriteRequest,
    LearnReply,
    LearnRequest,
    Status,
)
from labrig.wire.messages import decode, encode
from labrig.wire.packing import pack, unpack

_BITS = 24
_TOP = 2**_BITS - 1
_BYTE = 255
_READING_BITS = 16


def latent_write(device: Device, payload: bytes) -> Answer:
    """Latents of consecutive branches."""
    head = decode(LatentWriteRequest, payload)
    end = _end(device, head.start, head.count)
    require(len(head.latents) * 8 == _BITS * head.count, Status.LENGTH)
    fit = device.loaded > 0 or device.codes.max() <= _BYTE
    require(head.start <= device.loaded and fit, Status.RANGE)
    device.latents[head.start : end] = unpack(head.latents, head.count, _BITS)
    device.loaded = max(device.loaded, end)
    return Answer()


def latent_read(device: Device, payload: bytes) -> Answer:
    """Tell some latents."""
    head = decode(LatentReadRequest, payload)
    end = _end(device, head.start, head.count)
    require(_BITS * head.count <= 8 * MAX_PAYLOAD, Status.LENGTH)
    require(end <= device.loaded, Status.RANGE)
    return Answer(pack(device.latents[head.start : end], _BITS))


def _end(device: Device, start: int, count: int) -> int:
    require(device.info.learns, Status.UNKNOWN)
    require(start + count <= device.info.branches, Status.RANGE)
    return start + count


def learn(device: Device, payload: bytes) -> Answer:
    """Take steps until all are done, or half the heartbeat has passed."""
    require(device.info.learns, Status.UNKNOWN)
    request = decode(LearnRequest, payload)
    require(device.armed, Status.NOT_ARMED)
    require(_possible(device, request), Status.RANGE)
    device.reference = None
    boundaries = list(_checked(device, request))
    end = device.now + device.heartbeat_ms / PER_MS / 2
    steps, unused = 0, 0
    at_floor = at_ceiling = 0
    while steps < request.steps and (steps == 0 or device.now < end):
        unused += _move(device, request, boundaries)
        codes = _codes(request, device.latents)
        below = (codes == request.highest) & (device.latents < request.floor)
        device.latents = np.where(below, request.floor, device.latents)
        above = (codes == request.lowest) & (device.latents > request.ceiling)
        device.latents = np.where(above, request.ceiling, device.latents)
        at_floor, at_ceiling = int(np.count_nonzero(below)), int(np.count_nonzero(above))
        device.learnt(codes)
        steps += 1
    device.reference = None
    reply = LearnReply(digest_of(device), device.boot_count, steps, at_floor, at_ceiling, unused)
    return Answer(encode(reply))


def _possible(device: Device, request: LearnRequest) -> bool:
    legal = device.legal
    return (
        device.loaded == device.info.branches
        and 1 <= request.averages <= device.info.max_averages
        and request.steps > 0
        and request.rate < 2**7
        and request.shift in {8, 16}
        and request.law <= _TOP
        and request.offset < 2**15
        and legal.minimum <= request.lowest <= request.highest <= legal.maximum
        and request.floor <= request.ceiling <= _TOP
        and request.boundaries > 0
        and request.boundaries % 2 == 0
        and request.settle * request.boundaries * PER_MS < device.heartbeat_ms * PER_10US
    )


def _checked(device: Device, request: LearnRequest) -> Iterator[WireBoundary]:
    inputs_known = device.inputs_known
    reference_known = False
    are_sums = device.adc.bits + (request.averages - 1).bit_length() == _READING_BITS
    for boundary in decode_boundaries(request.body, request.boundaries, device.shape, device.abilities):
        outputs = named_outputs(boundary)
        require(len(set(outputs)) == len(outputs), Status.RANGE)
        inputs_known = inputs_known or boundary.inputs is not None
        require(inputs_known and (are_sums or not boundary.store), Status.RANGE)
        require(boundary.toward is None or reference_known, Status.RANGE)
        reference_known = reference_known or boundary.store
        yield boundary


def _move(device: Device, request: LearnRequest, boundaries: Sequence[WireBoundary]) -> int:
    """Move the latents by every sample; how many were not used."""
    unused = 0
    for free, clamped in zip(boundaries[::2], boundaries[1::2], strict=True):
        readings: list[IntArray] = []
        usable = True
        for boundary in (free, clamped):
            sums = settle(device, boundary, request.averages)[: device.info.lines]
            highest = np.array([request.averages * (2**device.adc.bits - 1)])
            scaled, top = (_readings(device, some, request.averages) for some in (sums, highest))
            ends = {0, int(top[0])}
            usable = usable and not any(int(scaled[line]) in ends for line in _floating(device))
            readings.append(scaled)
        if not usable:
            unused += 1
            continue
        pulls = _over_branches(device, _within_16_bits(readings[0] - readings[1]))
        levels = _over_branches(device, (readings[0] + readings[1]) // 2 * request.rate // 2**8)
        change = (_within_16_bits(pulls) * levels + (1 << request.shift >> 1)) >> request.shift
        device.latents = np.clip(device.latents + change, 0, _TOP)
    return unused


def _floating(device: Device) -> Iterator[int]:
    drives = device.drives
    driven = {*drives.levels, *drives.through, *drives.currents}
    return (line for line in range(device.info.lines) if line not in driven)


def _readings(device: Device, sums: IntArray, averages: int) -> IntArray:
    """Bring sums of conversions to 16 bits."""
    bits = device.adc.bits + (averages - 1).bit_length()
    return sums << 16 - bits if bits <= 16 else (sums + (1 << bits - 17)) >> bits - 16


def _within_16_bits(values: IntArray) -> IntArray:
    """Signed, (N,) to (N,)."""
    return np.clip(values, -(2**15), 2**15 - 1)


def _over_branches(device: Device, values: IntArray) -> IntArray:
    """Output less input of each branch, (N,) to (B,)."""
    inputs = device.info.inputs
    differences: IntArray = np.subtract.outer(values[inputs:], values[:inputs]).T.ravel()
    return differences


def _codes(request: LearnRequest, latents: CodeArray) -> CodeArray:
    """The least code that each latent reaches."""
    codes = np.arange(request.lowest, request.highest + 1)
    reached = latents[:, None] * (128 * codes + request.offset + 64) >= 2**16 * request.law
    reached[:, -1] = True
    found: CodeArray = codes[reached.argmax(axis=1)]
    return found
