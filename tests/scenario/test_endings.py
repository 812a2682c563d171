"""However a training ends, the board is released: asked of the firmware process itself, from outside."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import labrig
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel
from labrig.errors import RunError
from labrig.store.reader import RunReader
from labrig.store.sessions import Outcome
from tests.support.boards import RunningBoard, StartBoard
from tests.support.files import Files

HEARTBEAT = 1.0
"""Seconds after which a board releases itself when its host is silent."""
LEASE = 5.0
"""Seconds for which a silent main loop is believed to be alive."""
SLACK = 1.0
"""Seconds that a busy machine may take on top."""
PATIENCE = 60.0
"""Seconds for which a test waits for what must come; far more than it takes."""

SCRIPT = """
import os, sys, time
import labrig
from labrig.errors import LimitExceeded, ReadbackMismatch
experiment = labrig.load_experiment(sys.argv[1])
with labrig.open_bench(experiment.rig) as bench:
    for step in labrig.train(bench, experiment, runs=sys.argv[2]):
        if step.step == 5:
            print("driving", flush=True)
            {ending}
print("left in order", flush=True)
"""
BETWEEN_STEPS = "the program left the loop"
"""Why a run ends when a signal comes while its program looks at a step."""
FAILING = "bench.settle = lambda *_, **__: (_ for _ in ()).throw({error}('on purpose'))"
"""In the next step."""


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _nothing_outlives_its_test() -> Iterator[None]:
    yield
    while STARTED:
        process = STARTED.pop()
        process.kill()
        process.communicate()


@pytest.fixture
def board(start_board: StartBoard, model: BoardModel, topology: Topology) -> RunningBoard:
    return start_board(model, topology)


class Program:
    """A process that trains on a board, and the run that it writes."""

    def __init__(self, runs: Path, command: Sequence[str], **options: Any) -> None:
        self.runs = runs
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )
        STARTED.append(self.process)

    def end(self) -> tuple[int, str, str]:
        """Exit code, and what it said on stdout and stderr."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err

    @property
    def run(self) -> Path:
        (run,) = (path for path in self.runs.iterdir() if path.is_dir())
        return run

    def ended(self) -> tuple[str, str | None]:
        """What the run says of its end."""
        with RunReader(self.run) as reader:
            return reader.info().status, reader.info().reason


class Script(Program):
    """A user's program, up to its fifth step."""

    def __init__(self, folder: Path, experiment: Path, ending: str) -> None:
        path = folder / "script.py"
        path.write_text(SCRIPT.format(ending=ending), encoding="utf-8")
        runs = folder / "runs"
        super().__init__(runs, [sys.executable, str(path), str(experiment), str(runs)])
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        assert first == "driving\n", self.process.communicate()[1]


class Command(Program):
    """``labrig train``, after its first steps."""

    def __init__(self, folder: Path, experiment: Path, **options: Any) -> None:
        runs = folder / "runs"
        command = [sys.executable, "-m", "labrig", "train", str(experiment), "--runs", str(runs), "--json"]
        super().__init__(runs, command, **options)
        wait_for_steps(runs)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


def last_step(runs: Path) -> int:
    """Of the only run; -1 while it is being made."""
    for run in runs.glob("*/run.db"):
        with contextlib.suppress(RunError), RunReader(run.parent) as reader:
            last = reader.info().last_step
            return -1 if last is None else last
    return -1


def wait_for_steps(runs: Path, steps: int = 5) -> None:
    deadline = time.monotonic() + PATIENCE
    while last_step(runs) < steps:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def endless(files: Files, board: RunningBoard) -> Path:
    return files.on_port(board.resource, stop="{steps: 1000000}")


def driven(board: RunningBoard) -> tuple[int, int]:
    status = board.status()
    return status.armed, status.driven


def assert_released_by_labrig(board: RunningBoard) -> None:
    status = board.status()
    assert (status.armed, status.driven) == (0, 0)
    assert status.heartbeat_expired == 0, "released by labrig, not by the board's own watchdog"


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
    assert script.ended()[0] == "interrupted"


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
        ("os.kill(os.getpid(), 1); time.sleep(5)", 129, "interrupted"),
        ("os.kill(os.getpid(), 2); time.sleep(5)", -2, "interrupted"),
        (FAILING.format(error="ReadbackMismatch"), 1, "failed"),
        (FAILING.format(error="LimitExceeded"), 1, "tripped"),
        (FAILING.format(error="ZeroDivisionError"), 1, "failed"),
    ],
    ids=["end", "left loop", "user's bug", "SIGTERM", "SIGHUP", "SIGINT", "fault", "limit", "own bug"],
)
def test_a_users_program_leaves_the_board_released_at_once(
    board: RunningBoard, files: Files, tmp_path: Path, ending: str, code: int, outcome: Outcome
) -> None:
    script = Script(tmp_path, files.on_port(board.resource), ending)
    assert script.end()[0] == code
    assert_released_by_labrig(board)
    assert script.ended()[0] == outcome


