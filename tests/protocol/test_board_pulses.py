"""Pulses and programming by them, on boards of every kind: raw frames, and labrig's driver."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from labrig.arrays import FloatArray
from labrig.boards.base import BoardRequest, Pulses, PulseScheme, Verified, VerifyTargets
from labrig.boards.wired import WiredBoard, open_wired
from labrig.circuit.boundary import Boundary
from labrig.config.links import SerialLink
from labrig.links.opening import open_link
from labrig.wire.boundaries import WireBoundary
from labrig.wire.definition import (
    Feature,
    Message,
    Outcome,
    PulseRequest,
    Status,
    Tlv,
    VerifyReply,
    VerifyRequest,
)
from labrig.wire.messages import decode, decode_items, encode
from labrig.wire.pulsing import ToldBranches, WirePulses, WireRange
from tests.support.firmware import Boards, Starter, Wire, crossbar
from tests.support.memristor_file import MemristorFile

DRIVE = 1000.0
LSB = 0.5 / 65535
SMALL = replace(
    crossbar(3, 2, DRIVE),
    adc=(16, 0.5),
    dac=(12, 4.095),
    memristors=MemristorFile(),
    faults=["fault 4 unwritable"],
)
LOOK = WireBoundary({0: 300, 1: 300, 2: 300}, clamps={0: 0, 1: 0})


def pulse_request(*pulses: tuple[int, int, int]) -> bytes:
    branches, amplitudes, widths = np.array(pulses, dtype=np.int64).reshape(-1, 3).T
    return encode(PulseRequest(len(pulses), WirePulses(branches, amplitudes, widths).encode()))


def verify_request(targets: list[int], start: int = 0, had: tuple[int, int, int] = (0, 0, 0)) -> bytes:
    request = VerifyRequest(
        start=start,
        count=len(targets),
        averages=4,
        settle=0,
        read=400,
        tolerance=163,
        set_start=500,
        set_step=10,
        set_highest=1600,
        reset_start=600,
        reset_step=20,
        reset_highest=2500,
        width=1000,
        most_pulses=150,
        most_reversals=10,
        pulses=had[0],
        reversals=had[1],
        amplitude=had[2],
        targets=np.array(targets, dtype="<u4").tobytes(),
    )
    return encode(request)


def verified(board: Wire, targets: list[int]) -> list[tuple[int, int, int, int]]:
    """What is told of every branch; what a board has no time for is asked for as the rest."""
    told: list[tuple[int, int, int, int]] = []
    had = (0, 0, 0)
    while len(told) < len(targets):
        payload = verify_request(targets[len(told) :], len(told), had)
        reply = decode(VerifyReply, board.do(Message.VERIFY, payload))
        rows = ToldBranches.decode(reply.branches, reply.told)
        columns = (rows.conductances, rows.pulses, rows.reversals, rows.outcomes)
        told += zip(*(column.tolist() for column in columns), strict=True)
        had = (0, 0, 0)
        if told[-1][3] == Outcome.UNDER_WAY:
            had = (told[-1][1], told[-1][2], reply.amplitude)
            told.pop()
    return told


def test_hello_tells_memristors_instead_of_wipers(boards: Boards) -> None:
    told = boards.board(SMALL).hello()
    assert (told.code_bits, told.code_min, told.code_max, told.branches) == (0, 0, 0, 6)
    both = Feature.PULSE | Feature.VERIFY
    assert Feature(told.features) & (both | Feature.LEARN) == both
    assert WireRange.decode(decode_items(told.tlv)[Tlv.PULSES]) == WireRange(2000, 2500, 10, 100, 1_000_000)


def test_a_repeated_pulse_moves_a_device_once(boards: Boards) -> None:
    """The reply is thrown away, as if it had been lost; what was given is seen by what they conduct."""
    board = boards.board(SMALL)
    board.hello()
    board.arm()
    before = board.measure(LOOK)
    request = board.next(Message.PULSE, pulse_request((0, 1000, 1000)))
    first = board.ask(request)
    once = board.measure(LOOK)
    assert once[0, 3] > before[0, 3]
    for _ in range(5):
        assert board.ask(request) == first
    np.testing.assert_array_equal(board.measure(LOOK), once)
    board.do(Message.PULSE, pulse_request((0, 1000, 1000)))
    assert board.measure(LOOK)[0, 3] > once[0, 3], "twice would have been seen"


def test_a_repeated_verify_moves_nothing(boards: Boards) -> None:
    board = boards.board(SMALL)
    board.hello()
    board.arm()
    request = board.next(Message.VERIFY, verify_request([40_000, 20_000]))
    first = board.ask(request)
    assert first.flags == Status.OK
    once = board.measure(LOOK)
    assert board.ask(request) == first
    np.testing.assert_array_equal(board.measure(LOOK), once)


def test_the_branch_that_does_not_move_is_told_with_its_value_and_its_pulses(boards: Boards) -> None:
    board = boards.board(SMALL)
    board.hello()
    board.arm()
    *others, stuck, moving = verified(board, [0, 0, 0, 0, 60_000, 30_000])
    assert others == [(0, 0, 0, Outcome.UNTOUCHED)] * 4
    conductance, *rest = stuck
    assert rest == [150, 0, Outcome.MISSED]
    assert abs(conductance - 5_000) <= 0.02 * 5_000
    assert abs(moving[0] - 30_000) <= 0.01 * 30_000
    assert (moving[1] <= 150, moving[3]) == (True, Outcome.REACHED)


def test_disarmed_boards_give_no_pulses_and_all_lines_are_driven_to_0_v_behind_them(boards: Boards) -> None:
    board = boards.board(SMALL)
    board.hello()
    for message, payload in (
        (Message.PULSE, pulse_request((0, 1000, 1000))),
        (Message.VERIFY, verify_request([1])),
    ):
        assert board.ask(board.next(message, payload)).flags == Status.NOT_ARMED
    board.arm()
    board.do(Message.PULSE, pulse_request())
    assert board.status().driven == 5
    board.measure(LOOK)
    board.do(Message.VERIFY, verify_request([0]))
    assert board.measure()[0].tolist() == [0] * 5
    assert board.ask(board.next(Message.WRITE, b"\0\0\0")).flags == Status.UNKNOWN


LARGE = replace(crossbar(16, 16, DRIVE), adc=(16, 0.5), dac=(12, 4.095), memristors=MemristorFile(spread=0.1))
STUCK = (37, 200)
SCHEME = PulseScheme(0.5, 0.01, 1.6, 0.6, 0.02, 2.5, 1e-5, most_pulses=150, most_reversals=10, read=0.4)
TARGETS: FloatArray = np.random.default_rng(5).permutation(np.geomspace(4e-6, 60e-6, 256))


@pytest.fixture
def large(starter: Starter) -> Iterator[WiredBoard]:
    starter.board(replace(LARGE, faults=[f"fault {k} unwritable" for k in STUCK]))
    starter.hang_up()
    board = open_wired(open_link(SerialLink(port=str(starter.folder / "port"))))
    yield board
    board.close()


def true_conductances(board: WiredBoard) -> FloatArray:
    """Of all branches, by what 16 states tell: the inputs driven one by one. Rows are inputs."""
    states = [Boundary({line: 0.4 * (line == k) for line in range(32)}) for k in range(16)]
    volts = board.exchange(BoardRequest(states, averages=16)).voltages
    drops = volts[:, None, :16] - volts[:, 16:, None]  # state, output, input
    currents = volts[:, 16:] / DRIVE
    columns = [np.linalg.solve(drops[:, j, :], currents[:, j]) for j in range(16)]
    return np.asarray(np.stack(columns, axis=1), dtype=np.float64)


def programmed(board: WiredBoard) -> Verified:
    asked = BoardRequest([], verify=VerifyTargets(TARGETS, 0.01, SCHEME), averages=16)
    verified = board.exchange(asked).verified
    assert verified is not None
    return verified


def test_256_devices_are_brought_within_1_percent_in_bounded_pulses(large: WiredBoard) -> None:
    told = programmed(large)
    moving = ~np.isin(np.arange(256), STUCK)
    np.testing.assert_array_equal(told.reached, moving)
    assert (np.abs(told.conductances - TARGETS) <= 0.01 * TARGETS + 5e-10)[moving].all()
    assert told.pulses.max() <= SCHEME.most_pulses
    assert told.reversals.max() <= SCHEME.most_reversals
    assert told.pulses[moving].mean() < 60
    for branch in STUCK:
        assert told.pulses[branch] == SCHEME.most_pulses
        assert abs(told.conductances[branch] - 5e-6) <= 0.02 * 5e-6


def test_what_the_board_says_of_its_devices_is_what_the_whole_array_tells(large: WiredBoard) -> None:
    """A read is off by a code of the output's, and by n (sR)^2 of the branch and the mean, s the spread."""
    told = programmed(large)
    found = true_conductances(large).ravel()
    from_codes = 2 * LSB / 0.4 / DRIVE
    from_others = 16 * (TARGETS.std() * DRIVE) ** 2 * (TARGETS.mean() + found)
    away = np.abs(told.conductances - found)
    assert np.sqrt(((away / (from_codes + from_others)) ** 2).mean()) <= 1
    assert (away <= from_codes + 4 * from_others).all(), "one in 16 000, where they are spread as errors are"


def test_pulses_from_the_host_reach_the_devices_of_the_compiled_firmware(large: WiredBoard) -> None:
    before = true_conductances(large).ravel()
    pulses = Pulses(np.array([3, 200, 17]), np.array([1.2, 1.2, -1.5]), np.full(3, 1e-4))
    large.exchange(BoardRequest([], pulses=pulses))
    after = true_conductances(large).ravel()
    noise = 4 * LSB / 0.4 / DRIVE
    assert after[3] > before[3] + 1e-6
    assert after[17] < before[17] - 1e-6
    rest = np.delete(np.arange(256), [3, 17])
    assert (np.abs(after - before)[rest] <= noise).all()
