"""MEASURE: check the whole request, then impose, settle and scan its boundaries in order."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from labrig.arrays import FloatArray, IntArray, Volts
from labrig.boards.base import BoardReply, Converter
from labrig.circuit.boundary import Boundary, Nudge, ThroughConductance
from labrig.sim.pulls import clamp_voltage
from labrig.sim.serving.answers import Answer, Refused, require
from labrig.sim.serving.device import Device, Reference
from labrig.wire.boundaries import WireBoundary, decode_boundaries
from labrig.wire.definition import (
    MAX_PAYLOAD,
    PER_10US,
    PER_FRACTION,
    PER_MS,
    PER_NS,
    PER_PA,
    MeasureRequest,
    Status,
)
from labrig.wire.messages import decode
from labrig.wire.packing import pack, packed_size


def measure(device: Device, payload: bytes) -> Answer:
    """Carry a request out as a whole, or not at all."""
    request = decode(MeasureRequest, payload)
    _check_head(device, request)
    boundaries = decode_boundaries(request.body, request.boundaries, device.shape)
    _check_boundaries(device, boundaries)
    bits = device.adc.bits + (request.averages - 1).bit_length()
    size = packed_size(request.scan_count, bits) * max(1, len(boundaries))
    require(size <= MAX_PAYLOAD, Status.LENGTH)
    channels = slice(request.scan_start, request.scan_start + request.scan_count)
    sums = _carry_out(device, boundaries, request.averages, sources=channels.stop > device.info.lines)
    device.states += len(boundaries)
    return Answer(b"".join(pack(row[channels], bits) for row in sums))


def _check_head(device: Device, request: MeasureRequest) -> None:
    info = device.info
    channels = info.lines + info.inputs + info.outputs
    settling = request.settle * max(1, request.boundaries)
    possible = (
        1 <= request.averages <= info.max_averages
        and request.scan_start + request.scan_count <= channels
        and (not device.armed or settling * PER_MS < device.heartbeat_ms * PER_10US)
    )
    require(possible, Status.RANGE)


def _check_boundaries(device: Device, boundaries: Sequence[WireBoundary]) -> None:
    inputs_known = device.inputs_known
    reference_known = device.reference is not None
    for boundary in boundaries:
        _check_nudges(device, boundary)
        named = [boundary.inputs or {}, *_outputs(boundary)]
        require(device.armed or not any(named), Status.NOT_ARMED)
        inputs_known = inputs_known or boundary.inputs is not None
        require(inputs_known and (boundary.toward is None or reference_known), Status.RANGE)
        reference_known = reference_known or boundary.store


def _check_nudges(device: Device, boundary: WireBoundary) -> None:
    nudging = device.info.nudging
    if (boundary.toward and not nudging.toward_target) or (boundary.inject and not nudging.inject):
        raise Refused(Status.RANGE)
    if boundary.through is not None:
        low, high = nudging.through or (np.inf, -np.inf)
        require(low * PER_NS - 0.5 <= boundary.through.conductance <= high * PER_NS + 0.5, Status.RANGE)
    outputs = [line for lines in _outputs(boundary) for line in lines]
    require(len(set(outputs)) == len(outputs), Status.RANGE)


def _outputs(boundary: WireBoundary) -> list[Mapping[int, int]]:
    toward, through = boundary.toward, boundary.through
    return [
        boundary.clamps,
        toward.targets if toward else {},
        through.targets if through else {},
        boundary.inject,
    ]


def _carry_out(
    device: Device, boundaries: Sequence[WireBoundary], averages: int, *, sources: bool
) -> Iterator[IntArray]:
    """Sums of each state's conversions over all channels, shape (C,)."""
    if not boundaries:
        reply = device.exchange(device.board.imposed, averages=averages, sources=sources)
        yield from _sums(reply, device.adc, averages)
    for run in _runs(boundaries):
        reply = device.exchange(*_on_lines(device, run), averages=averages, sources=sources)
        device.inputs_known = True
        for boundary, volts in zip(run, reply.voltages, strict=True):
            if boundary.store:
                device.reference = Reference(volts, averages)
        yield from _sums(reply, device.adc, averages)


def _runs(boundaries: Sequence[WireBoundary]) -> Iterator[list[WireBoundary]]:
    """Boundaries that need no reading of each other: a nudge comes after the state that it starts from."""
    run: list[WireBoundary] = []
    for boundary in boundaries:
        if boundary.toward is not None and any(earlier.store for earlier in run):
            yield run
            run = []
        run.append(boundary)
    if run:
        yield run


def _sums(reply: BoardReply, adc: Converter, averages: int) -> IntArray:
    volts: FloatArray = np.hstack([reply.voltages, np.nan_to_num(reply.sources, nan=0.0)])
    return np.rint(volts * (averages / adc.lsb)).astype(np.int64)


def _on_lines(device: Device, run: Sequence[WireBoundary]) -> Iterator[Boundary]:
    first = device.info.inputs
    imposed = device.board.imposed.voltages
    inputs: Mapping[int, Volts] = {line: volts for line, volts in imposed.items() if line < first}
    for boundary in run:
        if boundary.inputs is not None:
            inputs = {line: code * device.dac.lsb for line, code in boundary.inputs.items()}
        outputs = {first + k: code * device.dac.lsb for k, code in boundary.clamps.items()}
        currents = {first + k: current / PER_PA for k, current in boundary.inject.items()}
        yield Boundary(
            {**inputs, **outputs, **_pulled(device, boundary)}, currents, _through(device, boundary)
        )


def _pulled(device: Device, boundary: WireBoundary) -> dict[int, Volts]:
    toward, reference, first = boundary.toward, device.reference, device.info.inputs
    if toward is None or reference is None:
        return {}
    return {
        first + k: clamp_voltage(
            float(reference.volts[first + k]),
            reference.averages,
            code * device.dac.lsb,
            toward.fraction / PER_FRACTION,
            device.info,
        )
        for k, code in toward.targets.items()
    }


def _through(device: Device, boundary: WireBoundary) -> dict[int, Nudge]:
    through = boundary.through
    if through is None:
        return {}
    siemens = through.conductance / PER_NS
    return {
        device.info.inputs + k: ThroughConductance(code * device.dac.lsb, siemens)
        for k, code in through.targets.items()
    }
