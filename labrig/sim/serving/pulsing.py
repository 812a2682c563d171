"""PULSE and VERIFY, as PROTOCOL.md's "Pulses" and "Programming by pulses" have them.

A simulated pulse takes no time: widths are checked, and not waited for.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from labrig.arrays import Seconds
from labrig.sim.serving.answers import Answer, Refused, require
from labrig.sim.serving.device import Device, Drives
from labrig.wire.definition import (
    PER_10NS,
    PER_10US,
    PER_FRACTION,
    PER_MOHM,
    PER_MS,
    Outcome,
    PulseReply,
    PulseRequest,
    Status,
    VerifyReply,
    VerifyRequest,
)
from labrig.wire.messages import decode, encode
from labrig.wire.packing import unpack
from labrig.wire.pulsing import (
    MOST_BRANCHES,
    UNREAD,
    Seen,
    ToldBranches,
    WirePulses,
    WireRange,
    read_conductance,
)

_LONGEST: Seconds = 0.25
"""Of a VERIFY, but for the pulse and the read that are under way by then."""
_TARGET_BITS = 32


class _Branch(NamedTuple):
    """Where a branch stands; what is told of it."""

    conductance: int = 0
    pulses: int = 0
    reversals: int = 0
    outcome: Outcome = Outcome.UNTOUCHED
    amplitude: int = 0
    """Of the last pulse, mV; 0: none."""


def pulse(device: Device, payload: bytes) -> Answer:
    """Give pulses, all of them or none."""
    allowed = _range(device)
    request = decode(PulseRequest, payload)
    pulses = WirePulses.decode(request.pulses, request.count)
    require(device.armed, Status.NOT_ARMED)
    possible = (
        bool((pulses.branches < device.info.branches).all())
        and all(_amplitude_fits(amplitude, allowed) for amplitude in pulses.amplitudes.tolist())
        and all(allowed.shortest <= width <= allowed.longest for width in pulses.widths.tolist())
        and 2 * int(pulses.widths.sum()) * PER_MS < device.heartbeat_ms * PER_10NS
    )
    require(possible, Status.RANGE)
    _ground(device)
    for branch, amplitude, width in zip(pulses.branches, pulses.amplitudes, pulses.widths, strict=True):
        device.pulse(int(branch), int(amplitude), int(width))
    return Answer(encode(PulseReply(request.count)))


def _range(device: Device) -> WireRange:
    if device.pulse_range is None:
        raise Refused(Status.UNKNOWN)
    return device.pulse_range


def _amplitude_fits(amplitude: int, allowed: WireRange) -> bool:
    highest = allowed.highest_set if amplitude > 0 else allowed.highest_reset
    return 0 < abs(amplitude) <= highest and amplitude % allowed.step == 0


def verify(device: Device, payload: bytes) -> Answer:
    """Bring branches to their targets, until all are done or the time is over."""
    require(device.verifies, Status.UNKNOWN)
    request = decode(VerifyRequest, payload)
    require(request.start + request.count <= device.info.branches, Status.RANGE)
    require(request.count <= MOST_BRANCHES, Status.LENGTH)
    targets = unpack(request.targets, request.count, _TARGET_BITS).tolist()
    require(device.armed, Status.NOT_ARMED)
    require(_possible(device, request), Status.RANGE)
    end = device.now + min(device.heartbeat_ms / PER_MS / 4, _LONGEST)
    programmer = _Programmer(device, request, end)
    told: list[_Branch] = []
    for place, target in enumerate(targets):
        begun = _Branch(UNREAD)
        if place == 0:
            begun = _Branch(UNREAD, request.pulses, request.reversals, amplitude=request.amplitude)
        told.append(programmer.bring(request.start + place, target, begun) if target else _Branch())
        if target and device.now >= end:
            break
    _ground(device)
    columns = np.array([branch[:4] for branch in told], dtype=np.int64).reshape(-1, 4).T
    last = told[-1].amplitude if told else 0
    return Answer(encode(VerifyReply(len(told), last, ToldBranches(*columns).encode())))


def _possible(device: Device, request: VerifyRequest) -> bool:
    allowed = _range(device)
    ramps = (
        (request.set_start, request.set_step, request.set_highest, allowed.highest_set),
        (request.reset_start, request.reset_step, request.reset_highest, allowed.highest_reset),
    )
    waits = 4 * request.settle / PER_10US + request.width / PER_10NS
    highest = request.reset_highest if request.amplitude < 0 else request.set_highest
    return (
        1 <= request.averages <= device.info.max_averages
        and 1 <= request.read < 2**device.dac.bits
        and all(0 < start <= most <= limit for start, _, most, limit in ramps)
        and all(value % allowed.step == 0 for *ramp, _ in ramps for value in ramp)
        and allowed.shortest <= request.width <= allowed.longest
        and waits < device.heartbeat_ms / PER_MS / 4
        and request.pulses <= request.most_pulses
        and request.reversals <= request.most_reversals
        and abs(request.amplitude) <= highest
        and request.amplitude % allowed.step == 0
    )


@dataclass(frozen=True, slots=True)
class _Programmer:
    """Reads a branch and pulses it, in turn."""

    device: Device
    request: VerifyRequest
    end: Seconds

    def bring(self, branch: int, target: int, begun: _Branch) -> _Branch:
        """One branch to its target in nS, or as far as it goes."""
        state = begun
        while True:
            state = state._replace(conductance=self._read(branch))
            outcome = self._outcome(state, target)
            if outcome != Outcome.UNDER_WAY:
                return state._replace(outcome=outcome)
            if state.pulses != begun.pulses and self.device.now >= self.end:
                return state._replace(outcome=Outcome.UNDER_WAY)
            state = self._pulsed(branch, state, state.conductance < target)

    def _outcome(self, state: _Branch, target: int) -> Outcome:
        request = self.request
        if state.conductance == UNREAD:
            return Outcome.UNREADABLE
        if abs(state.conductance - target) * PER_FRACTION <= request.tolerance * target:
            return Outcome.REACHED
        turns = state.amplitude and (state.amplitude > 0) != (state.conductance < target)
        spent = state.pulses == request.most_pulses or (turns and state.reversals == request.most_reversals)
        return Outcome.MISSED if spent else Outcome.UNDER_WAY

    def _pulsed(self, branch: int, state: _Branch, sets: bool) -> _Branch:
        request = self.request
        start, step, highest, sign = (
            (request.set_start, request.set_step, request.set_highest, 1)
            if sets
            else (request.reset_start, request.reset_step, request.reset_highest, -1)
        )
        goes_on = state.amplitude * sign > 0
        amplitude = sign * (min(abs(state.amplitude) + step, highest) if goes_on else start)
        _ground(self.device)
        self.device.pulse(branch, amplitude, request.width)
        turned = state.amplitude != 0 and not goes_on
        return state._replace(
            pulses=state.pulses + 1, reversals=state.reversals + turned, amplitude=amplitude
        )

    def _read(self, branch: int) -> int:
        inputs = self.device.info.inputs
        chosen, output = divmod(branch, self.device.info.outputs)
        seen = [self._see(chosen, output, driven) for driven in ({chosen}, set(range(inputs)))]
        alone, together = seen
        if alone is None or together is None:
            return UNREAD
        if inputs == 1:  # there is nothing that the second state could tell apart
            together = replace(together, others=1)
        return read_conductance(alone, together, round(self.device.info.drive * PER_MOHM))

    def _see(self, chosen: int, output: int, driven: set[int]) -> Seen | None:
        """A state; None where a reading is at the top of its range."""
        device, inputs = self.device, self.device.info.inputs
        levels = {line: self.request.read if line in driven else 0 for line in range(_drivers(device))}
        device.drives = Drives(levels, {}, {})
        device.states += 1
        sums = device.scan(self.request.averages)
        line = inputs + output
        side = device.info.lines + line
        top = self.request.averages * (2**device.adc.bits - 1)
        if (sums[[*range(inputs), line, side]] == top).any():
            return None
        return Seen(
            across=int(sums[chosen] - sums[line]),
            dropped=int(sums[line] - sums[side]),
            others=int(sums[:inputs].sum() - sums[chosen] - (inputs - 1) * sums[line]),
        )


def _drivers(device: Device) -> int:
    return device.info.inputs + device.info.outputs


def _ground(device: Device) -> None:
    """All lines at 0 V; they stay there."""
    device.drives = Drives(dict.fromkeys(range(_drivers(device)), 0), {}, {})
    device.inputs_known = True
