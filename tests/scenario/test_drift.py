"""Looks for drift on a board behind a link find what they find in simulation, and its temperature."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import labrig
from labrig.config.loading import load_experiment
from labrig.store.reader import RunReader

EXPERIMENT = """
rig:
  network: {kind: crossbar, inputs: 4, outputs: 3}
  board:
    kind: firmware
    launch: {target: host}
    model:
      elements: {kind: digipot, part: MCP4351-104}
      adc: {bits: 16, span: 5 V, offset: 2 mV}
      dac: {bits: 16, span: 5 V, offset: 2 mV}
      drive: 1 kohm
      seed: 5
  mask: [in1-out2]
task: {samples: [{inputs: [0.3 V, 1.5 V, 3 V, 4.7 V], targets: [2 V, 2.4 V, 2.8 V]}]}
learning:
  rule: {kind: contrastive}
  step: {kind: fixed, rate: 1e-6}
  bounds: {floor: 10 uS}
  initial: {kind: uniform, low: 15 uS, high: 40 uS}
drift: {every: 10}
stop: {steps: 30}
seed: 3
"""


def looks(folder: Path, *, simulate: bool) -> list[dict[str, Any]]:
    path = folder / "experiment.yaml"
    path.write_text(EXPERIMENT)
    experiment = load_experiment(path)
    with labrig.open_bench(experiment.rig, simulate=simulate) as bench:
        training = labrig.train(bench, experiment, runs=folder / "runs")
        training.finish()
        assert training.tally().exchanges == 31 + 4
    with RunReader(training.run) as reader:
        found = [row.values for row in reader.rows([*reader.columns])]
    return [dict(values) for values in found if values["offset_change"] is not None]


@pytest.mark.usefixtures("firmware")
def test_firmware_is_seen_to_stay_as_it_is_and_tells_its_temperature(tmp_path: Path) -> None:
    wired, simulated = looks(tmp_path, simulate=False), looks(tmp_path, simulate=True)
    assert len(wired) == len(simulated) == 4
    for one, other in zip(wired, simulated, strict=True):
        assert not one["drift"]
        assert one["celsius"] == 25.0
        doubt = np.hypot(one["reference_uncertainty"], other["reference_uncertainty"])
        assert abs(one["reference"] - other["reference"]) < 3 * doubt
        assert doubt < 0.002 * one["reference"]