@pytest.mark.parametrize(
    ("signals", "code", "reason"),
    [
        ([signal.SIGINT], 130, "Ctrl-C: the step in progress was finished"),
        ([signal.SIGINT, signal.SIGINT], 130, "Ctrl-C"),
        ([signal.SIGTERM], 143, "terminated (exit code 143)"),
        ([signal.SIGTERM, signal.SIGTERM, signal.SIGHUP], 143, "terminated (exit code 143)"),
        ([signal.SIGHUP], 129, "terminated (exit code 129)"),
    ],
    ids=["SIGINT", "SIGINT twice", "SIGTERM", "SIGTERM and more", "SIGHUP"],
)
def test_the_command_ends_in_order_on_a_signal_and_can_be_resumed(
    board: RunningBoard,
    files: Files,
    tmp_path: Path,
    signals: Sequence[signal.Signals],
    code: int,
    reason: str,
) -> None:
    command = Command(tmp_path, endless(files, board))
    for number in signals:
        command.send(number)
        time.sleep(0.02)
    found, out, err = command.end()
    assert found == code, err
    assert_released_by_labrig(board)
    outcome, why = command.ended()
    assert outcome == "interrupted"
    assert why is not None
    assert why.startswith((reason, BETWEEN_STEPS))
    assert json.loads(out)["outcome"] == "interrupted"
    assert "Traceback" not in err


