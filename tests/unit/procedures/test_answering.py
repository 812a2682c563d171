"""Branches that do not answer to their codes are named at the end of a training that missed its target."""

from pathlib import Path

import numpy as np
import pytest

import labrig
from labrig.config.loading import load_experiment
from labrig.store.dataset import open_run
from labrig.store.reader import RunReader
from labrig.views.gather import load_record
from labrig.views.signatures import signatures

EXPERIMENT = """
rig:
  network: {{kind: crossbar, inputs: 8, outputs: 6}}
  board:
    kind: simulated
    elements: {{kind: digipot, part: MCP4351-104}}
    adc: {{bits: 16, span: 5 V, noise: {noise}}}
    dac: {{bits: 16, span: 5 V}}
    seed: {seed}
  limits: {{voltage: 5 V}}
  faults: [{faults}]
task:
  samples:
    - inputs: [0.3 V, 0.9 V, 1.5 V, 2.1 V, 2.7 V, 3.3 V, 3.9 V, 4.5 V]
      targets: [2 V, 2.2 V, 2.4 V, 2.6 V, 2.5 V, 2.3 V]
learning:
  rule: {{kind: contrastive}}
  step: {{kind: fixed, rate: 3e-6}}
  bounds: {{floor: 10 uS}}
  initial: {{kind: constant, conductance: 20 uS}}
stop: {{error: 1 nV, steps: {steps}}}
"""


def trained(folder: Path, faults: str, *, noise: str = "0 V", seed: int = 1, steps: int = 30) -> Path:
    path = folder / "experiment.yaml"
    path.write_text(EXPERIMENT.format(faults=faults, noise=noise, seed=seed, steps=steps))
    experiment = load_experiment(path)
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=folder / "runs", name=f"s{seed}")
        training.finish()
        assert np.array_equal(bench.branch_values(), open_run(training.run).codes.values[-1])
        assert training.tally().measurements == bench.counters.measurements
    return training.run


def drawn_faults(seed: int) -> dict[str, str]:
    draw = np.random.default_rng(seed)
    places = draw.choice(48, 3, replace=False)
    names = [f"in{k // 6}-out{k % 6}" for k in places.tolist()]
    return {
        names[0]: f"{{kind: stuck, branch: {names[0]}, code: {draw.integers(20, 257)}}}",
        names[1]: f"{{kind: stuck, branch: {names[1]}, code: {draw.integers(20, 257)}}}",
        names[2]: f"{{kind: open, branch: {names[2]}}}",
    }


@pytest.mark.parametrize("noise", ["0 V", "1 mV"])
def test_of_eight_boards_each_stuck_and_open_branch_is_named_and_no_other(tmp_path: Path, noise: str) -> None:
    for seed in range(8):
        wanted = drawn_faults(seed)
        record = load_record(trained(tmp_path, ", ".join(wanted.values()), noise=noise, seed=seed))
        assert sorted(record.silent) == sorted(wanted)


def test_it_is_said_at_the_end(tmp_path: Path) -> None:
    record = load_record(trained(tmp_path, "{kind: stuck, branch: in2-out1, code: 90}"))
    (told,) = [text for text in signatures(record, 1e-9) if text.startswith("stuck branch")]
    assert "in2-out1 did not answer" in told


def test_it_is_not_looked_for_where_the_target_was_met(tmp_path: Path) -> None:
    path = tmp_path / "experiment.yaml"
    path.write_text(EXPERIMENT.format(faults="", noise="0 V", seed=1, steps=400).replace("1 nV", "50 mV"))
    experiment = load_experiment(path)
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path / "runs")
        assert training.finish().outcome == "converged"
    with RunReader(training.run) as reader:
        assert "silent" not in reader.constants()
