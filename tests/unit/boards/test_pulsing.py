"""Pulses and programming by them on a board behind frames: never twice, bounded, and told as it ended."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from labrig.arrays import FloatArray
from labrig.boards.base import BoardRequest, Codes, Pulses, PulseScheme, VerifyTargets
from labrig.boards.exchange import check_statuses
from labrig.boards.pipeline import Command
from labrig.boards.pulsing import Programming, check_given, plan_pulses
from labrig.boards.wired import WiredBoard, open_wired
from labrig.circuit.boundary import Boundary
from labrig.errors import BoardFault, ConfigError, FrameError, LinkTimeout
from labrig.links.base import Link
from labrig.sim.hardware import Hardware
from labrig.sim.serving.device import Device
from labrig.sim.serving.dispatcher import Dispatcher
from labrig.wire.definition import (
    MAX_PAYLOAD,
    REPLY_BIT,
    Message,
    Outcome,
    PulseRequest,
    Status,
    VerifyReply,
    VerifyRequest,
)
from labrig.wire.framing import Frame, FrameDecoder
from labrig.wire.messages import decode, encode
from labrig.wire.pulsing import ToldBranches, WirePulses
from tests.support.firmware import Circuit, crossbar
from tests.support.links import DamagedLink, ServedLink
from tests.support.memristor_file import MemristorFile, Memristors
from tests.support.simulated import read_hardware

INPUTS, OUTPUTS = 6, 5
BRANCHES = INPUTS * OUTPUTS
STUCK = 17
SCHEME = PulseScheme(0.5, 0.01, 1.6, 0.6, 0.02, 2.5, 1e-5, most_pulses=150, most_reversals=10, read=0.4)
"""From below every threshold on, so that the first pulse that does something does little."""
LOOK = Boundary({0: 0.1, 1: 0.2})
TARGETS: FloatArray = np.geomspace(8e-6, 80e-6, BRANCHES)


INFO = read_hardware(crossbar(INPUTS, OUTPUTS, 1000.0).text(), "M1").info


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def circuit() -> Circuit:
    plain = crossbar(INPUTS, OUTPUTS, 1000.0)
    return Circuit(
        plain.inputs,
        plain.outputs,
        0,
        plain.branches,
        plain.drive,
        adc=(16, 0.5),
        dac=(12, 4.095),
        faults=[f"fault {STUCK} unwritable"],
        memristors=MemristorFile(),
    )


@pytest.fixture
def chips() -> Hardware:
    return read_hardware(circuit().text(), "M1")


@pytest.fixture
def devices(chips: Hardware) -> Memristors:
    assert isinstance(chips.branches, Memristors)
    return chips.branches


@pytest.fixture
def dispatcher(chips: Hardware, clock: Clock) -> Dispatcher:
    return Dispatcher(Device(chips, clock))


@pytest.fixture
def link(dispatcher: Dispatcher) -> ServedLink:
    return ServedLink(dispatcher)


@pytest.fixture
def board(link: ServedLink) -> Iterator[WiredBoard]:
    board = open_wired(link)
    yield board
    board.close()


def some(count: int, amplitude: float = 1.0, width: float = 1e-5) -> Pulses:
    wipers = np.arange(count) % BRANCHES
    return Pulses(wipers, np.full(count, amplitude), np.full(count, width))


def sent(link: ServedLink, message: Message) -> int:
    return sum(frame.type == message for frame in FrameDecoder().feed(link.written))


def test_the_board_says_what_pulses_it_gives(board: WiredBoard) -> None:
    assert board.info.codes is None
    assert board.info.verifies
    assert board.info.pulses == MemristorFile().range


def test_pulses_are_given_in_order_before_the_boundaries_are_imposed(
    board: WiredBoard, devices: Memristors
) -> None:
    before = board.exchange(BoardRequest([LOOK])).voltages
    pulses = Pulses(np.array([4, 2, 4]), np.array([1.2, -1.5, 1.0]), np.array([1e-5, 1e-3, 2e-5]))
    reply = board.exchange(BoardRequest([LOOK], pulses=pulses))
    assert [given[:3] for given in devices.given] == [(4, 1.2, 1e-5), (2, -1.5, 1e-3), (4, 1.0, 2e-5)]
    assert len({index for *_, index in devices.given}) == 3, "each has noise of its own"
    assert reply.program is None
    assert not np.array_equal(reply.voltages, before)
    np.testing.assert_array_equal(reply.voltages, board.exchange(BoardRequest([LOOK])).voltages)


def test_many_pulses_take_several_frames_and_one_turn_around(
    board: WiredBoard, link: ServedLink, devices: Memristors
) -> None:
    before = board.counters.turn_arounds
    board.exchange(BoardRequest([LOOK], pulses=some(100)))
    assert [wiper for wiper, *_ in devices.given] == some(100).wipers.tolist()
    assert (sent(link, Message.PULSE), board.counters.turn_arounds - before) == (4, 1)


def test_no_pulses_still_drive_the_lines_to_0_v(board: WiredBoard, devices: Memristors) -> None:
    board.exchange(BoardRequest([LOOK]))
    board.exchange(BoardRequest([], pulses=some(0)))
    assert not devices.given
    assert board.status().driven == INPUTS + OUTPUTS


def test_frames_are_short_of_half_the_heartbeat_and_of_the_payload() -> None:
    commands = plan_pulses(some(90, width=9e-3), MAX_PAYLOAD, heartbeat=0.2)
    requests = [decode(PulseRequest, command.payload) for command in commands]
    assert sum(request.count for request in requests) == 90
    for request, command in zip(requests, commands, strict=True):
        total = int(WirePulses.decode(request.pulses, request.count).widths.sum()) * 1e-8
        assert total < 0.1
        assert command.busy == pytest.approx(total)
    assert all(len(command.payload) <= 64 for command in plan_pulses(some(90), 64, 1.0))
    with pytest.raises(ConfigError, match=r"a pulse of 0\.1 s is too long for a board"):
        plan_pulses(some(1, width=0.1), MAX_PAYLOAD, heartbeat=0.2)


def test_a_line_that_loses_and_damages_frames_gives_no_pulse_twice(
    dispatcher: Dispatcher, devices: Memristors
) -> None:
    lossy = DamagedLink(ServedLink(dispatcher), rate=0.004, seed=3)
    board = open_wired(lossy)
    for _ in range(30):
        board.exchange(BoardRequest([LOOK], pulses=some(60)))
    assert lossy.damaged > 50
    assert board.counters.retries > 10
    assert [wiper for wiper, *_ in devices.given] == some(60).wipers.tolist() * 30
    board.close()


def test_a_board_that_released_itself_meanwhile_is_armed_first_and_pulsed_once(
    board: WiredBoard, dispatcher: Dispatcher, devices: Memristors, clock: Clock
) -> None:
    board.exchange(BoardRequest([LOOK]))
    clock.now += 2.0
    dispatcher.check_heartbeat()
    assert not board.status().armed
    board.exchange(BoardRequest([LOOK], pulses=some(3)))
    assert len(devices.given) == 3


class Losing(ServedLink):
    """Loses every answer while it does."""

    loses = False

    def read_until(self, terminator: bytes, *, timeout: float) -> bytes:
        data = super().read_until(terminator, timeout=timeout)
        if self.loses:
            raise LinkTimeout(self.name)
        return data


def test_pulses_whose_answers_never_came_are_not_given_again_in_another_session(
    dispatcher: Dispatcher, devices: Memristors
) -> None:
    link = Losing(dispatcher)
    board = open_wired(link)
    link.loses = True
    with pytest.raises(LinkTimeout, match="no answer after 8 tries"):
        board.exchange(BoardRequest([LOOK], pulses=some(3)))
    assert len(devices.given) == 3, "they arrived once, and were repeated in vain"
    link.loses = False
    board.exchange(BoardRequest([LOOK]))
    assert len(devices.given) == 3
    board.close()


def cut_off(message: Message, payload: bytes) -> str:
    """What is said of a request that the heartbeat's end cut off."""
    frame = Frame(message | REPLY_BIT, 0, Status.NOT_ARMED, payload)
    with pytest.raises(BoardFault) as caught:
        check_statuses([Command(message)], [frame], "M1")
    return str(caught.value)


