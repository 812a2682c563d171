"""What befalls the processor of an emulated board in the midst of a training, which ends as if it had not."""

import contextlib
import dataclasses
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from labrig.bench.assembly import open_bench
from labrig.cli.app import main
from labrig.config.faults import BrownOut, Fault, Hang, Overrun, ResetAtOpen
from labrig.config.loading import load_experiment
from labrig.learning.loop import loop
from labrig.procedures.training.plan import plan_training
from labrig.store.columns import AnyArray

EXPERIMENT = Path(__file__).parents[2] / "configs/experiments/crossbar-40x30-emulated.yaml"
STEPS = 15


@dataclass(frozen=True)
class Trained:
    """A short training, and what it met with."""

    codes: list[AnyArray]
    """Before every update."""
    resets: int
    retries: int
    resets_at_open: bool


def trained(*faults: Fault) -> Trained:
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
        assert bench.monitored is not None
        return Trained(
            codes=codes,
            resets=bench.boot_count - before,
            retries=bench.counters.retries,
            resets_at_open=bench.monitored.resets_at_open,
        )


@pytest.fixture(scope="module")
def undisturbed() -> list[AnyArray]:
    found = trained()
    assert (found.resets, found.retries, found.resets_at_open) == (0, 0, False)
    return found.codes


@pytest.mark.parametrize("fault", [BrownOut, Hang])
@pytest.mark.parametrize("after", [3_000, 9_137, 12_800])
def test_a_reset_in_the_midst_of_an_exchange_changes_no_code(
    fault: type[BrownOut | Hang], after: int, undisturbed: list[AnyArray]
) -> None:
    found = trained(fault(after=after))
    assert found.resets == 1
    np.testing.assert_array_equal(found.codes, undisturbed)


def test_bytes_that_the_receiver_loses_are_sent_again(undisturbed: list[AnyArray]) -> None:
    found = trained(*(Overrun(after=after) for after in (3_000, 9_137, 12_800)))
    assert found.resets == 0
    assert found.retries >= 3
    np.testing.assert_array_equal(found.codes, undisturbed)


def test_a_board_that_is_reset_by_being_opened_is_waited_for(undisturbed: list[AnyArray]) -> None:
    found = trained(ResetAtOpen())
    assert found.resets == 0
    assert found.resets_at_open
    np.testing.assert_array_equal(found.codes, undisturbed)


def test_resets_that_were_got_over_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = EXPERIMENT.parents[1]
    rig, experiment = tmp_path / "rig.yaml", tmp_path / "experiment.yaml"
    sound = (configs / "rigs/digipot-40x30-emulated.yaml").read_text()
    rig.write_text(f"{sound}\nfaults: [{{kind: brown-out, after: 9137}}, {{kind: reset-at-open}}]\n")
    text = EXPERIMENT.read_text().replace("../rigs/digipot-40x30-emulated.yaml", str(rig))
    experiment.write_text(text.replace("../tasks", str(configs / "tasks")).replace("steps: 3000", "steps: 9"))
    arguments = ["labrig", "train", str(experiment), "--runs", str(tmp_path / "runs")]
    monkeypatch.setattr(sys, "argv", arguments)
    with contextlib.suppress(SystemExit):
        main()
    said = capsys.readouterr()
    assert "stopped: all 9 steps were done" in said.out
    assert said.err.count("opening resets this board") == 1
    assert "the board was reset once and restored: check its supply" in said.err
