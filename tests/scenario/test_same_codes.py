"""A rehearsal is the performance: simulated board and compiled firmware give the same codes, step by step."""

import dataclasses
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from labrig.bench.assembly import open_bench
from labrig.config.faults import (
    AdcStuck,
    Babble,
    Drop,
    Duplicate,
    Fault,
    Flip,
    Insert,
    Open,
    Short,
    Silence,
    Stuck,
    Truncate,
    Unwritable,
)
from labrig.config.loading import Experiment, load_experiment
from labrig.learning.loop import loop
from labrig.procedures.training.plan import plan_training
from labrig.store.columns import AnyArray

EXPERIMENTS = Path(__file__).parents[2] / "configs/experiments"

# Inputs and outputs of a 4 × 4 grid of potentiometers, named out of order; the other ten nodes are hidden.
GRID = """
rig:
  network:
    kind: graph
    nodes: [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3]
    branches:
      [[a0, b0], [a0, a1], [a1, b1], [a1, a2], [a2, b2], [a2, a3], [a3, b3], [b0, c0], [b0, b1], [b1, c1],
       [b1, b2], [b2, c2], [b2, b3], [b3, c3], [c0, d0], [c0, c1], [c1, d1], [c1, c2], [c2, d2], [c2, c3],
       [c3, d3], [d0, d1], [d1, d2], [d2, d3]]
    inputs: [c3, a2, d0]
    outputs: [b1, a0, c2]
  board:
    kind: firmware
    launch: {{target: host}}
    model:
      elements: {{kind: digipot, part: MCP4351-104, tolerance: 20 %}}
      adc: {{bits: 12, span: 5 V}}
      dac: {{bits: 16, span: 5 V}}
      drive: 100 ohm
      nudge: {{{nudge}}}
      seed: 8
task:
  samples:
    - inputs: {{c3: 0.5 V, a2: 4.5 V, d0: 2.3 V}}
      targets: {{b1: 2.9 V, a0: 3.2 V, c2: 1.6 V}}
    - inputs: {{c3: 4 V, a2: 1 V, d0: 0.7 V}}
      targets: {{b1: 1.3 V, a0: 1.1 V, c2: 2.8 V}}
learning:
  rule: {{kind: {rule}}}
  step: {{kind: fixed, rate: {rate}}}
  bounds: {{floor: 10 uS}}
  initial: {{kind: uniform, low: 15 uS, high: 60 uS}}
seed: 2
"""
COUPLED = {"rule": "coupled, nudge: 0.3", "rate": "3e-6 S/V^2"}
EQUILIBRIUM = {"rule": "equilibrium, nudge: 10 uS", "rate": "2e-10 S^2/V^2"}


def traced(experiment: Experiment, steps: int, *, simulate: bool = False) -> dict[str, AnyArray]:
    """Train without a store; what the board held and measured before each update."""
    with open_bench(experiment.rig, simulate=simulate) as bench:
        plan = plan_training(bench, experiment.config)
        training = loop(
            bench, plan.rule, plan.policy, plan.batches, initial=plan.initial, bounds=plan.bounds.bounds
        )
        taken = [(bench.branch_values(), step) for step in islice(training, steps)]
    evidence = [step.evidence for _, step in taken]
    return {
        "codes": np.stack([codes for codes, _ in taken]),
        "free": np.stack([found.free.node_voltages for found in evidence]),
        "clamped": np.stack([found.clamped.node_voltages for found in evidence]),
        "errors": np.stack([found.errors for found in evidence]),
        "latents": np.stack([step.latent for _, step in taken]),
        "exchanges": np.array([step.progress.exchanges for _, step in taken]),
    }


def assert_same(found: dict[str, AnyArray], expected: dict[str, AnyArray], *, moved: int) -> None:
    """Bit by bit, where the training moved at least so many branches."""
    for name, steps in expected.items():
        for step, (a, b) in enumerate(zip(found[name], steps, strict=True)):
            np.testing.assert_array_equal(a, b, f"{name} of step {step}")
    assert np.count_nonzero(np.ptp(expected["codes"], axis=0)) >= moved