def test_a_request_that_was_cut_off_is_told_with_what_it_has_done() -> None:
    silence = "it heard nothing for longer than its heartbeat and released its drivers"
    pulses = cut_off(Message.PULSE, b"\3")
    assert pulses == (
        f"M1 refused PULSE: NOT_ARMED, {silence} after 3 pulses were given; measure what the devices are now"
    )
    assert "after 1 branches were worked on" in cut_off(Message.VERIFY, b"\1" + bytes(10))
    assert cut_off(Message.PULSE, b"").endswith(silence)


def test_a_board_that_gave_fewer_pulses_than_it_says_ok_to_is_at_fault() -> None:
    commands = plan_pulses(some(3), MAX_PAYLOAD, 1.0)
    reply = Frame(Message.PULSE | REPLY_BIT, 0, Status.OK, b"\2")
    with pytest.raises(BoardFault, match="the board gave 2 of 3 pulses"):
        check_given(commands, [reply])


def test_a_program_is_refused_where_there_are_no_wipers(board: WiredBoard) -> None:
    with pytest.raises(ConfigError, match="program"):
        board.exchange(BoardRequest([LOOK], program=Codes(np.zeros(BRANCHES, np.int64))))
    assert board.exchange(BoardRequest([LOOK], read_back=True)).program is None


