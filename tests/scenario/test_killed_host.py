"""``kill -9`` of a training on an emulated board: its drivers let go by themselves, and the run goes on."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import labrig
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel
from labrig.errors import RunError
from labrig.sim.circuit_file import circuit_text
from labrig.store.reader import RunReader
from tests.support.boards import ask_status

EXPERIMENT = """
rig:
  network: {{kind: crossbar, inputs: 4, outputs: 3}}
  board:
    kind: firmware
    serial_number: B7
    link: {{kind: serial, port: '{port}'}}
  limits: {{voltage: 5 V}}
task:
  samples:
    - inputs: [0.3 V, 1.5 V, 3 V, 4.7 V]
      targets: [2 V, 2.4 V, 2.8 V]
learning:
  rule: {{kind: contrastive}}
  step: {{kind: fixed, rate: 1e-6}}
  {where}
  bounds: {{floor: 10 uS}}
  initial: {{kind: uniform, low: 15 uS, high: 40 uS}}
stop: {{steps: {steps}}}
seed: 3
"""
WHERE = {"host": "where: host", "board": "where: board\n  steps_per_exchange: 20"}
STEPS = 400
HEARTBEAT = 1.0
"""s."""
PATIENCE = 60.0


class Emulated:
    """A board on an emulated processor that outlives its host."""

    def __init__(self, program: Path, folder: Path, model: BoardModel) -> None:
        folder.mkdir()
        self.port = folder / "port"
        circuit = folder / "circuit"
        circuit.write_text(circuit_text(model, Topology.crossbar(4, 3), ()), encoding="ascii")
        options = {"pty": self.port, "circuit": circuit, "serial": "B7"}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self.process = subprocess.Popen([program, *words], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("ready")


@pytest.fixture
def boards(emulator: Path, tmp_path: Path, model: BoardModel) -> Iterator[list[Emulated]]:
    """Two alike."""
    started = [Emulated(emulator, tmp_path / name, model) for name in ("killed", "left alone")]
    yield started
    for board in started:
        board.process.kill()
        board.process.communicate()


def run_labrig(*words: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "labrig", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finished(process: subprocess.Popen[str]) -> None:
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, out


def only(folder: Path) -> Path:
    (run,) = folder.iterdir()
    return run


def stored(runs: Path) -> int:
    """Steps of the only run, so far."""
    for run in runs.glob("*/run.db"):
        with contextlib.suppress(RunError), RunReader(run.parent) as reader:  # while it is being made
            return reader.info().last_step or 0
    return 0


@pytest.mark.parametrize("where", WHERE)
def test_a_killed_host_leaves_an_emulated_board_released_and_a_run_that_goes_on(
    boards: list[Emulated], tmp_path: Path, where: str
) -> None:
    killed, alone = boards
    runs = {board: tmp_path / f"runs {board.port.parent.name}" for board in boards}
    for board in boards:
        (tmp_path / f"{board.port.parent.name}.yaml").write_text(
            EXPERIMENT.format(port=board.port, where=WHERE[where], steps=STEPS), encoding="utf-8"
        )
    host = run_labrig("train", tmp_path / "killed.yaml", "--runs", runs[killed])
    deadline = time.monotonic() + PATIENCE
    while stored(runs[killed]) < STEPS // 4:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    host.kill()
    host.communicate()
    time.sleep(HEARTBEAT + 0.5)
    status = ask_status(str(killed.port))
    assert (status.armed, status.driven, status.heartbeat_expired) == (0, 0, 1)

    finished(run_labrig("resume", only(runs[killed])))
    finished(run_labrig("train", tmp_path / "left alone.yaml", "--runs", runs[alone]))
    codes = [labrig.open_run(only(runs[board])).codes.to_numpy() for board in boards]
    np.testing.assert_array_equal(*codes)
