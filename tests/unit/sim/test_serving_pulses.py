"""Pulses to chips that a simulated board drives: what reaches them, and what the board does with its time."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from labrig.boards.base import PulseRange, Pulses
from labrig.errors import ConfigError
from labrig.sim.hardware import Hardware
from labrig.sim.pulsed import Pulsed
from labrig.sim.serving.device import Device
from labrig.sim.serving.dispatcher import Dispatcher
from labrig.sim.serving.fitting import NO_CODES, fit, pulse_range
from labrig.wire.definition import (
    ArmRequest,
    Message,
    Outcome,
    PulseRequest,
    Status,
    VerifyReply,
    VerifyRequest,
)
from labrig.wire.framing import Frame, FrameDecoder, encode_frame
from labrig.wire.messages import decode, encode
from labrig.wire.pulsing import ToldBranches, WirePulses, WireRange
from tests.support.firmware import HELLO, crossbar
from tests.support.memristor_file import MemristorFile, Memristors
from tests.support.simulated import read_hardware

CIRCUIT = replace(crossbar(2, 2, 1000.0), adc=(16, 0.5), dac=(12, 4.095), memristors=MemristorFile())


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


class Host:
    """Frames to a board in this process."""

    def __init__(self, chips: Hardware, clock: Clock, heartbeat: int = 1000) -> None:
        self.dispatcher = Dispatcher(Device(chips, clock))
        self._seq = 0
        self.ask(HELLO)
        self.request(Message.ARM, encode(ArmRequest(heartbeat)))

    def ask(self, frame: Frame) -> Frame:
        (reply,) = FrameDecoder().feed(b"".join(self.dispatcher.receive(encode_frame(frame))))
        return reply

    def request(self, message: Message, payload: bytes) -> Frame:
        self._seq += 1
        return self.ask(Frame(message, self._seq, payload=payload))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chips() -> Hardware:
    return read_hardware(CIRCUIT.text(), "M")


@pytest.fixture
def devices(chips: Hardware) -> Memristors:
    assert isinstance(chips.branches, Memristors)
    return chips.branches


def pulses(*rows: tuple[int, int, int]) -> bytes:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return encode(PulseRequest(len(rows), WirePulses(*columns).encode()))


def verify(target: int, read: int = 400) -> bytes:
    targets = target.to_bytes(4, "little")
    return encode(
        VerifyRequest(
            0, 1, 1, 0, read, 163, 500, 10, 1600, 600, 20, 2500, 1000, 150, 10, 0, 0, 0, targets=targets
        )
    )


def test_chips_get_volts_and_seconds_and_another_index_with_every_pulse(
    chips: Hardware, devices: Memristors, clock: Clock
) -> None:
    assert isinstance(devices, Pulsed)
    host = Host(chips, clock)
    assert host.request(Message.PULSE, pulses((3, 1250, 123), (0, -600, 100))).payload == b"\2"
    assert devices.given == [(3, 1.25, 1.23e-6, 1), (0, -0.6, 1e-6, 2)]
    host.request(Message.PULSE, pulses((0, 600, 100)))
    assert devices.given[-1][-1] == 3


class Slow(Memristors):
    """A pulse takes the computer 60 ms."""

    clock: Clock

    def pulse(self, pulses: Pulses, index: int, number: int) -> None:
        self.clock.now += 0.06
        super().pulse(pulses, index, number)


@pytest.mark.parametrize(("heartbeat", "pulses_in_time"), [(1000, 5), (400, 2), (60_000, 5)])
def test_a_verify_ends_in_time_and_tells_where_it_is(
    chips: Hardware, devices: Memristors, clock: Clock, heartbeat: int, pulses_in_time: int
) -> None:
    slow = Slow(devices.model, devices.conductances(devices.power_up, 0), [], [])
    slow.clock = clock
    host = Host(replace(chips, branches=slow), clock, heartbeat)
    reply = decode(VerifyReply, host.request(Message.VERIFY, verify(60_000)).payload)
    told = ToldBranches.decode(reply.branches, 1)
    assert told.outcomes.tolist() == [Outcome.UNDER_WAY]
    assert told.pulses.tolist() == [pulses_in_time]
    assert reply.amplitude == 500 + 10 * (pulses_in_time - 1)


def test_what_reads_at_the_top_is_not_pulsed(chips: Hardware, devices: Memristors, clock: Clock) -> None:
    host = Host(chips, clock)
    reply = decode(VerifyReply, host.request(Message.VERIFY, verify(60_000, read=600)).payload)
    told = ToldBranches.decode(reply.branches, 1)
    assert (told.outcomes.tolist(), told.conductances.tolist()) == ([Outcome.UNREADABLE], [2**32 - 1])
    assert not devices.given


def test_a_board_whose_chips_take_no_pulses_knows_none(chips: Hardware, clock: Clock) -> None:
    text = replace(CIRCUIT, memristors=None).text()
    host = Host(read_hardware(text, "W"), clock)
    assert host.request(Message.PULSE, pulses((0, 1000, 1000))).flags == Status.UNKNOWN
    assert host.request(Message.VERIFY, verify(1)).flags == Status.UNKNOWN
    for told in (replace(chips.info, verifies=False), replace(chips.info, drive=0.0)):
        host = Host(replace(chips, info=told), clock)
        assert host.request(Message.PULSE, pulses((0, 1000, 1000))).flags == Status.OK
        assert host.request(Message.VERIFY, verify(1)).flags == Status.UNKNOWN


def test_the_range_on_the_wire_is_within_that_of_the_board(chips: Hardware) -> None:
    odd = replace(chips.info, pulses=PulseRange(1.2346, 0.3, 0.0, 1.003e-6, 100.0))
    assert pulse_range(odd) == WireRange(1234, 300, 1, 101, 2**32 - 1)
    assert pulse_range(replace(odd, pulses=None)) is None
    assert fit(odd)[2] == NO_CODES


def test_texts_leave_room_for_the_range(chips: Hardware) -> None:
    longest = 232 - 57 - 4 - 16
    fit(replace(chips.info, part="x" * (longest - 1)))
    with pytest.raises(ConfigError, match=f"may have {longest} characters together"):
        fit(replace(chips.info, part="x" * longest))
