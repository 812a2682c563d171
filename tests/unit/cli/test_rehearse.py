"""``labrig rehearse``."""

import json
from pathlib import Path

import pytest

import labrig
from labrig.procedures.calibrating.calibrate import calibrate_wiper
from labrig.procedures.calibrating.sealing import write_calibration
from tests.support.calling import Labrig

RIG = """
network: {kind: crossbar, inputs: 3, outputs: 2}
board:
  kind: simulated
  elements: {kind: digipot, part: MCP4351-104, vices: {}}
  adc: {bits: 16, span: 5 V, noise: 100 uV}
  dac: {bits: 16, span: 5 V}
  drive: 100 ohm
  seed: 3
"""
EXPERIMENT = """
rig: rig.yaml
task:
  samples:
    - inputs: [0.5 V, 2 V, 4.5 V]
      targets: [2.2 V, 2.6 V]
learning:
  rule: {kind: contrastive}
  step: {kind: fixed, rate: 3e-6}
  bounds: {floor: 9 uS, ceiling: 300 uS}
  initial: {kind: constant, conductance: 40 uS}
stop: {steps: 6}
"""


def files(folder: Path, *, calibrated: bool) -> Path:
    rig, path = folder / "rig.yaml", folder / "experiment.yaml"
    rig.write_text(RIG)
    path.write_text(EXPERIMENT)
    if calibrated:
        with labrig.open_bench(labrig.load_rig(rig)) as bench:
            found = calibrate_wiper(bench, [20, 40, 80, 160], 1, None, lambda _, __, ___: None)
            write_calibration(found, bench, folder / "board.json")
        rig.write_text(f"{RIG}calibration: board.json\n")
    return path


def test_bands_are_printed_stored_and_compared_with_the_bench(call: Labrig, tmp_path: Path) -> None:
    path = files(tmp_path, calibrated=True)
    answer = call("rehearse", path, "--draws", "5", "--runs", tmp_path / "runs", "--json")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert (found["draws"], found["branches"]) == (5, 6)
    assert found["measures"].keys() == {"error", "wall", "exchanges", "writes"}
    assert found["measures"]["exchanges"] == [7, 7]
    assert found["shares"]["error"] == pytest.approx(4 / 6)
    assert len(found["final_outputs"]["low"][0]) == 2
    assert "training on draws" in answer.err
    bench = call("train", path, "--runs", tmp_path / "runs", "--name", "bench", "--json")
    run = json.loads(bench.out)["run"]
    compared = json.loads(call("runs", "compare", run, found["run"], "--json").out)
    assert compared["bands"]["measures"] == found["measures"]
    assert compared["bands"]["inside"]["exchanges"] is True
    assert len(compared["bands"]["outputs_inside"][0]) == 2
    text = call("runs", "compare", run, found["run"]).out
    assert "band" in text.splitlines()[0]
    assert "of 2 outputs inside" in text


def test_a_person_reads_bands_with_units(call: Labrig, tmp_path: Path) -> None:
    path = files(tmp_path, calibrated=True)
    answer = call("rehearse", path, "--draws", "3", "--runs", tmp_path / "runs")
    assert answer.code == 0, answer.err
    names = [line.split()[0] for line in answer.out.splitlines()]
    assert names[:7] == ["bands", "error", "exchanges", "writes", "wall", "out0", "out1"]
    assert names[7:] == ["outputs", "codes", "run"]
    assert "V …" in answer.out


def test_without_a_calibration_nothing_can_be_drawn(call: Labrig, tmp_path: Path) -> None:
    answer = call("rehearse", files(tmp_path, calibrated=False), "--runs", tmp_path / "runs")
    assert answer.code == 2
    assert "found no calibration of wipers" in answer.err
    assert not (tmp_path / "runs").exists()
