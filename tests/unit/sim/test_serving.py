"""The simulated board on the wire: what only a simulation has, its clock, its noise and its limits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from labrig.arrays import CodeArray, FloatArray
from labrig.boards.base import BoardInfo, Converter
from labrig.circuit.boundary import Boundary
from labrig.circuit.topology import Topology
from labrig.config.boards import AdcConfig, BoardModel, DacConfig, DigipotElements, IdealElements
from labrig.config.environment import EnvironmentConfig
from labrig.config.faults import AdcStuck, Fault, Unwritable
from labrig.errors import ConfigError
from labrig.sim.build import build_hardware
from labrig.sim.hardware import Hardware
from labrig.sim.serving.device import Device
from labrig.sim.serving.dispatcher import Dispatcher
from labrig.sim.serving.fitting import fit
from labrig.sim.world import CircuitWorld
from labrig.wire.boundaries import Shape, WireBoundary, encode_boundary
from labrig.wire.definition import (
    ArmRequest,
    MeasureRequest,
    Message,
    ReadRequest,
    Status,
    StatusReply,
    WriteRequest,
)
from labrig.wire.framing import Frame, FrameDecoder, encode_frame
from labrig.wire.messages import decode, encode
from labrig.wire.packing import pack, unpack
from tests.support.firmware import HELLO

NOISE = 1e-3
BITS, SPAN = 16, 5.0
MODEL = BoardModel(
    elements=DigipotElements(part="MCP4351-104"),
    adc=AdcConfig(bits=BITS, span=SPAN, noise=NOISE),
    dac=DacConfig(bits=BITS, span=SPAN),
    seed=4,
)
TOPOLOGY = Topology.crossbar(2, 1)
LINES = 3
SHAPE = Shape(2, 1, BITS)


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


class SlowWorld(CircuitWorld):
    """A circuit that takes 5 s to compute."""

    clock: Clock

    def settle(self, boundaries: Sequence[Boundary]) -> FloatArray:
        self.clock.now += 5
        return super().settle(boundaries)


class Host:
    """Frames to a board in this process."""

    def __init__(self, chips: Hardware, clock: Clock) -> None:
        self.dispatcher = Dispatcher(Device(chips, clock))
        self._seq = 0
        self.ask(HELLO)

    def ask(self, frame: Frame) -> Frame:
        (reply,) = FrameDecoder().feed(b"".join(self.dispatcher.receive(encode_frame(frame))))
        return reply

    def next(self, message: Message, payload: bytes) -> Frame:
        self._seq = (self._seq + 1) % 256
        return self.ask(Frame(message, self._seq, payload=payload))

    def do(self, message: Message, payload: bytes = b"") -> bytes:
        reply = self.next(message, payload)
        assert reply.flags == Status.OK
        return reply.payload

    def arm(self, milliseconds: int) -> None:
        self.do(Message.ARM, encode(ArmRequest(milliseconds)))

    def measure(self, *boundaries: WireBoundary, averages: int = 1) -> CodeArray:
        body = b"".join(encode_boundary(boundary, SHAPE) for boundary in boundaries)
        request = MeasureRequest(0, averages, 0, LINES, len(boundaries), body)
        bits = BITS + (averages - 1).bit_length()
        return unpack(self.do(Message.MEASURE, encode(request)), LINES, bits)

    def status(self) -> StatusReply:
        return decode(StatusReply, self.ask(Frame(Message.STATUS, 0)).payload)


def chips() -> Hardware:
    return build_hardware(MODEL, TOPOLOGY)


DRIVEN = WireBoundary({0: 40_000, 1: 20_000})


def test_the_heartbeat_runs_out_after_its_time_and_not_before() -> None:
    clock = Clock()
    host = Host(chips(), clock)
    assert host.dispatcher.check_heartbeat() is None
    host.arm(300)
    host.measure(DRIVEN)
    clock.now += 0.25
    assert host.dispatcher.check_heartbeat() == pytest.approx(0.05)
    assert host.status().driven == 2
    clock.now += 0.0625
    assert host.dispatcher.check_heartbeat() is None
    status = host.status()
    assert (status.armed, status.driven, status.heartbeat_expired) == (0, 0, 1)


def test_a_chip_that_takes_no_write_and_a_converter_that_is_stuck_tell_what_they_have() -> None:
    faults: list[Fault] = [Unwritable(branch="in1-out0"), AdcStuck(node="out0", code=999)]
    host = Host(build_hardware(MODEL, TOPOLOGY, faults=faults), Clock())
    host.do(Message.WRITE, encode(WriteRequest(0, 2, pack(np.array([7, 9]), 9))))
    assert unpack(host.do(Message.READ, encode(ReadRequest(0, 2))), 2, 9).tolist() == [7, 128]
    assert host.measure(WireBoundary({}))[2] == 999  # without the noise of the others


@pytest.mark.parametrize("boundaries", [0, 1, 2])
def test_settling_that_would_outlast_the_heartbeat_is_refused(boundaries: int) -> None:
    host = Host(chips(), Clock())
    host.measure(WireBoundary({}))
    host.arm(200 * max(1, boundaries))
    body = encode_boundary(DRIVEN, SHAPE) * boundaries
    for settle, status in ((20_000, Status.RANGE), (19_999, Status.OK)):
        request = encode(MeasureRequest(settle, 1, 0, LINES, boundaries, body))
        assert host.next(Message.MEASURE, request).flags == status


def test_what_is_asked_outside_a_session_does_not_feed_the_heartbeat() -> None:
    clock = Clock()
    host = Host(chips(), clock)
    host.arm(1000)
    for message in (Message.STATUS, Message.IDENTIFY, Message.PING):
        clock.now += 0.25
        host.ask(Frame(message, 200))  # as a ping, it is of no session
        assert host.dispatcher.check_heartbeat() is not None
    clock.now += 0.25
    host.dispatcher.check_heartbeat()
    assert host.status().heartbeat_expired == 1


def test_the_time_that_a_simulation_computes_is_no_silence_of_the_host() -> None:
    clock, hardware = Clock(), chips()
    slow = SlowWorld(hardware.world.topology, hardware.world.conductances)
    slow.clock = clock
    host = Host(replace(hardware, world=slow), clock)
    host.arm(300)
    host.measure(DRIVEN)
    assert host.dispatcher.check_heartbeat() == pytest.approx(0.3)
    assert host.status().driven == 2


def readings(host: Host, count: int, averages: int = 1) -> FloatArray:
    """Of the output, V."""
    step = SPAN / (2**BITS - 1)
    return np.array([int(host.measure(averages=averages)[2]) * step / averages for _ in range(count)])


def test_readings_have_the_noise_of_the_rig_and_averages_less_of_it() -> None:
    host = Host(chips(), Clock())
    host.arm(60_000)
    host.measure(DRIVEN)
    for averages in (1, 16):
        spread = readings(host, 400, averages).std()
        # The standard deviation of n readings is off by 1/sqrt(2 n), here 3.5 %: four times that.
        assert spread == pytest.approx(NOISE / np.sqrt(averages), rel=0.14)


def test_noise_is_a_function_of_the_seed_and_of_what_was_scanned_before() -> None:
    hosts = [Host(chips(), Clock()) for _ in range(2)]
    for host in hosts:
        host.arm(60_000)
        host.measure(DRIVEN)
    first, second = (readings(host, 20) for host in hosts)
    assert np.array_equal(first, second)
    assert len(set(first.tolist())) > 10


INFO = chips().info
MISFITS: dict[str, tuple[BoardInfo, str]] = {
    "span": (
        replace(INFO, adc=Converter(16, 5000.0)),
        "its adc.span is 5 kV, the wire carries 1 µV … 4.29497 kV",
    ),
    "no span": (replace(INFO, dac=Converter(16, 1e-7)), "its dac.span is 100 nV, the wire carries 1 µV"),
    "drive": (replace(INFO, drive=5e6), "its drive is 5 MΩ, the wire carries 0 Ω … 4.29497 MΩ"),
    "branches": (replace(INFO, branches=65_536), "it has 65536 branches, the wire counts up to 65535"),
    "language": (
        replace(INFO, serial_number="Prüfling"),
        "its serial number or part (MCP4351-104) is not ASCII",
    ),
    "length": (replace(INFO, serial_number="X" * 200), "may have 171 characters together"),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_what_the_wire_has_no_room_for_is_one_sentence(misfit: str) -> None:
    info, said = MISFITS[misfit]
    with pytest.raises(ConfigError) as caught:
        fit(info)
    assert str(caught.value).startswith(f"board {info.serial_number} cannot be served: ")
    assert said in str(caught.value)


def test_what_the_wire_has_just_room_for_is_served() -> None:
    crowded = replace(
        chips(), info=replace(INFO, serial_number="X" * (171 - len(INFO.part)), drive=4_294_967.0)
    )
    reply = Host(crowded, Clock()).ask(HELLO)
    assert (reply.type, reply.flags, len(reply.payload)) == (Message.HELLO | 0x80, Status.OK, 232)


@pytest.mark.parametrize(
    ("model", "lacks"),
    [
        (BoardModel(elements=IdealElements()), "digipot elements, an adc, a dac"),
        (BoardModel(elements=DigipotElements(part="MCP4351-104"), dac=MODEL.dac), "an adc"),
    ],
)
def test_a_board_without_codes_or_converters_is_refused_with_what_it_lacks(
    model: BoardModel, lacks: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Device(build_hardware(model, TOPOLOGY), Clock())
    assert str(caught.value).endswith(f"what the rig's board lacks is {lacks}")


def test_its_status_tells_how_warm_it_is_after_so_many_scans() -> None:
    warm = MODEL.model_copy(update={"environment": EnvironmentConfig(temperature=21, ramp=100, droop=0.5)})
    host = Host(build_hardware(warm, TOPOLOGY), Clock())
    assert host.status().temperature == 2100
    host.arm(60_000)
    for _ in range(20):
        host.measure(DRIVEN)
    assert (host.status().temperature, host.status().supply) == (2300, 4950)
    assert Host(chips(), Clock()).status().temperature == 2500
