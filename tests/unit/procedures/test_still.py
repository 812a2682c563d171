"""A training on wiper codes that ends once no code changes any more."""

from pathlib import Path

import pytest

import labrig
from labrig.config.loading import Experiment, load_experiment
from labrig.procedures.train import train
from labrig.store.dataset import open_run

EXPERIMENT = """
rig:
  network: {{kind: crossbar, inputs: 8, outputs: 4}}
  board:
    kind: simulated
    elements: {{kind: digipot, part: MCP4351-104}}
    adc: {{bits: 16, span: 5 V}}
    seed: 2
  limits: {{voltage: 5 V}}
task:
  samples:
    - inputs: [0.3 V, 0.9 V, 1.5 V, 2.1 V, 2.7 V, 3.3 V, 3.9 V, 4.5 V]
      targets: [2 V, 2.2 V, 2.4 V, 2.6 V]
learning:
  rule: {{kind: contrastive}}
  step: {{kind: {step}}}
  bounds: {{floor: 10 uS}}
  initial: {{kind: constant, conductance: 20 uS}}
stop: {{steps: 400, still: 8}}
"""


def experiment(folder: Path, step: str = "auto") -> Experiment:
    path = folder / "experiment.yaml"
    path.write_text(EXPERIMENT.format(step=step))
    return load_experiment(path)


def test_auto_ends_by_itself_eight_updates_after_its_last_write(tmp_path: Path) -> None:
    loaded = experiment(tmp_path)
    with labrig.open_bench(loaded.rig) as bench:
        training = train(bench, loaded, runs=tmp_path / "runs")
        ending = training.finish()
    assert ending.outcome == "stopped"
    assert ending.reason == "no code was changed in 8 updates: there is nothing left to gain"
    writes = open_run(training.run).writes.values
    assert len(writes) < 60
    assert (writes[-9:] == writes[-1]).all()
    assert writes[-10] != writes[-1]


@pytest.mark.parametrize("left", [1, 5])
def test_a_resumed_run_ends_at_the_same_step(tmp_path: Path, left: int) -> None:
    loaded = experiment(tmp_path)
    with labrig.open_bench(loaded.rig) as bench:
        whole = train(bench, loaded, runs=tmp_path / "runs", name="whole")
        whole.finish()
    count = len(open_run(whole.run).writes)
    with labrig.open_bench(loaded.rig) as bench:
        broken = train(bench, loaded, runs=tmp_path / "runs", name="broken")
        steps = iter(broken)
        for _ in range(count - left):
            next(steps)
        steps.close()  # type: ignore[attr-defined]
    with labrig.open_resumed(broken.run) as resumed:
        ending = resumed.start(lambda: None).finish()
    assert ending.reason.startswith("no code was changed in 8 updates")
    assert len(open_run(broken.run).writes) == count


def test_a_training_that_goes_on_changing_codes_goes_on(tmp_path: Path) -> None:
    loaded = experiment(tmp_path, "sign")
    with labrig.open_bench(loaded.rig) as bench:
        ending = train(bench, loaded, runs=tmp_path / "runs").finish()
    assert ending.reason == "all 400 steps were done"


def test_a_board_that_learns_does_not_tell_what_it_writes(tmp_path: Path) -> None:
    path = tmp_path / "experiment.yaml"
    text = EXPERIMENT.format(step="fixed, rate: 1e-6").replace("bounds:", "where: board\n  bounds:")
    path.write_text(text)
    with pytest.raises(labrig.errors.ConfigError, match=r"stop\.still: found beside a board that learns"):
        load_experiment(path)
