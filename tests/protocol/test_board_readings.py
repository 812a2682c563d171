"""What a board reads, against an independent nodal solution."""

from dataclasses import replace
from math import floor

import numpy as np
import pytest

from labrig.wire.boundaries import Through, Toward, WireBoundary, encode_boundary
from labrig.wire.definition import MeasureRequest, Message, ReadRequest
from labrig.wire.messages import encode
from labrig.wire.packing import unpack
from tests.support.firmware import GRAPH, SMALL, Boards, Circuit, crossbar


def random_boundary(rng: np.random.Generator, circuit: Circuit) -> WireBoundary:
    """Any mixture; two inputs are always driven."""
    top = 1 << circuit.dac[0]
    inputs: list[int] = rng.permutation(circuit.inputs).tolist()[: int(rng.integers(2, circuit.inputs + 1))]
    kinds: list[int] = rng.integers(0, 4, circuit.outputs).tolist()
    codes = {kind: [line for line, its in enumerate(kinds) if its == kind] for kind in range(4)}
    through = {line: int(rng.integers(top)) for line in codes[2]}
    return WireBoundary(
        {line: int(rng.integers(top)) for line in inputs},
        {line: int(rng.integers(top)) for line in codes[1]},
        through=Through(int(rng.integers(1, 1_000_000)), through) if through else None,
        inject={line: int(rng.integers(-2_000_000, 2_000_000)) for line in codes[3]},
    )


@pytest.mark.parametrize(
    "circuit",
    [
        crossbar(12, 7, 100.0),
        replace(crossbar(5, 9, 0.0), adc=(12, 4.096), dac=(12, 5.0)),
        GRAPH,
        replace(GRAPH, drive=1000.0, seed=1),
    ],
    ids=["crossbar behind drive resistors", "forced crossbar", "graph", "graph behind drive resistors"],
)
def test_readings_are_those_of_an_independent_nodal_solution(boards: Boards, circuit: Circuit) -> None:
    rng = np.random.default_rng(11)
    board = boards.board(circuit)
    board.hello()
    board.arm()
    for _ in range(20):
        codes = rng.integers(0, 257, len(circuit.branches))
        board.write(codes)
        boundaries = [random_boundary(rng, circuit) for _ in range(3)]
        expected = np.array([circuit.readings(codes, boundary) for boundary in boundaries])
        assert np.abs(board.measure(*boundaries) - expected).max() <= 1


def test_readings_over_many_codes_and_patterns_are_never_stale(boards: Boards) -> None:
    rng = np.random.default_rng(3)
    board = boards.board(SMALL)
    board.hello()
    board.arm()
    patterns = [random_boundary(rng, SMALL) for _ in range(7)]
    codes = np.full(6, 128)
    for _ in range(150):
        if rng.random() < 0.3:
            codes[rng.integers(6)] = rng.integers(257)
            board.write(codes)
        pattern = patterns[rng.integers(7)]
        assert np.abs(board.measure(pattern)[0] - SMALL.readings(codes, pattern)).max() <= 1


def test_averages_are_sums(boards: Boards) -> None:
    board = boards.board(SMALL)
    board.hello()
    board.arm()
    boundary = WireBoundary({0: 60_000, 1: 100, 2: 30_000})
    once = board.measure(boundary)
    for averages in (2, 3, 5, 16):
        assert np.array_equal(board.measure(boundary, averages=averages), averages * once)


def nudge_code(circuit: Circuit, total: int, averages: int, fraction: int, target: int) -> int:
    """PROTOCOL.md, "Nudges"."""
    adc, dac = (1 << circuit.adc[0]) - 1, (1 << circuit.dac[0]) - 1
    adc_span, dac_span = (round(span * 1e6) for span in (circuit.adc[1], circuit.dac[1]))
    scale = (2**25 * adc_span * dac // (dac_span * adc) + 1) // 2
    numerator = total * scale * (16384 - fraction) + target * fraction * averages * 2**24
    return min(max((numerator + averages * 2**37) // (averages * 2**38), 0), dac)


@pytest.mark.parametrize("circuit", [SMALL, replace(crossbar(3, 2, 0.0), adc=(12, 4.096), dac=(10, 5.0))])
@pytest.mark.parametrize("averages", [1, 5, 16])
def test_a_nudge_toward_a_target_is_the_integer_formula(
    boards: Boards, circuit: Circuit, averages: int
) -> None:
    rng = np.random.default_rng(averages)
    board = boards.board(circuit)
    board.hello()
    board.arm()
    top = 1 << circuit.dac[0]
    for _ in range(30):
        drives = {line: int(code) for line, code in enumerate(rng.integers(0, top, 3))}
        fraction = int(rng.integers(-32768, 32768))
        targets = {line: int(code) for line, code in enumerate(rng.integers(0, top, 2))}
        free = board.measure(WireBoundary(drives, store=True), averages=averages)[0]
        nudge = encode_boundary(WireBoundary(None, toward=Toward(fraction, targets)), circuit.shape)
        payload = encode(MeasureRequest(0, 1, circuit.lines + 3, 2, 1, nudge))  # the drivers' side
        clamped = unpack(board.do(Message.MEASURE, payload), 2, circuit.adc[0])
        for output in range(2):
            code = nudge_code(circuit, int(free[3 + output]), averages, fraction, targets[output])
            volts = code * circuit.dac[1] / (top - 1)
            reading = floor(volts / (circuit.adc[1] / (2 ** circuit.adc[0] - 1)) + 0.5)
            assert clamped[output] == min(reading, 2 ** circuit.adc[0] - 1)


def test_faults_show_in_the_readings_and_not_in_the_codes(boards: Boards) -> None:
    broken = replace(GRAPH, faults=("fault 3 open", "fault 0 stuck 5", "fault 10 short"))
    board = boards.board(broken)
    board.hello()
    board.arm()
    codes = np.full(len(broken.branches), 200)
    board.write(codes)
    boundary = WireBoundary({0: 50_000, 1: 1000})
    physical = codes.astype(np.float64)
    physical[[0, 3, 10]] = 5, 1e12, 0
    expected = broken.readings(physical.astype(np.int64), boundary)
    assert np.abs(board.measure(boundary)[0] - expected).max() <= 1
    read = unpack(board.do(Message.READ, encode(ReadRequest(0, len(codes)))), len(codes), 9)
    assert np.array_equal(read, codes)


def test_lines_that_no_driver_reaches_read_zero(boards: Boards) -> None:
    split = Circuit(2, 2, 1, [(0, 2), (2, 3), (1, 3), (3, 4)], 100.0, faults=["fault 1 open"])
    board = boards.board(split)
    board.hello()
    board.arm()
    readings = board.measure(WireBoundary({0: 65535}), WireBoundary({0: 65535}, inject={1: 1_000_000}))
    assert readings.tolist() == [[65535, 0, 65535, 0, 0]] * 2
