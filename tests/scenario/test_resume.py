"""A run that was killed goes on as if nothing had happened; a board that holds something else is refused."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labrig.boards.base import BoardRequest, Codes
from labrig.boards.wired import open_wired
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel
from labrig.links.serial import open_serial
from labrig.store.reader import RunReader
from tests.support.boards import RunningBoard, StartBoard
from tests.support.files import Files

KILLS = 30
STEPS = 3000


def labrig(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "labrig", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(*arguments: object) -> str:
    process = labrig(*arguments)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    return out


def the_run(runs: Path) -> Path:
    (run,) = runs.iterdir()
    return run


def kill_while_training(process: subprocess.Popen[str], after: float) -> None:
    """SIGKILL, some time after the process said that it trains."""
    assert process.stderr is not None
    while not process.stderr.readline().startswith("training "):
        assert process.poll() is None
    time.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def rows(run: Path) -> list[dict[str, Any]]:
    with RunReader(run) as reader:
        names = [name for name in reader.columns if name != "wall"]
        return [dict(row.values) for row in reader.rows(names)]


def assert_same_rows(run: Path, reference: Path) -> None:
    found, expected = rows(run), rows(reference)
    assert len(found) == len(expected)
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        for name, value in b.items():
            np.testing.assert_array_equal(np.asarray(a[name]), np.asarray(value), f"step {k}, {name}")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("order", "noise"), [("batch", "0.2 mV"), ("random", "0.2 mV")])
def test_a_run_killed_at_random_instants_equals_the_uninterrupted_one(
    files: Files, tmp_path: Path, order: str, noise: str
) -> None:
    experiment = files.simulated(noise=noise, order=order, stop=f"{{steps: {STEPS}}}")
    reference, runs = tmp_path / "reference", tmp_path / "runs"
    finished("train", experiment, "--runs", reference)
    instants = random.Random(7)
    kill_while_training(labrig("train", experiment, "--runs", runs), instants.uniform(0, 0.1))
    for _ in range(KILLS // 2 - 1):
        kill_while_training(labrig("resume", the_run(runs)), instants.uniform(0, 0.1))
    with RunReader(the_run(runs)) as reader:
        info = reader.info()
    assert info.status == "interrupted"
    assert len(info.sessions) == KILLS // 2
    assert info.last_step is not None
    assert 0 < info.last_step < STEPS
    finished("resume", the_run(runs))
    assert_same_rows(the_run(runs), the_run(reference))


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_can_be_resumed(
    files: Files, tmp_path: Path, by: signal.Signals
) -> None:
    experiment = files.simulated(stop=f"{{steps: {STEPS}}}")
    process = labrig("train", experiment, "--runs", tmp_path / "runs")
    assert process.stderr is not None
    while not process.stderr.readline().startswith("training "):
        assert process.poll() is None
    time.sleep(0.3)
    process.send_signal(by)
    process.communicate(timeout=30)
    assert process.returncode == 128 + by
    with RunReader(the_run(tmp_path / "runs")) as reader:
        assert reader.info().status == "interrupted"
    finished("resume", the_run(tmp_path / "runs"))
    finished("train", experiment, "--runs", tmp_path / "reference")
    assert_same_rows(the_run(tmp_path / "runs"), the_run(tmp_path / "reference"))


def test_a_finished_run_is_not_resumed(files: Files, tmp_path: Path) -> None:
    finished("train", files.simulated(), "--runs", tmp_path / "runs")
    process = labrig("resume", the_run(tmp_path / "runs"))
    assert "has ended (stopped" in process.communicate()[1]
    assert process.returncode == 9


@pytest.fixture
def killed_on_a_board(
    start_board: StartBoard, model: BoardModel, topology: Topology, files: Files, tmp_path: Path
) -> tuple[RunningBoard, Path]:
    """A run whose host was killed while the board went on."""
    board = start_board(model, topology)
    experiment = files.on_port(board.resource, stop="{steps: 400}")
    kill_while_training(labrig("train", experiment, "--runs", tmp_path / "runs"), 0.2)
    return board, the_run(tmp_path / "runs")


def put(board: RunningBoard, change: int) -> Codes:
    """Move one wiper behind the run's back; gives what the board holds then."""
    wired = open_wired(open_serial(board.resource, 1_000_000))
    try:
        held = wired.exchange(BoardRequest(boundaries=[], read_back=True)).program
        assert isinstance(held, Codes)
        values = held.values.copy()
        values[2] += change
        wired.exchange(BoardRequest(boundaries=[], program=Codes(values)))
        return Codes(values)
    finally:
        wired.close()


def test_a_board_that_kept_its_codes_goes_on(killed_on_a_board: tuple[RunningBoard, Path]) -> None:
    finished("resume", killed_on_a_board[1])
    with RunReader(killed_on_a_board[1]) as reader:
        assert reader.info().status == "stopped"
        assert reader.info().last_step == 400


def test_a_board_that_lost_its_codes_gets_them_back_without_asking(
    killed_on_a_board: tuple[RunningBoard, Path],
    start_board: StartBoard,
    model: BoardModel,
    topology: Topology,
    files: Files,
    tmp_path: Path,
) -> None:
    board, run = killed_on_a_board
    board.stop()
    start_board(model, topology)
    finished("resume", run)
    finished("train", files.simulated(stop="{steps: 400}"), "--runs", tmp_path / "reference")
    (codes, expected) = (
        [row["codes"] for row in rows(folder)] for folder in (run, the_run(tmp_path / "reference"))
    )
    np.testing.assert_array_equal(codes, expected)


def test_a_board_that_kept_running_with_other_codes_is_refused_and_both_ways_out_work(
    killed_on_a_board: tuple[RunningBoard, Path],
) -> None:
    board, run = killed_on_a_board
    put(board, +20)
    process = labrig("resume", run)
    err = process.communicate()[1]
    assert process.returncode == 9
    assert "1 of its 12 codes" in err
    assert "--rewrite" in err
    assert "--adopt" in err
    finished("resume", run, "--rewrite")


def test_adopting_goes_on_from_what_the_board_holds(killed_on_a_board: tuple[RunningBoard, Path]) -> None:
    board, run = killed_on_a_board
    last = rows(run)[-1]["codes"]
    put(board, +20)
    finished("resume", run, "--adopt")
    following = rows(run)[len(rows(run)) - (400 - 0) :]
    assert following
    with RunReader(run) as reader:
        first = reader.info().sessions[-1].first_step
        row = reader.row(first)
    assert row is not None
    moved = np.asarray(row.values["codes"]) - last
    assert moved[2] == pytest.approx(20, abs=3)
    assert np.abs(np.delete(moved, 2)).max() <= 3
