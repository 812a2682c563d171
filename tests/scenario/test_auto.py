"""The shipped experiments with `step: auto`, on compiled firmware: few settled states, by its own count."""

from pathlib import Path

import numpy as np
import pytest

import labrig
from labrig.arrays import FloatArray
from labrig.bench.assembly import open_bench

EXPERIMENTS = Path(__file__).parents[2] / "configs/experiments"
SPAN = 4.8
"""Of the shipped inputs, V."""


@pytest.mark.parametrize("target", ["firmware", "emulated"])
def test_twenty_settled_states_bring_potentiometers_to_half_a_step_of_their_converter(
    target: str, tmp_path: Path
) -> None:
    experiment = labrig.load_experiment(EXPERIMENTS / f"crossbar-40x30-{target}-auto.yaml")
    with open_bench(experiment.config.rig) as bench:
        assert bench.monitored is not None
        before = bench.monitored.health().states
        training = labrig.train(bench, experiment, runs=tmp_path)
        ending = training.finish()
        assert ending.outcome == "stopped"
        assert bench.monitored.health().states - before == 20
    with labrig.open_run(training.run) as run:
        x: FloatArray = np.asarray(run.outputs, dtype=np.float64)[-1]
        y: FloatArray = np.asarray(run.targets, dtype=np.float64)
    assert np.sqrt(np.mean((x - y) ** 2)) <= 8e-6 * SPAN