def test_every_branch_is_brought_to_its_target_but_the_one_that_is_stuck(
    board: WiredBoard, link: ServedLink, devices: Memristors
) -> None:
    reply = board.exchange(BoardRequest([LOOK], verify=VerifyTargets(TARGETS, 0.01, SCHEME), averages=4))
    assert reply.verified is not None
    told = reply.verified
    moving = np.arange(BRANCHES) != STUCK
    np.testing.assert_array_equal(told.reached, moving)
    true = devices.conductances(devices.power_up, 0)
    assert (np.abs(told.conductances - TARGETS) <= 0.01 * TARGETS + 5e-10)[moving].all()
    # Left in a read: n (sR)^2 of the spread s of the other conductances of a column, here up to 6 (0.03)^2.
    assert (np.abs(true - told.conductances) <= 0.006 * true)[moving].all()
    assert (told.pulses[STUCK], told.reached[STUCK]) == (SCHEME.most_pulses, False)
    assert told.conductances[STUCK] == pytest.approx(true[STUCK], rel=0.01)
    given = np.bincount([wiper for wiper, *_ in devices.given], minlength=BRANCHES)
    np.testing.assert_array_equal(given, told.pulses)
    assert sent(link, Message.VERIFY) == 2, "28 branches, and 2"


def test_branches_without_a_target_are_left_alone(board: WiredBoard, devices: Memristors) -> None:
    targets = np.full(BRANCHES, np.nan)
    targets[[3, 8, 29]] = 3e-5
    before = devices.states.copy()
    told = board.exchange(BoardRequest([], verify=VerifyTargets(targets, 0.02, SCHEME))).verified
    assert told is not None
    asked = ~np.isnan(targets)
    np.testing.assert_array_equal(told.reached, asked)
    np.testing.assert_array_equal(np.isnan(told.conductances), ~asked)
    np.testing.assert_array_equal(devices.states[~asked], before[~asked])
    assert not told.pulses[~asked].any()
    nothing = VerifyTargets(np.full(BRANCHES, np.nan), 0.02, SCHEME)
    untouched = board.exchange(BoardRequest([LOOK], verify=nothing)).verified
    assert untouched is not None
    assert not untouched.reached.any()


