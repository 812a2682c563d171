"""The host target as a program: ports, signals, files."""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.firmware import FIRMWARE, SECONDS, SMALL, Starter
from tests.support.memristor_file import MemristorFile


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_board_and_removes_the_link(starter: Starter, ending: signal.Signals) -> None:
    board = starter.board(SMALL)
    board.process.send_signal(ending)
    assert board.process.wait(SECONDS) == 0
    assert not os.path.lexists(starter.folder / "port")


def test_a_link_that_now_leads_to_another_board_is_left_alone(starter: Starter) -> None:
    first, second = starter.board(SMALL), starter.board(SMALL)
    first.process.terminate()
    assert first.process.wait(SECONDS) == 0
    assert second.hello().boot_count == 2
    assert (starter.folder / "port").exists()


def test_the_board_ends_with_its_standard_input_where_it_is_told_to(starter: Starter) -> None:
    process, _ = starter.start(SMALL, "--until-eof", "--pty", str(starter.folder / "port"))
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(SECONDS) == 0
    process.stdin = None


CIRCUIT_MISTAKES: Mapping[str, tuple[str, str, str]] = {
    "unknown keyword": ("drive 100.0", "driver 100.0", ":8: unknown keyword 'driver'"),
    "no number": ("drive 100.0", "drive 100ohm", ":8: '100ohm' of 'drive' must be a number from 0 to 4e+06"),
    "not finite": ("drive 100.0", "drive nan", ":8: 'nan' of 'drive' must be a number from 0 to 4e+06"),
    "missing": ("drive 100.0\n", "", ":11: 'drive' is missing; it must stand before the first branch"),
    "twice": ("drive 100.0", "drive 100.0\ndrive 2", ":9: 'drive' stands twice"),
    "too few values": ("codes 9 0 256 128", "codes 9 0 256", ":4: 'codes' takes 4 values, found 3"),
    "initial code not legal": ("256 128", "256 257", ":4: '257' of 'codes' must be a number from 0 to 256"),
    "no such driver": (
        "branch 0 3",
        "drive-ratio 9 1.0\nbranch 0 3",
        ":12: '9' of 'drive-ratio' must be a number from 0 to 4",
    ),
    "no such line": ("branch 0 3", "branch 0 5", ":12: '5' of 'branch' must be a number from 0 to 4"),
    "self-loop": ("branch 0 3", "branch 3 3", ":12: a branch joins line 3 to itself"),
    "unknown law": ("law rheostat", "law divider", ":5: unknown law 'divider'; known: rheostat"),
    "unknown nudge": ("nudge inject", "nudge hard", ":11: unknown nudge 'hard'; known: toward, "),
    "another file": ("labrig-circuit 1", "labrig-rig 1", ":1: the file must begin with 'labrig-circuit 1'"),
    "another version": ("labrig-circuit 1", "labrig-circuit 2", ":1: '2' of 'labrig-circuit' must be"),
}


OF_MEMRISTORS = replace(SMALL, memristors=MemristorFile())
MEMRISTOR_MISTAKES: Mapping[str, tuple[str, str, str]] = {
    "no range": ("pulses", "#", ":12: 'pulses' is missing; it must stand before the first branch"),
    "no devices": ("memristors", "#", ":12: 'memristors' is missing; it must stand before the first branch"),
    "wipers too": (
        "drive",
        "codes 9 0 256 128\ndrive",
        ":13: 'codes' stands beside 'memristors' or 'pulses'",
    ),
    "learns": ("nudge inject", "learn", ":17: 'learn' moves wipers, and memristors have none"),
    "bounds": ("0.0001 0.6", "1e-06 0.6", ":4: the bounds of 'memristors' must differ"),
    "conductance": (
        "branch 0 3 5e-06",
        "branch 0 3 5e-04",
        ":12: '5e-04' of 'branch' must be a number from 1e-06",
    ),
    "two values": ("branch 0 3 5e-06", "branch 0 3 5e-06 75", ":12: 'branch' takes 3 values, found 4"),
    "shortest": (
        "0.01 1e-06 0.01",
        "0.01 0.1 0.01",
        ":5: '0.01' of 'pulses' must be a number from 0.1 to 40",
    ),
    "shorted": (
        "branch 2 4 5e-06",
        "branch 2 4 5e-06\nfault 0 short",
        ":18: unknown fault 'short' of a memristor",
    ),
    "deviates": ("branch 2 4 5e-06", "branch 2 4 5e-06\ndeviation 0 0 1", ":18: memristors have no codes to"),
}


@pytest.mark.parametrize(
    ("text", "change"),
    [
        *((SMALL.text(), change) for change in CIRCUIT_MISTAKES.values()),
        *((OF_MEMRISTORS.text(), change) for change in MEMRISTOR_MISTAKES.values()),
    ],
    ids=[*CIRCUIT_MISTAKES, *MEMRISTOR_MISTAKES],
)
def test_a_mistake_in_the_circuit_file_is_one_line(
    program: Path, tmp_path: Path, text: str, change: tuple[str, str, str]
) -> None:
    good, bad, said = change
    assert good in text
    file = tmp_path / "circuit.txt"
    file.write_text(text.replace(good, bad, 1))
    command: list[str | Path] = [program, "--pty", tmp_path / "port", "--circuit", file]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"{file}{said}")
    assert ended.stderr.count("\n") == 1
    assert not os.path.lexists(tmp_path / "port")


@pytest.mark.parametrize("content", ["", "abc", "1 2\n", "99999999999\n"])
def test_a_damaged_boot_count_is_not_taken_for_a_new_board(
    program: Path, tmp_path: Path, content: str
) -> None:
    (tmp_path / "circuit").write_text(SMALL.text())
    (tmp_path / "eeprom").write_text(content)
    names = ("circuit", "eeprom", "port")
    options = [f"--{name.replace('port', 'pty')}={tmp_path / name}" for name in names]
    ended = subprocess.run([program, *options], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 2
    assert "no boot count" in ended.stderr
    assert (tmp_path / "eeprom").read_text() == content


def test_two_builds_at_once_both_give_a_program_that_runs(tmp_path: Path) -> None:
    command = ["make", "--silent", "-C", str(FIRMWARE), f"BUILD={tmp_path}", "CFLAGS=-O0", "host"]
    builds = [subprocess.Popen(command) for _ in range(2)]
    assert [build.wait(60) for build in builds] == [0, 0]
    usage = subprocess.run([tmp_path / "labrig-board-host"], capture_output=True, text=True, check=False)
    assert usage.returncode == 2
    assert usage.stderr.startswith("usage: labrig-board-host")
    assert [path.name for path in tmp_path.iterdir()] == ["labrig-board-host"]