def test_a_training_that_converges_leaves_the_board_released(
    board: RunningBoard, files: Files, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    experiment = files.on_port(board.resource, stop="{error: 10 V, steps: 100}")
    command = [sys.executable, "-m", "labrig", "train", str(experiment), "--runs", str(runs), "--json"]
    program = Program(runs, command)
    code, out, _ = program.end()
    assert (code, json.loads(out)["outcome"]) == (0, "converged")
    assert_released_by_labrig(board)


def test_closing_the_terminal_ends_the_training_in_order(
    board: RunningBoard, files: Files, tmp_path: Path
) -> None:
    experiment, runs = endless(files, board), tmp_path / "runs"
    child, terminal = pty.fork()
    if child == 0:
        arguments = ["-m", "labrig", "train", str(experiment), "--runs", str(runs)]
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - in the terminal's session
    said = b""
    while b"run " not in said:
        said += os.read(terminal, 4096)
    wait_for_steps(runs)
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGHUP
    assert_released_by_labrig(board)
    (run,) = runs.iterdir()
    with RunReader(run) as reader:
        assert reader.info().status == "interrupted"
    assert (run / "summary.png").is_file()


def test_under_nohup_a_closed_terminal_is_no_ending(
    board: RunningBoard, files: Files, tmp_path: Path
) -> None:
    command = Command(
        tmp_path,
        endless(files, board),
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    command.send(signal.SIGHUP)
    wait_for_steps(command.runs, last_step(command.runs) + 10)
    command.send(signal.SIGTERM)
    assert command.end()[0] == 143
    assert_released_by_labrig(board)


def test_a_program_that_stood_still_longer_than_the_heartbeat_goes_on(
    board: RunningBoard, files: Files, tmp_path: Path
) -> None:
    command = Command(tmp_path, endless(files, board))
    command.send(signal.SIGSTOP)
    time.sleep(HEARTBEAT + SLACK)
    command.send(signal.SIGCONT)
    wait_for_steps(command.runs, last_step(command.runs) + 10)
    command.send(signal.SIGINT)
    code, _, err = command.end()
    assert code == 130, err
    assert driven(board) == (0, 0)
    assert board.status().heartbeat_expired == 1, "a board that kept driving meanwhile shows nothing"


def test_a_board_that_dies_is_one_sentence_and_the_run_goes_on_when_it_is_back(
    board: RunningBoard,
    files: Files,
    tmp_path: Path,
    start_board: StartBoard,
    model: BoardModel,
    topology: Topology,
) -> None:
    command = Command(tmp_path, files.on_port(board.resource, stop="{steps: 300}"))
    board.stop()
    code, out, err = command.end()
    assert code == 3
    (sentence,) = (line for line in err.splitlines() if line.startswith("labrig: "))
    assert "vanished" in sentence
    assert board.resource in sentence
    assert "Traceback" not in err
    assert json.loads(out)["outcome"] == "failed"
    assert command.ended()[0] == "failed"

    again = start_board(model, topology)
    resume = [sys.executable, "-m", "labrig", "resume", str(command.run), "--json"]
    code, out, err = Program(command.runs, resume).end()
    assert code == 0, err
    assert (json.loads(out)["outcome"], json.loads(out)["steps"]) == ("stopped", 300)
    assert_released_by_labrig(again)


def test_a_board_that_comes_back_under_another_name_is_found_by_its_serial_number(
    files: Files, tmp_path: Path, start_board: StartBoard, model: BoardModel, topology: Topology
) -> None:
    rig = f"kind: firmware\nserial_number: A7F3\nlink: {{kind: serial, port: '{tmp_path}/tty*'}}"
    experiment = files.experiment(rig, stop="{steps: 300}")
    start_board(model, topology, "C2", name="tty0")
    board = start_board(model, topology, "A7F3", name="tty1")
    command = Command(tmp_path, experiment)
    board.stop()
    code, _, err = command.end()
    assert code == 3, err
    assert err.count("vanished") == 1, "once is enough"
    assert f"{tmp_path}/tty1 vanished: check its cable" in err

    start_board(model, topology, "D3", name="tty1")
    start_board(model, topology, "A7F3", name="tty2")
    resume = [sys.executable, "-m", "labrig", "resume", str(command.run), "--json"]
    code, out, err = Program(command.runs, resume).end()
    assert code == 0, err
    assert json.loads(out)["steps"] == 300

    undisturbed = Command(tmp_path / "undisturbed", experiment)
    assert undisturbed.end()[0] == 0
    codes = [labrig.open_run(program.run).codes.to_numpy() for program in (command, undisturbed)]
    assert np.array_equal(*codes)


def test_a_board_that_is_on_no_port_of_a_pattern_is_told_with_what_is_there(
    files: Files, tmp_path: Path, start_board: StartBoard, model: BoardModel, topology: Topology
) -> None:
    start_board(model, topology, "C2", name="tty0")
    rig = f"kind: firmware\nserial_number: A7F3\nlink: {{kind: serial, port: '{tmp_path}/tty*'}}"
    command = [sys.executable, "-m", "labrig", "train", str(files.experiment(rig)), "--runs", str(tmp_path)]
    code, _, err = Program(tmp_path, command).end()
    assert code == 3
    assert f"no board A7F3 was found: {tmp_path}/tty0 has board C2" in " ".join(err.split())


@pytest.mark.parametrize("told_to_end", [False, True], ids=["by itself", "by SIGTERM"])
def test_a_board_that_falls_silent_ends_the_training_within_its_deadlines(
    board: RunningBoard, files: Files, tmp_path: Path, told_to_end: bool
) -> None:
    """Eight tries of an exchange, then three of making safe: here, when the bench is left, and on closing."""
    command = Command(tmp_path, endless(files, board))
    board.process.send_signal(signal.SIGSTOP)
    if told_to_end:
        command.send(signal.SIGTERM)
    code, _, err = command.end()
    board.process.send_signal(signal.SIGCONT)
    assert code == 3, "that it could not be made safe weighs more than that it was asked to end"
    assert "releases its drivers by itself after 1 s of silence" in err
    assert "Traceback" not in err
    assert driven(board) == (0, 0)


def test_ctrl_c_at_the_terminal_does_not_take_a_launched_board_away_before_it_is_safe(
    files: Files, tmp_path: Path
) -> None:
    experiment = files.experiment(
        "kind: firmware\nlaunch: {target: host}\nmodel:\n"
        "  elements: {kind: digipot, part: MCP4351-104}\n"
        "  adc: {bits: 16, span: 5 V}\n  dac: {bits: 16, span: 5 V}\n  drive: 10 ohm\n  seed: 5",
        stop="{steps: 1000000}",
    )
    command = Command(tmp_path, experiment, start_new_session=True)
    os.killpg(command.process.pid, signal.SIGINT)
    code, _, err = command.end()
    assert code == 130, err
    assert command.ended()[0] == "interrupted"


DAMAGED = """
rig:
  network: {kind: crossbar, inputs: 4, outputs: 3}
  board:
    kind: firmware
    launch: {target: host}
    model:
      elements: {kind: digipot, part: MCP4351-104}
      adc: {bits: 16, span: 5 V}
      dac: {bits: 16, span: 5 V}
  limits: {voltage: 5 V}
  faults: [{kind: flip, rate: 1e-3}]
task:
  samples:
    - inputs: [0.3 V, 1.5 V, 3 V, 4.7 V]
      targets: [2 V, 2.4 V, 2.8 V]
learning:
  rule: {kind: contrastive}
  step: {kind: fixed, rate: 1e-6}
  bounds: {floor: 10 uS}
  initial: {kind: uniform, low: 15 uS, high: 40 uS}
stop: {steps: 400}
seed: 3
"""


def test_a_line_that_damages_more_than_a_hundredth_of_the_frames_is_told_at_the_end(tmp_path: Path) -> None:
    experiment = tmp_path / "damaged.yaml"
    experiment.write_text(DAMAGED, encoding="utf-8")
    command = [sys.executable, "-m", "labrig", "train", str(experiment), "--runs", str(tmp_path / "runs")]
    code, _, err = Program(tmp_path / "runs", command).end()
    assert code == 0, err
    assert "had to be sent again: check the cable and the baud rate" in err
