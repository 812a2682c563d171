"""MEASURE: check the whole request, then impose, settle and scan its boundaries in order.

A simulated circuit has settled at once: settling times are checked, and not waited for.
"""

from collections.abc import Iterator
from itertools import chain

from labrig.arrays import IntArray
from labrig.sim.serving.answers import Answer, require
from labrig.sim.serving.device import Device, Drives, Reference
from labrig.wire.boundaries import Toward, WireBoundary, decode_boundaries
from labrig.wire.definition import MAX_PAYLOAD, PER_10US, PER_MS, PER_UV, MeasureRequest, Status
from labrig.wire.messages import decode
from labrig.wire.nudging import nudge_scale, toward_code
from labrig.wire.packing import pack, packed_size


def measure(device: Device, payload: bytes) -> Answer:
    """Carry a request out as a whole, or not at all."""
    request = decode(MeasureRequest, payload)
    _check_head(device, request)
    boundaries = list(_checked(device, request))
    bits = device.adc.bits + (request.averages - 1).bit_length()
    size = packed_size(request.scan_count, bits) * max(1, len(boundaries))
    require(size <= MAX_PAYLOAD, Status.LENGTH)
    states = (
        [settle(device, boundary, request.averages) for boundary in boundaries]
        if boundaries
        else [device.scan(request.averages)]
    )
    channels = slice(request.scan_start, request.scan_start + request.scan_count)
    return Answer(b"".join(pack(sums[channels], bits) for sums in states))


def _check_head(device: Device, request: MeasureRequest) -> None:
    settling = request.settle * max(1, request.boundaries)
    possible = (
        1 <= request.averages <= device.info.max_averages
        and request.scan_start + request.scan_count <= device.channels
        and (not device.armed or settling * PER_MS < device.heartbeat_ms * PER_10US)
    )
    require(possible, Status.RANGE)


def _checked(device: Device, request: MeasureRequest) -> Iterator[WireBoundary]:
    """Boundaries of the request; the first fault in the order of its bytes is the one that is told."""
    inputs_known = device.inputs_known
    reference_known = device.reference is not None
    for boundary in decode_boundaries(request.body, request.boundaries, device.shape, device.abilities):
        outputs = named_outputs(boundary)
        require(len(set(outputs)) == len(outputs), Status.RANGE)
        require(device.armed or not (boundary.inputs or outputs), Status.NOT_ARMED)
        inputs_known = inputs_known or boundary.inputs is not None
        require(inputs_known and (boundary.toward is None or reference_known), Status.RANGE)
        reference_known = reference_known or boundary.store
        yield boundary


def named_outputs(boundary: WireBoundary) -> list[int]:
    """Outputs that a boundary names, as often as it does."""
    nudges = [nudge.targets for nudge in (boundary.toward, boundary.through) if nudge is not None]
    return [*boundary.clamps, *chain.from_iterable(nudges), *boundary.inject]


def settle(device: Device, boundary: WireBoundary, averages: int) -> IntArray:
    """Impose a boundary and scan its state: sums of all channels, shape (C,)."""
    device.drives = _drives(device, boundary)
    device.inputs_known = True
    device.states += 1
    sums = device.scan(averages)
    if boundary.store:
        device.reference = Reference(sums, averages)
    return sums


def _drives(device: Device, boundary: WireBoundary) -> Drives:
    first, through = device.info.inputs, boundary.through
    inputs = boundary.inputs
    if inputs is None:
        inputs = {line: code for line, code in device.drives.levels.items() if line < first}
    clamps = {**boundary.clamps, **_pulled(device, boundary.toward)}
    return Drives(
        levels={**inputs, **{first + output: code for output, code in clamps.items()}},
        through={first + k: (code, through.conductance) for k, code in through.targets.items()}
        if through
        else {},
        currents={first + output: current for output, current in boundary.inject.items()},
    )


def _pulled(device: Device, toward: Toward | None) -> dict[int, int]:
    """DAC codes of outputs that are nudged toward their targets."""
    reference, adc, dac = device.reference, device.adc, device.dac
    if toward is None or reference is None:
        return {}
    scale = nudge_scale(adc.bits, round(adc.span * PER_UV), dac.bits, round(dac.span * PER_UV))
    sums = reference.sums[device.info.inputs :]
    return {
        output: toward_code(int(sums[output]), reference.averages, scale, toward.fraction, target, dac.bits)
        for output, target in toward.targets.items()
    }
