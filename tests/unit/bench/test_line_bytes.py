"""What an exchange is predicted to take the line for, against what crossed it."""

from contextlib import closing
from typing import Any

import numpy as np
import pytest

from labrig.boards.base import Counters
from labrig.circuit.boundary import Boundary
from labrig.config.loading import Experiment, load_experiment
from labrig.procedures.preflight import preflight
from tests.support.benches import bench_on, rig
from tests.support.files import Files


def spent(before: Counters, after: Counters) -> tuple[int, int]:
    return after.bytes_down - before.bytes_down, after.bytes_up - before.bytes_up


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 2), (16, 12)])
def test_the_bytes_of_an_exchange_that_changes_every_code_are_those_that_are_sent(
    inputs: int, outputs: int
) -> None:
    bench, board, _ = bench_on(rig(inputs, outputs))
    free = Boundary(dict.fromkeys(range(inputs), 1.0))
    with closing(board):
        bench.settle([free], program=bench.realised())
        predicted = bench.line_bytes([free, free])
        before = board.counters
        program = bench.programmer.law
        assert program is not None
        bench.settle(
            [free, free], program=program.conductances(np.asarray(bench.branch_values(), dtype=np.int64) - 1)
        )
        down, _ = spent(before, board.counters)
    assert predicted == down


@pytest.mark.parametrize("code", [0, 256])
def test_codes_at_either_end_are_counted_as_well(code: int) -> None:
    bench, board, _ = bench_on(rig(2, 2))
    with closing(board):
        ordinary = bench.line_bytes([])
        bench.write_codes(np.full(4, code))
        assert bench.line_bytes([]) == ordinary


def test_where_readings_are_more_than_codes_they_count(tmp_path: Any) -> None:
    """Forty states of four lines, 16 bits each, are 320 bytes at least; their boundaries are repeated."""
    bench, board, _ = bench_on(rig(2, 2))
    free = [Boundary(dict.fromkeys(range(2), 1.0))] * 40
    with closing(board):
        predicted = bench.line_bytes(free)
        before = board.counters
        bench.settle(free, program=bench.realised())
        _, up = spent(before, board.counters)
    assert predicted is not None
    assert 320 <= predicted <= up <= 1.1 * predicted


def at(folder: Any, link: str) -> Experiment:
    board = (
        f"kind: firmware\nlink: {link}\nsettle: 50 ms\nmodel:\n"
        "  elements: {kind: digipot, part: MCP4351-104}\n  adc: {bits: 16, span: 5 V}\n"
        "  dac: {bits: 16, span: 5 V}\n  seed: 5"
    )
    return load_experiment(Files(folder).experiment(board, stop="{steps: 9}"))


@pytest.mark.parametrize(
    ("link", "known"),
    [
        ("{kind: serial, port: /dev/ttyACM0, baudrate: 115200}", True),
        ("{kind: serial, port: 'socket://127.0.0.1:9'}", False),
    ],
)
def test_settling_counts_where_it_takes_longer_than_the_line(tmp_path: Any, link: str, known: bool) -> None:
    """Ten exchanges of four states that settle for 50 ms each."""
    experiment = at(tmp_path, link)
    bench, board, _ = bench_on(experiment.rig)
    with closing(board):
        predicted = preflight(bench, experiment).predicted
    assert predicted.seconds == (pytest.approx(10 * 4 * 0.05) if known else None)
