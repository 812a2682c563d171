"""However a training ends, the board is released: asked of the firmware process itself, from outside."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel
from labrig.store.reader import RunReader
from tests.support.boards import RunningBoard, StartBoard
from tests.support.files import Files

HEARTBEAT = 1.0
"""Seconds after which a board releases itself when its host is silent."""
LEASE = 5.0
"""Seconds for which a silent main loop is believed to be alive."""
SLACK = 1.0
"""Seconds that a busy machine may take on top."""

SCRIPT = """
import os, sys, time
import labrig
experiment = labrig.load_experiment(sys.argv[1])
with labrig.open_bench(experiment.rig) as bench:
    for step in labrig.train(bench, experiment, runs=sys.argv[2]):
        if step.step == 5:
            print("driving", flush=True)
            {ending}
print("left in order", flush=True)
"""


@pytest.fixture
def board(start_board: StartBoard, model: BoardModel, topology: Topology) -> RunningBoard:
    return start_board(model, topology)


class Script:
    """A user's program that trains, in a process of its own, up to its fifth step."""

    def __init__(self, folder: Path, experiment: Path, ending: str) -> None:
        path = folder / "script.py"
        path.write_text(SCRIPT.format(ending=ending), encoding="utf-8")
        self.runs = folder / "runs"
        self.process = subprocess.Popen(
            [sys.executable, str(path), str(experiment), str(self.runs)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        assert first == "driving\n", self.process.communicate()[1]

    def end(self) -> tuple[int, str]:
        out, _ = self.process.communicate(timeout=30)
        return self.process.returncode, out

    def outcome(self) -> str:
        (run,) = self.runs.iterdir()
        with RunReader(run) as reader:
            return reader.info().status


def driven(board: RunningBoard) -> tuple[int, int]:
    status = board.status()
    return status.armed, status.driven


def test_a_killed_host_leaves_the_board_driving_until_its_heartbeat_runs_out(
    board: RunningBoard, files: Files, tmp_path: Path
) -> None:
    script = Script(tmp_path, files.on_port(board.resource), "time.sleep(60)")
    os.kill(script.process.pid, signal.SIGKILL)
    killed = time.monotonic()
    script.end()
    assert driven(board)[0] == 1, "a board that is not driving here could not show that it stops"
    while driven(board) != (0, 0):
        assert time.monotonic() - killed < HEARTBEAT + SLACK
        time.sleep(0.02)
    assert board.status().heartbeat_expired == 1
    assert script.outcome() == "interrupted"


@pytest.mark.parametrize(("hung", "released"), [(LEASE - 2, False), (LEASE + HEARTBEAT + SLACK, True)])
def test_heartbeats_go_on_while_the_main_loop_may_be_busy_and_stop_when_it_hangs(
    board: RunningBoard, files: Files, tmp_path: Path, hung: float, released: bool
) -> None:
    script = Script(tmp_path, files.on_port(board.resource), "time.sleep(60)")
    time.sleep(hung)
    assert script.process.poll() is None
    os.kill(script.process.pid, signal.SIGKILL)
    script.end()
    status = board.status()
    assert (status.armed, status.heartbeat_expired) == (not released, released)
    assert (status.driven == 0) == released


@pytest.mark.parametrize(
    ("ending", "code", "outcome"),
    [
        ("pass", 0, "stopped"),
        ("break", 0, "interrupted"),
        ("raise ValueError('a bug of the user')", 1, "interrupted"),
        ("os.kill(os.getpid(), 15); time.sleep(5)", 143, "interrupted"),
        ("os.kill(os.getpid(), 2); time.sleep(5)", -2, "interrupted"),
    ],
    ids=["normal end", "left loop", "exception", "SIGTERM", "SIGINT"],
)
def test_the_board_is_released_at_once(
    board: RunningBoard, files: Files, tmp_path: Path, ending: str, code: int, outcome: str
) -> None:
    script = Script(tmp_path, files.on_port(board.resource), ending)
    assert script.end()[0] == code
    status = board.status()
    assert (status.armed, status.driven) == (0, 0)
    assert status.heartbeat_expired == 0, "released by labrig, not by the board's own watchdog"
    assert script.outcome() == outcome
