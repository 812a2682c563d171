"""Potentiometers trained in the shipped experiment come to rest at the floor that is predicted beforehand."""

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from labrig.bench.assembly import open_bench
from labrig.config.boards import SimulatedBoard
from labrig.config.experiment import ExperimentConfig
from labrig.config.loading import load_experiment
from labrig.learning.floor import Floor
from labrig.learning.loop import loop
from labrig.procedures.training.plan import plan_training
from labrig.store.reader import RunReader

EXPERIMENTS = Path(__file__).parents[2] / "configs/experiments"
LOW, HIGH = 0.1, 4.9
SPAN = HIGH - LOW
"""Of the shipped inputs, V."""
STEPS, LAST = 3000, 500
OUTPUTS = 30
ABOUT = 60e-6
"""Error that is expected, RMS over the outputs, as a share of the span."""


def another(seed: int) -> ExperimentConfig:
    """The shipped experiment with other parts and other targets, at shares 0.2 … 0.8 of the span."""
    config = load_experiment(EXPERIMENTS / "crossbar-40x30-digipot.yaml").config
    assert isinstance(config.rig.board, SimulatedBoard)
    board = config.rig.board.model_copy(update={"seed": 100 + seed})
    shares = np.random.default_rng(seed).uniform(0.2, 0.8, OUTPUTS)
    targets = {f"out{j}": float(LOW + SPAN * share) for j, share in enumerate(shares)}
    sample = config.task.samples[0].model_copy(update={"targets": targets})
    return config.model_copy(
        update={
            "rig": config.rig.model_copy(update={"board": board}),
            "task": config.task.model_copy(update={"samples": (sample,)}),
        }
    )


@pytest.mark.parametrize("seed", range(5))
def test_other_parts_and_targets_end_within_a_factor_of_two_of_the_prediction(seed: int) -> None:
    config = another(seed)
    assert config.stop.steps == STEPS
    with open_bench(config.rig) as bench:
        plan = plan_training(bench, config)
        assert isinstance(plan.floor, Floor)
        steps = loop(
            bench, plan.rule, plan.policy, plan.batches, initial=plan.initial, bounds=plan.bounds.bounds
        )
        errors = np.array([step.error for step in islice(steps, STEPS + 1)])
    assert errors[0] > 1000 * plan.floor.error
    at_rest = float(np.sqrt(np.mean(errors[-LAST:] ** 2)))
    assert plan.floor.error / 2 < at_rest < 2 * plan.floor.error
    assert ABOUT / 2 < at_rest / np.sqrt(OUTPUTS) / SPAN < 2 * ABOUT


def test_the_compiled_firmware_is_trained_through_its_port_to_the_predicted_floor(tmp_path: Path) -> None:
    experiment = EXPERIMENTS / "crossbar-40x30-firmware.yaml"
    command = [sys.executable, "-m", "labrig", "train", str(experiment), "--runs", str(tmp_path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["outcome"], result["steps"], result["exchanges"]) == ("stopped", STEPS, STEPS + 1)
    with RunReader(Path(result["run"])) as reader:
        floor = reader.attributes()["predicted_floor"]
        errors = reader.scalars("error")
    assert isinstance(floor, float)
    assert result["error"] == errors[-1]
    at_rest = float(np.sqrt(np.mean(errors[-LAST:] ** 2)))
    assert floor / 2 < at_rest < 2 * floor
    assert ABOUT / 2 < at_rest / np.sqrt(OUTPUTS) / SPAN < 2 * ABOUT
