"""``labrig board info`` and ``check`` as scripts use them, on the compiled firmware."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from labrig.boards.base import BoardRequest
from labrig.boards.wired import open_wired
from labrig.config.writing import to_yaml
from labrig.links.serial import open_serial
from labrig.wire.boundaries import WireBoundary
from labrig.wire.definition import Message
from tests.support.boards import ask_status
from tests.support.calling import Labrig
from tests.support.checks import rig_of
from tests.support.firmware import Circuit, Starter, crossbar

RigOn = Callable[[Circuit], Path]
"""A rig file for a board with this circuit, which runs."""
CIRCUIT = replace(crossbar(5, 4, 100.0), seed=8)


@pytest.fixture
def starter(firmware: Path, tmp_path: Path) -> Iterator[Starter]:
    boards = Starter(firmware, tmp_path)
    yield boards
    boards.close()


def rig_file(folder: Path, circuit: Circuit, port: str) -> Path:
    path = folder / "rig.yaml"
    network = rig_of(circuit).network.model_dump(mode="json")
    text = (
        f"network: {json.dumps(network)}\nboard: {{kind: firmware, link: {{kind: serial, port: '{port}'}}}}\n"
    )
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def rig_on(starter: Starter, tmp_path: Path) -> RigOn:
    def start(circuit: Circuit) -> Path:
        starter.start(circuit, "--pty", str(tmp_path / "port"))
        return rig_file(tmp_path, circuit, str(tmp_path / "port"))

    return start


def codes_on(port: Path) -> Sequence[int]:
    """What the chips hold."""
    board = open_wired(open_serial(str(port), 1_000_000))
    try:
        reply = board.exchange(BoardRequest([], read_back=True))
    finally:
        board.close()
    assert reply.program is not None
    return [int(code) for code in reply.program.values]


def test_info_tells_identity_ranges_and_health_of_a_board(call: Labrig, rig_on: RigOn) -> None:
    told = json.loads(call("board", "info", rig_on(CIRCUIT), "--json").out)
    assert (told["serial_number"], told["part"]) == ("A7F3", "MCP4351-104")
    assert (told["inputs"], told["outputs"], told["hidden"], told["branches"]) == (5, 4, 0, 20)
    assert told["codes"] == {"minimum": 0, "maximum": 256, "bits": 9}
    assert told["adc"] == told["dac"] == {"bits": 16, "span": 5.0}
    assert (told["drive"], told["heartbeat"]) == (100.0, 1.0)
    assert (told["health"]["supply"], told["health"]["temperature"]) == (5.0, 25.0)
    assert told["boot_count"] == told["health"]["boot_count"] == 1
    assert re.fullmatch("[0-9A-F]{8}", told["fingerprint"])


def test_info_leaves_a_board_driving_that_another_program_drives(
    call: Labrig, starter: Starter, tmp_path: Path
) -> None:
    board = starter.board(CIRCUIT)
    board.hello()
    board.arm()
    board.measure(WireBoundary(inputs={0: 100, 1: 200}, clamps={}))
    answer = call("board", "info", rig_file(tmp_path, CIRCUIT, str(tmp_path / "port")), "--json")
    health = json.loads(answer.out)["health"]
    assert (health["armed"], health["driven"], health["states"]) == (True, 2, 1)
    board.do(Message.HEARTBEAT)  # answered only in the session that was begun before
    assert board.status().driven == 2


def test_info_as_a_table_names_what_a_person_looks_for(call: Labrig, rig_on: RigOn) -> None:
    rows = dict(
        line.strip().split("  ", 1) for line in call("board", "info", rig_on(CIRCUIT)).out.splitlines()
    )
    assert rows["board"].strip() == "A7F3 (firmware)"
    assert rows["supply"].strip() == "5 V"
    assert rows["lines"].strip() == "5 inputs, 4 outputs, 0 hidden"


def test_info_of_a_simulated_board_has_what_there_is(call: Labrig, tmp_path: Path) -> None:
    path = tmp_path / "rig.yaml"
    path.write_text(to_yaml(rig_of(CIRCUIT)), encoding="utf-8")
    told = json.loads(call("board", "info", path, "--json").out)
    assert (told["kind"], told["branches"], told["health"], told["fingerprint"]) == (
        "simulated",
        20,
        None,
        None,
    )


def test_a_sound_board_passes(call: Labrig, rig_on: RigOn, tmp_path: Path) -> None:
    answer = call("board", "check", rig_on(CIRCUIT), "--json")
    assert answer.code == 0
    told = json.loads(answer.out)
    assert told["passed"] is True
    assert {check["name"]: check["passed"] for check in told["checks"]} == dict.fromkeys(
        [
            "link", "supply", "DAC and ADC, zero", "DAC and ADC, full scale", "driven lines follow",
            "released lines float", "codes read back", "conductances follow codes", "measured over nominal",
            "wiring",
        ],
        True,
    )  # fmt: skip
    assert told["faults"] == []
    assert len(told["branches"]) == 20
    assert told["checks"][0]["numbers"].keys() == {"echoes", "median", "p99", "wrong", "damaged", "repeated"}
    assert told["checks"][0]["numbers"]["echoes"] == 1000
    assert ask_status(str(tmp_path / "port")).driven == 0
    assert set(codes_on(tmp_path / "port")) == {128}


def test_a_broken_board_ends_with_code_5_and_a_picture(call: Labrig, rig_on: RigOn, tmp_path: Path) -> None:
    faults = ("fault 2 open", "fault 9 stuck 33", "fault 16 short")
    rig, picture = rig_on(replace(CIRCUIT, faults=faults)), tmp_path / "board.png"
    answer = call("board", "check", rig, "--json", "--out", picture)
    assert answer.code == 5
    told = json.loads(answer.out)
    states = {branch["branch"]: branch["state"] for branch in told["branches"] if branch["state"] != "fine"}
    assert states == {"in0-out2": "open", "in2-out1": "stuck", "in4-out0": "short"}
    assert told["picture"] == str(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert set(codes_on(tmp_path / "port")) == {128}


def test_the_table_says_pass_or_fail_and_progress_goes_to_stderr(call: Labrig, rig_on: RigOn) -> None:
    answer = call("board", "check", rig_on(replace(CIRCUIT, faults=("fault 2 open",))))
    assert answer.code == 5
    assert re.search(r"^link +pass +1000 echoes", answer.out, re.MULTILINE)
    assert re.search(r"^conductances follow codes +FAIL +19 of 20", answer.out, re.MULTILINE)
    assert "✗ in0-out2: open, it does not conduct" in answer.out
    assert answer.err.splitlines()[:2] == ["checking link", "checking lines"]


def test_a_picture_that_cannot_be_written_is_one_sentence(
    call: Labrig, rig_on: RigOn, tmp_path: Path
) -> None:
    answer = call("board", "check", rig_on(CIRCUIT), "--out", tmp_path / "missing" / "board.png")
    assert answer.code == 2
    assert "--out" in answer.err.splitlines()[-1]
