"""The supply of an emulated board dips in the midst of a training, which ends as if it had not."""

import contextlib
import dataclasses
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from labrig.bench.assembly import open_bench
from labrig.cli.app import main
from labrig.config.faults import BrownOut, Fault
from labrig.config.loading import load_experiment
from labrig.learning.loop import loop
from labrig.procedures.plan import plan_training
from labrig.store.columns import AnyArray

EXPERIMENT = Path(__file__).parents[2] / "configs/experiments/crossbar-40x30-emulated.yaml"
STEPS = 15


def trained(*faults: Fault) -> tuple[list[AnyArray], int]:
    """Codes before every update, and how often the board was reset meanwhile."""
    experiment = load_experiment(EXPERIMENT)
    rig = experiment.rig.model_copy(update={"faults": faults})
    config = dataclasses.replace(experiment, config=experiment.config.model_copy(update={"rig": rig})).config
    with open_bench(rig) as bench:
        before = bench.boot_count
        plan = plan_training(bench, config)
        steps = loop(
            bench, plan.rule, plan.policy, plan.batches, initial=plan.initial, bounds=plan.bounds.bounds
        )
        codes = [bench.branch_values() for _ in islice(steps, STEPS)]
        return codes, bench.boot_count - before


@pytest.fixture(scope="module")
def undisturbed() -> list[AnyArray]:
    codes, resets = trained()
    assert resets == 0
    return codes


@pytest.mark.parametrize("after", [3_000, 9_137, 12_800])
def test_a_reset_in_the_midst_of_an_exchange_changes_no_code(after: int, undisturbed: list[AnyArray]) -> None:
    codes, resets = trained(BrownOut(after=after))
    assert resets == 1
    np.testing.assert_array_equal(codes, undisturbed)


def test_a_reset_that_was_got_over_is_told_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = EXPERIMENT.parents[1]
    rig, experiment = tmp_path / "rig.yaml", tmp_path / "experiment.yaml"
    sound = (configs / "rigs/digipot-40x30-emulated.yaml").read_text()
    rig.write_text(f"{sound}\nfaults: [{{kind: brown-out, after: 9137}}]\n")
    text = EXPERIMENT.read_text().replace("../rigs/digipot-40x30-emulated.yaml", str(rig))
    experiment.write_text(text.replace("../tasks", str(configs / "tasks")).replace("steps: 3000", "steps: 9"))
    arguments = ["labrig", "train", str(experiment), "--runs", str(tmp_path / "runs")]
    monkeypatch.setattr(sys, "argv", arguments)
    with contextlib.suppress(SystemExit):
        main()
    said = capsys.readouterr()
    assert "stopped: all 9 steps were done" in said.out
    assert "the board was reset once and restored: check its supply" in said.err