def slow(clock: Clock) -> Callable[[Device, int, int, int], None]:
    real = Device.pulse

    def pulse(self: Device, branch: int, millivolts: int, width: int) -> None:
        clock.now += 0.06
        real(self, branch, millivolts, width)

    return pulse


def test_what_a_board_has_no_time_for_is_asked_for_until_it_is_done(
    board: WiredBoard, link: ServedLink, clock: Clock, monkeypatch: pytest.MonkeyPatch, devices: Memristors
) -> None:
    monkeypatch.setattr(Device, "pulse", slow(clock))
    targets = np.full(BRANCHES, np.nan)
    targets[2:9] = 5e-5
    told = board.exchange(BoardRequest([LOOK], verify=VerifyTargets(targets, 0.01, SCHEME))).verified
    assert told is not None
    assert told.reached[2:9].all()
    assert told.pulses.sum() == len(devices.given)
    amplitudes = [volts for wiper, volts, *_ in devices.given if wiper == 2]
    rising = np.diff(amplitudes)
    assert len(amplitudes) > 5
    assert set(np.round(rising[np.array(amplitudes[1:]) > 0], 6)) <= {0.01}, "no request begins it anew"
    asked = [frame for frame in FrameDecoder().feed(link.written) if frame.type == Message.VERIFY]
    assert len(asked) > 10
    assert any(decode(VerifyRequest, frame.payload).pulses for frame in asked)


def test_a_board_that_gets_nowhere_is_not_asked_for_ever() -> None:
    targets = VerifyTargets(TARGETS, 0.01, SCHEME)
    told = ToldBranches(np.array([5000]), np.array([0]), np.array([0]), np.array([Outcome.UNDER_WAY]))
    for reply, message in (
        (VerifyReply(1, 0, told.encode()), "left branch 0 under way without a pulse"),
        (VerifyReply(0, 0, b""), "a VERIFY of 28 branches was answered for 0"),
        (VerifyReply(29, 0, b""), "a VERIFY of 28 branches was answered for 29"),
    ):
        programming = Programming(targets, INFO, 1, 0, heartbeat=1.0)
        programming.commands(MAX_PAYLOAD)
        frames = [Frame(Message.VERIFY | REPLY_BIT, k, Status.OK, encode(reply)) for k in range(2)]
        with pytest.raises(FrameError, match=message):
            programming.take(frames)


@pytest.mark.parametrize(
    ("tolerance", "settle", "message"),
    [
        (1e-5, 0.0, "a tolerance of 1e-05 is finer than"),
        (0.01, 0.07, "four settling times and a pulse take 0.28"),
    ],
)
def test_what_the_wire_cannot_carry_is_said_before_any_pulse(
    board: WiredBoard, devices: Memristors, tolerance: float, settle: float, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        board.exchange(BoardRequest([], verify=VerifyTargets(TARGETS, tolerance, SCHEME), settle=settle))
    assert not devices.given


def test_programming_on_a_line_that_loses_frames_counts_every_pulse(
    dispatcher: Dispatcher, devices: Memristors
) -> None:
    lossy: Link = DamagedLink(ServedLink(dispatcher), rate=0.004, seed=5)
    board = open_wired(lossy)
    total = np.zeros(BRANCHES, dtype=np.int64)
    for some_branches in (slice(0, 6), slice(10, 16), slice(0, 6)):
        targets = np.full(BRANCHES, np.nan)
        targets[some_branches] = TARGETS[some_branches] * (2 if total.any() else 1)
        verified = board.exchange(
            BoardRequest([LOOK], verify=VerifyTargets(targets, 0.05, SCHEME), averages=2)
        ).verified
        assert verified is not None
        total += verified.pulses
    assert board.counters.retries > 3
    given = np.bincount([wiper for wiper, *_ in devices.given], minlength=BRANCHES)
    np.testing.assert_array_equal(given, total)
    board.close()
