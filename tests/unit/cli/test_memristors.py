"""Memristors on the command line."""

import json
from pathlib import Path

import pytest

from tests.support.calling import Labrig
from tests.support.files import Files
from tests.support.memristors import memristor_experiment

RIG = """
network: {kind: crossbar, inputs: 4, outputs: 3}
board:
  kind: simulated
  elements: {kind: memristor, part: CMO-HFOX, formed: FORMED}
  adc: {bits: 16, span: 0.5 V}
  dac: {bits: 16, span: 0.5 V}
  drive: 1 kohm
  seed: 5
limits: {voltage: 3.3 V, branch_current: 0.5 mA}
"""


@pytest.fixture
def rig(tmp_path: Path) -> Path:
    path = tmp_path / "rig.yaml"
    path.write_text(RIG.replace("FORMED", "true"))
    return path


@pytest.fixture
def pristine(tmp_path: Path) -> Path:
    path = tmp_path / "pristine.yaml"
    path.write_text(RIG.replace("FORMED", "false"))
    return path


def test_the_result_tells_floor_pulses_and_wear(call: Labrig, tmp_path: Path) -> None:
    answer = call("train", memristor_experiment(tmp_path), "--runs", tmp_path / "runs", "--json")
    assert answer.code == 0
    found = json.loads(answer.out)
    assert found["pulses"] == found["writes"] > 0
    assert 0 < found["wear"] <= found["pulses"]
    assert found["wear_share"] == pytest.approx(found["wear"] / found["endurance"])
    assert found["error_floor"] > 0
    assert found["stuck"] == 0
    shown = call("runs", "show", found["run"], "--runs", tmp_path / "runs", "--json")
    assert json.loads(shown.out)["wear"] == found["wear"]


def test_a_person_is_told_as_well_and_which_devices_are_stuck(call: Labrig, tmp_path: Path) -> None:
    experiment = memristor_experiment(tmp_path, faults="[{kind: stuck-off, branch: in1-out1}]")
    answer = call("train", experiment, "--runs", tmp_path / "runs")
    assert [line.split()[0] for line in answer.out.splitlines()][2:5] == ["floor", "pulses", "wear"]
    assert "stuck   in1-out1: stuck: 200 pulses left it at" in answer.err


def test_pristine_devices_are_formed(call: Labrig, pristine: Path, tmp_path: Path) -> None:
    answer = call("form", pristine, "--runs", tmp_path / "runs", "--json")
    assert answer.code == 0
    found = json.loads(answer.out)
    assert found["outcome"] == "stopped"
    assert {each["ended"] for each in found["branches"]} == {"formed"}
    assert Path(found["picture"]).parent == Path(found["run"])
    assert Path(found["picture"]).stat().st_size > 10_000


def test_a_device_that_is_not_formed_ends_the_command_with_its_name(
    call: Labrig, pristine: Path, tmp_path: Path
) -> None:
    options = ("--branch", "in1,out2", "--ceiling", "2 V", "--runs", tmp_path / "runs")
    answer = call("form", pristine, *options)
    assert answer.code == 5
    assert "not formed: in1-out2; raise --ceiling" in answer.err
    assert answer.out.split()[:2] == ["in1-out2", "ceiling"]


def test_a_conductance_is_watched(call: Labrig, rig: Path, tmp_path: Path) -> None:
    times = ("--times", "0 s, 0.01 s, 0.02 s")
    answer = call("retention", rig, "--target", "40 uS", *times, "--runs", tmp_path / "runs", "--json")
    assert answer.code == 0
    found = json.loads(answer.out)
    assert found["reads"] == 3
    assert all(each["written"] for each in found["branches"])


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("retention", "--target", "40 uS"), "either --for, such as '600 s', or --times"),
        (("retention", "--target", "40 V", "--for", "1 s"), "--target: "),
        (("retention", "--target", "1 S", "--for", "1 s"), "--target: found 1 S; CMO-HFOX is used between"),
        (("endurance", "--cycles", "3"), "--branch: missing; endurance wears devices out"),
        (("endurance", "--branch", "in0,out0", "--set", "high"), "--set: "),
        (("form", "--branch", "in0"), "--branch: found 'in0', which is no branch"),
    ],
)
def test_a_mistake_is_one_sentence(
    call: Labrig, rig: Path, tmp_path: Path, arguments: tuple[str, ...], found: str
) -> None:
    command, *options = arguments
    answer = call(command, rig, *options, "--runs", tmp_path / "runs", "--json")
    assert (answer.code, answer.out) == (2, "")
    assert found in answer.err.splitlines()[-1]


def test_devices_are_worn_out_on_request(call: Labrig, rig: Path, tmp_path: Path) -> None:
    options = ("--branch", "in0,out1", "--cycles", "10", "--runs", tmp_path / "runs", "--json")
    found = json.loads(call("endurance", rig, *options).out)
    assert found["cycles"] == 10
    assert found["branches"][0]["wear"] == 20
    shown = call("runs", "list", "--runs", tmp_path / "runs")
    assert "endurance" in shown.out


def test_boards_without_memristors_say_so(call: Labrig, tmp_path: Path) -> None:
    experiment = Files(tmp_path).simulated()
    rig = tmp_path / "digipots.yaml"
    lines = experiment.read_text().split("task:")[0].replace("rig:\n", "").splitlines()
    rig.write_text("\n".join(line.removeprefix("  ") for line in lines) + "\n")
    answer = call("form", rig, "--runs", tmp_path / "runs")
    assert answer.code == 2
    assert "board SIM5 has no memristors; it is made of MCP4351-104" in answer.err
