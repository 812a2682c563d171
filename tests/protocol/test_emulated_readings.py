"""What the firmware on the emulated processor reads through its SPI parts, against a nodal solution."""

from dataclasses import replace

import numpy as np
import pytest

from labrig.wire.boundaries import Through, WireBoundary
from labrig.wire.definition import Message, ReadRequest
from labrig.wire.messages import encode
from labrig.wire.packing import unpack
from tests.support.emulator import EmulatedStarter
from tests.support.firmware import GRAPH, Board, Circuit, crossbar

NUDGE_NS = 10_000
"""The reference board's nudge resistors, 100 kohm."""


def random_boundary(rng: np.random.Generator, circuit: Circuit) -> WireBoundary:
    """Drives, clamps and nudges through the resistor; two inputs are always driven."""
    top = 1 << circuit.dac[0]
    inputs: list[int] = rng.permutation(circuit.inputs).tolist()[: int(rng.integers(2, circuit.inputs + 1))]
    kinds: list[int] = rng.integers(0, 3, circuit.outputs).tolist()
    nudged = {line: int(rng.integers(top)) for line, kind in enumerate(kinds) if kind == 2}
    return WireBoundary(
        {line: int(rng.integers(top)) for line in inputs},
        {line: int(rng.integers(top)) for line, kind in enumerate(kinds) if kind == 1},
        through=Through(NUDGE_NS, nudged) if nudged else None,
    )


def read_back(board: Board, circuit: Circuit) -> list[int]:
    bits, count = circuit.codes[0], len(circuit.branches)
    codes: list[int] = []
    for start in range(0, count, 180):
        part = min(180, count - start)
        codes += unpack(board.do(Message.READ, encode(ReadRequest(start, part))), part, bits).tolist()
    return codes


def of_ad5270(circuit: Circuit) -> Circuit:
    return replace(circuit, part="AD5270-100", codes=(10, 0, 1023, 512), steps=1024)


@pytest.mark.parametrize(
    ("circuit", "rounds"),
    [
        (crossbar(4, 4, 100.0), 30),
        (of_ad5270(crossbar(4, 4, 100.0)), 10),
        (replace(crossbar(4, 4, 100.0), adc=(12, 4.096), dac=(12, 5.0)), 10),
        (replace(crossbar(4, 4, 100.0), codes=(8, 0, 255, 128)), 10),
        (replace(GRAPH, drive=1000.0), 10),
        (crossbar(40, 30, 100.0), 10),
        (of_ad5270(crossbar(40, 30, 100.0)), 3),
    ],
    ids=["4x4", "4x4 AD5270", "4x4 of 12 bits", "4x4 of 8-bit codes", "graph", "40x30", "40x30 AD5270"],
)
def test_readings_of_all_channels_are_those_of_a_nodal_solution(
    emulated: EmulatedStarter, circuit: Circuit, rounds: int
) -> None:
    rng = np.random.default_rng(11)
    board = emulated.board(circuit)
    board.hello()
    board.arm()
    for _ in range(rounds):
        codes = rng.integers(0, circuit.codes[2] + 1, len(circuit.branches))
        board.write(codes)
        for _ in range(3):
            boundary = random_boundary(rng, circuit)
            assert np.abs(board.measure(boundary)[0] - circuit.readings(codes, boundary)).max() <= 1
        assert read_back(board, circuit) == codes.tolist()
    assert emulated.statistics(board).misuses == {}


def test_the_driver_side_of_each_resistor_reads_what_its_dac_was_told(emulated: EmulatedStarter) -> None:
    circuit = crossbar(4, 4, 100.0)
    rng = np.random.default_rng(5)
    board = emulated.board(circuit)
    board.hello()
    board.arm()
    codes: list[int] = rng.integers(0, 65536, 8).tolist()
    boundary = WireBoundary(dict(enumerate(codes[:4])), dict(enumerate(codes[4:])))
    reply = board.do(Message.MEASURE, board.request(boundary, count=16))
    assert unpack(reply, 16, 16)[8:].tolist() == codes


def test_a_stuck_wiper_shows_in_the_readings_and_not_in_the_codes(emulated: EmulatedStarter) -> None:
    circuit = replace(crossbar(4, 4, 100.0), faults=("fault 5 stuck 200", "fault 9 open"))
    board = emulated.board(circuit)
    board.hello()
    board.arm()
    codes = np.full(16, 40)
    board.write(codes)
    physical = codes.astype(np.float64)
    physical[[5, 9]] = 200, 1e12
    boundary = WireBoundary({0: 60_000, 1: 1000, 2: 30_000, 3: 5})
    expected = circuit.readings(physical.astype(np.int64), boundary)
    assert np.abs(board.measure(boundary)[0] - expected).max() <= 1
    assert read_back(board, circuit) == codes.tolist()
