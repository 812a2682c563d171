"""`labrig simulate board` as other programs meet it: a process behind a terminal or a TCP port."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import labrig
from labrig.boards.base import BoardRequest, Codes, program_digest
from labrig.boards.wired import WiredBoard, open_wired
from labrig.circuit.boundary import Boundary
from labrig.config.writing import to_yaml
from labrig.links.serial import open_serial
from labrig.views.gather import load_record
from labrig.views.result import result_arrays
from tests.support.files import Files

EMULATED = ("host", "atmega2560")
PATIENCE = 60.0
"""Seconds that anything may take on a busy machine."""


@dataclass
class Served:
    """A running server."""

    process: subprocess.Popen[str]
    ready: str
    """What it printed first."""

    def open(self) -> WiredBoard:
        return open_wired(open_serial(self.port, 1_000_000))

    @property
    def port(self) -> str:
        return self.ready.removeprefix("ready ").replace("tcp://", "socket://")

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        """Its exit code, what it printed afterwards, and what it said."""
        self.process.send_signal(number)
        rest, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, rest, said


class Server:
    """Starts servers of the board of `Files.simulated`."""

    def __init__(self, files: Files) -> None:
        self._rig = files.folder / "rig.yaml"
        self._rig.write_text(to_yaml(labrig.load_experiment(files.simulated()).rig))
        self._started: list[subprocess.Popen[str]] = []

    def start(self, listen: str, *options: str) -> Served:
        words = ["simulate", "board", str(self._rig), "--listen", listen, *options]
        command = [sys.executable, "-m", "labrig", *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._started.append(process)
        assert process.stdout is not None
        return Served(process, process.stdout.readline().rstrip("\n"))

    def close(self) -> None:
        for process in self._started:
            process.kill()
            process.communicate()


@pytest.fixture
def server(files: Files) -> Iterator[Server]:
    server = Server(files)
    yield server
    server.close()


def trained(experiment: Path, runs: Path) -> dict[str, Any]:
    """Final conductances and outputs of a training."""
    loaded = labrig.load_experiment(experiment)
    with labrig.open_bench(loaded.rig) as bench:
        training = labrig.train(bench, loaded, runs=runs)
        for _ in training:
            pass
    return result_arrays(load_record(training.run))


@pytest.mark.parametrize("listen", ["pty", "tcp"])
def test_a_training_over_the_wire_is_the_training_in_process(
    server: Server, files: Files, tmp_path: Path, listen: str
) -> None:
    link = tmp_path / "board"
    served = server.start(f"pty:{link}" if listen == "pty" else "tcp://127.0.0.1:0")
    over_the_wire = trained(files.on_port(str(link) if listen == "pty" else served.port), tmp_path / "wire")
    in_process = trained(files.simulated(), tmp_path / "process")
    assert over_the_wire == in_process
    assert len(set(in_process["conductances"])) > 3, "nothing was trained"


def test_the_next_client_finds_the_codes_that_the_last_one_left_and_no_driver_on(
    server: Server, tmp_path: Path
) -> None:
    served = server.start(f"pty:{tmp_path}/board")
    assert served.ready == f"ready {(tmp_path / 'board').readlink()}"
    first = served.open()
    codes = Codes(np.arange(100, 112))
    first.exchange(BoardRequest([Boundary({0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0})], program=codes))
    assert first.status().driven == 4
    first.close()
    second = served.open()
    assert (second.digest(), second.status().driven) == (program_digest(codes), 0)
    second.close()


@pytest.mark.usefixtures("firmware", "emulator")
@pytest.mark.parametrize("listen", ["pty", "tcp"])
@pytest.mark.parametrize("target", EMULATED)
def test_compiled_firmware_trains_as_the_simulated_board_does(
    server: Server, files: Files, tmp_path: Path, target: str, listen: str
) -> None:
    link = tmp_path / "board"
    where = f"pty:{link}" if listen == "pty" else "tcp://127.0.0.1:0"
    served = server.start(where, "--emulate", target)
    board = served.open()
    told = (board.info.serial_number, board.info.nudging.inject)
    board.close()
    assert told == (("HOST5", True) if target == "host" else ("AVR5", False))
    over_the_wire = trained(files.on_port(str(link) if listen == "pty" else served.port), tmp_path / "wire")
    in_process = trained(files.simulated(), tmp_path / "process")
    assert over_the_wire == in_process
    assert len(set(in_process["conductances"])) > 3, "nothing was trained"


@pytest.mark.usefixtures("firmware", "emulator")
@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("options", [[], *(["--emulate", target] for target in EMULATED)], ids=" ".join)
def test_a_signal_ends_it_in_order(
    server: Server, tmp_path: Path, options: list[str], ending: signal.Signals, code: int
) -> None:
    link = tmp_path / "board"
    served = server.start(f"pty:{link}", *options)
    assert served.ready == f"ready {link.readlink()}"
    assert served.end(ending)[:2] == (code, "")
    assert not os.path.lexists(link)


@pytest.mark.usefixtures("firmware")
def test_firmware_that_ends_by_itself_is_told_of(server: Server, tmp_path: Path) -> None:
    served = server.start(f"pty:{tmp_path}/board", "--emulate", "host")
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text().split()
    (child,) = map(int, children)
    os.kill(child, signal.SIGKILL)
    _, said = served.process.communicate(timeout=PATIENCE)
    assert served.process.returncode == 5
    assert "the firmware ended by itself with exit code -9: it said nothing" in said


def test_json_says_what_to_open(server: Server) -> None:
    served = server.start("tcp://127.0.0.1:0", "--json")
    told = json.loads(served.ready)
    assert set(told) == {"ready"}
    assert told["ready"].startswith("tcp://127.0.0.1:")
    assert served.end(signal.SIGTERM)[:2] == (143, "")


def test_it_says_how_a_rig_names_it(server: Server, files: Files) -> None:
    served = server.start("tcp://127.0.0.1:0")
    (board,) = re.findall(r"in rigs board: \{(.*)\}\n", served.end(signal.SIGTERM)[2])
    named = labrig.load_experiment(files.experiment(board.replace(", link", "\nlink"))).rig.board
    assert named == labrig.load_experiment(files.on_port(served.port)).rig.board
