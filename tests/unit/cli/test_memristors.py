"""Memristors on the command line."""

import json
from pathlib import Path

import pytest

from tests.support.calling import Labrig
from tests.support.memristors import memristor_experiment


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