def test_the_shipped_crossbar_gives_the_same_codes_behind_the_firmware() -> None:
    firmware, simulated = (
        traced(load_experiment(EXPERIMENTS / f"crossbar-40x30-{board}.yaml"), 300)
        for board in ("firmware", "digipot")
    )
    assert_same(firmware, simulated, moved=1000)


FAULTS: dict[str, list[Fault]] = {
    "flips, 1e-4 of the bytes": [Flip(rate=1e-4)],
    "flips, 1.5e-3 of the bytes": [Flip(rate=1.5e-3)],
    "drops, duplicates, insertions and cuts": [
        Drop(rate=3e-4),
        Duplicate(rate=3e-4),
        Insert(rate=3e-4),
        Truncate(rate=3e-4),
    ],
    "silence and babble": [Silence(at=0.05, lasts=0.15, every=1.0), Babble(at=0.5, lasts=0.1, every=1.0)],
}


def with_faults(name: str, faults: Sequence[Fault]) -> Experiment:
    experiment = load_experiment(EXPERIMENTS / f"{name}.yaml")
    rig = experiment.rig.model_copy(update={"faults": tuple(faults)})
    return dataclasses.replace(experiment, config=experiment.config.model_copy(update={"rig": rig}))


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_a_damaged_line_changes_no_code_and_no_reading(faults: list[Fault]) -> None:
    damaged = traced(with_faults("crossbar-40x30-firmware", faults), 60)
    assert_same(damaged, traced(with_faults("crossbar-40x30-digipot", []), 60), moved=500)


def test_a_stuck_converter_gives_the_same_readings_behind_the_firmware() -> None:
    faults: list[Fault] = [AdcStuck(node="in2", code=65_535), AdcStuck(node="out7", code=31_000)]
    firmware, simulated = (
        traced(with_faults(f"crossbar-40x30-{board}", faults), 2) for board in ("firmware", "digipot")
    )
    assert_same(firmware, simulated, moved=0)
    assert np.all(simulated["clamped"][..., 47] == 31_000 * 5 / 65_535)
    asked = traced(with_faults("crossbar-40x30-digipot", []), 1)["clamped"][0, 0, 2]
    assert np.abs(simulated["clamped"][..., 2] - asked).max() <= 5 / 65_535  # what was asked for, in place


def test_broken_parts_give_the_same_codes_behind_the_firmware() -> None:
    faults: list[Fault] = [
        Stuck(branch="in0-out3", code=7),
        Open(branch="in1-out3"),
        Short(branch="in2-out4"),
        Unwritable(branch="in3-out5"),
    ]
    firmware, simulated = (
        traced(with_faults(f"crossbar-40x30-{board}", faults), 60) for board in ("firmware", "digipot")
    )
    assert_same(firmware, simulated, moved=500)
    sound = traced(with_faults("crossbar-40x30-digipot", []), 1)
    assert np.count_nonzero(sound["free"][0] != simulated["free"][0]) == 2  # out3 and out4


@pytest.mark.parametrize(
    "learning",
    [
        pytest.param({**COUPLED, "nudge": ""}, id="coupled, nudged by the board"),
        pytest.param({**COUPLED, "nudge": "toward: false"}, id="coupled, clamped by the host"),
        pytest.param({**EQUILIBRIUM, "nudge": ""}, id="equilibrium, through a conductance"),
        pytest.param({**EQUILIBRIUM, "nudge": "through: false"}, id="equilibrium, by a current"),
    ],
)
def test_hidden_nodes_behind_the_firmware_give_the_same_codes(
    learning: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text(GRID.format(**learning), encoding="utf-8")
    experiment = load_experiment(path)
    firmware, simulated = (traced(experiment, 200, simulate=simulate) for simulate in (False, True))
    assert firmware["exchanges"][-1] == 200 * (2 if "false" in learning["nudge"] else 1)
    assert np.linalg.norm(firmware["errors"][-1]) < np.linalg.norm(firmware["errors"][0]) / 2
    assert_same(firmware, simulated, moved=20)
