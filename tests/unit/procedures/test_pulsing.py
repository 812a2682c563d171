"""Trainings whose branches are memristors, and what they store of pulses and wear."""

from pathlib import Path

import numpy as np
import pytest

import labrig
from labrig.config.study import Budget
from labrig.errors import ConfigError
from labrig.procedures.check_board import check_board
from labrig.procedures.contender import Contender
from labrig.procedures.preflight import preflight
from labrig.procedures.resume import open_resumed
from labrig.procedures.train import Training
from labrig.procedures.training.pulsing import pulsed
from labrig.store.reader import RunReader
from tests.support.checks import quiet
from tests.support.files import Files
from tests.support.memristors import memristor_experiment

STUCK = "[{kind: stuck-off, branch: in1-out1}, {kind: stuck-on, branch: in3-out2}]"


def trained(experiment: Path, runs: Path) -> Training:
    loaded = labrig.load_experiment(experiment)
    with labrig.open_bench(loaded.rig) as bench:
        training = labrig.train(bench, loaded, runs=runs)
        training.finish()
    return training


def test_a_training_by_write_verify_comes_near_its_targets(tmp_path: Path) -> None:
    training = trained(memristor_experiment(tmp_path, stop="{steps: 80}"), tmp_path)
    with RunReader(training.run) as reader:
        error = reader.scalars("error")
    # A write to one per cent, four branches an output, moves an output by 0.5 % of the 200 mV at most.
    assert training.error < 3 * 1e-3
    assert training.error < 0.1 * error[0]


def test_a_step_stores_pulses_and_wear_and_the_run_stores_them_branch_by_branch(tmp_path: Path) -> None:
    experiment = memristor_experiment(tmp_path, mask="[in0-out0]")
    for number in (1, 2):
        training = trained(experiment, tmp_path)
        with RunReader(training.run) as reader:
            pulses, wear, reads = (reader.scalars(name) for name in ("pulses", "wear", "reads"))
            constants, attributes = reader.constants(), reader.attributes()
        assert np.all(np.diff(pulses) >= 0)
        assert np.all(np.diff(reads) >= 1)
        worn = np.asarray(constants["branch_wear"].value)
        assert worn[0] == 0
        assert wear[-1] == worn.max() == constants["final_wear"].value
        assert constants["final_pulses"].value == pulses[-1]
        # The board has had both runs: what a first run leaves is where a second one begins.
        assert (worn.sum() == pulses[-1]) == (number == 1)
        assert worn.sum() >= pulses[-1]
        assert attributes["endurance"] == 10_000_000


def test_what_a_step_stores_is_what_was_read_last(tmp_path: Path) -> None:
    training = trained(memristor_experiment(tmp_path), tmp_path)
    with RunReader(training.run) as reader:
        row = reader.row()
    assert row is not None
    latent = np.asarray(row.values["conductances"])
    assert latent.shape == (12,)
    assert np.all((latent > 10e-6) & (latent < 100e-6))


def test_stuck_devices_are_masked_or_found_and_the_rest_is_trained(tmp_path: Path) -> None:
    experiment = memristor_experiment(tmp_path, faults=STUCK, mask="[in3-out2]", stop="{steps: 40}")
    training = trained(experiment, tmp_path)
    with RunReader(training.run) as reader:
        constants, error = reader.constants(), reader.scalars("error")
    stuck = np.flatnonzero(np.asarray(constants["branch_stuck"].value)).tolist()
    assert stuck == [4]  # in1-out1; in3-out2 was never written
    worn = np.asarray(constants["branch_wear"].value)
    assert worn[11] == 0
    assert worn[4] == 200  # the most pulses of one write, and none after it
    assert error[-1] < 0.2 * error[0]


EACH_STEP = ("error", "exchanges", "measurements", "writes", "pulses", "reads", "wear", "missed", "stuck")


def stored(run: Path) -> dict[str, list[object]]:
    """All that a run stored of its steps, but for what the clock says."""
    with RunReader(run) as reader:
        rows = [np.asarray(row.values["conductances"]).tolist() for row in reader.rows(["conductances"])]
        return {name: reader.scalars(name).tolist() for name in EACH_STEP} | {"conductances": rows}


@pytest.mark.parametrize("write", ["{kind: verify}", "{kind: pulses, cycles: 40}"])
def test_a_resumed_training_is_bit_for_bit_the_one_that_was_not_interrupted(
    tmp_path: Path, write: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = labrig.load_experiment(memristor_experiment(tmp_path, write=write, faults=STUCK))
    monkeypatch.setenv("LABRIG_STATE", str(tmp_path / "one"))
    with labrig.open_bench(loaded.rig) as bench:
        whole = labrig.train(bench, loaded, runs=tmp_path, name="whole")
        whole.finish()
    monkeypatch.setenv("LABRIG_STATE", str(tmp_path / "other"))
    with labrig.open_bench(loaded.rig) as bench:
        training = labrig.train(bench, loaded, runs=tmp_path, name="interrupted")
        for step in training:
            if step.step == 5:
                break
    for asked in (lambda: "again", lambda: None):
        with open_resumed(training.run) as resumed:
            resumed.start(asked).finish()
    assert stored(training.run) == stored(whole.run)


def test_a_resume_does_not_try_stuck_devices_again(tmp_path: Path) -> None:
    loaded = labrig.load_experiment(memristor_experiment(tmp_path, faults=STUCK))
    with labrig.open_bench(loaded.rig) as bench:
        training = labrig.train(bench, loaded, runs=tmp_path)
        for step in training:
            if step.step == 5:
                break
    with open_resumed(training.run) as resumed:
        resumed.start(lambda: None).finish()
    with RunReader(training.run) as reader:
        worn = np.asarray(reader.constants()["branch_wear"].value)
    assert worn[[4, 11]].tolist() == [200, 200], "the most pulses of one write, and none after it"


def test_other_boards_have_no_say_in_how_memristors_are_written(tmp_path: Path) -> None:
    path = Files(tmp_path).simulated()
    path.write_text(path.read_text().replace("  bounds:", "  write: {kind: verify}\n  bounds:"))
    loaded = labrig.load_experiment(path)
    with (
        labrig.open_bench(loaded.rig) as bench,
        pytest.raises(ConfigError, match=r"learning\.write: found verify, but board SIM5 has no memristors"),
    ):
        labrig.train(bench, loaded, runs=tmp_path)


def test_a_digipot_run_stores_nothing_of_pulses(tmp_path: Path) -> None:
    training = trained(Files(tmp_path).simulated(), tmp_path)
    with RunReader(training.run) as reader:
        assert not {"pulses", "wear", "stuck"} & set(reader.columns)
        assert "branch_wear" not in reader.constants()


def test_pulses_alone_train_without_a_read(tmp_path: Path) -> None:
    experiment = memristor_experiment(tmp_path, write="{kind: pulses}", stop="{steps: 60}")
    training = trained(experiment, tmp_path)
    with RunReader(training.run) as reader:
        reads, error, attributes = reader.scalars("reads"), reader.scalars("error"), reader.attributes()
    assert not reads.any()
    # An output of four branches moves by about an eighth of the span, 25 mV, times the relative step of one.
    assert error[-1] < 3 * 25e-3 * 0.005 * 90 / 40
    assert error[-1] < 0.1 * error[0]
    assert attributes["write"] == "pulses"


def test_pulses_alone_need_one_start_for_all(tmp_path: Path) -> None:
    start = "{kind: uniform, low: 20 uS, high: 60 uS}"
    loaded = labrig.load_experiment(memristor_experiment(tmp_path, write="{kind: pulses}", initial=start))
    with (
        labrig.open_bench(loaded.rig) as bench,
        pytest.raises(ConfigError, match=r"learning\.initial: pulses alone start all branches at one"),
    ):
        labrig.train(bench, loaded, runs=tmp_path)


def test_what_would_wear_memristors_out_for_nothing_is_refused(tmp_path: Path) -> None:
    loaded = labrig.load_experiment(memristor_experiment(tmp_path))
    with labrig.open_bench(loaded.rig) as bench:
        with pytest.raises(ConfigError, match="has memristors, which a check would wear out"):
            check_board(bench, quiet)
        with pytest.raises(ConfigError, match="trainings of a study take turns on a board and would wear"):
            Contender(bench, loaded.config, Budget(measurements=5))
        assert pulsed(bench)[0] == 0


@pytest.mark.parametrize(
    ("write", "told"),
    [
        ("{kind: verify}", "the first write is predicted to take "),
        ("{kind: pulses, cycles: 50}", "zero-shifting takes 100 pulses on every branch before the first"),
    ],
)
def test_a_preflight_tells_what_comes_before_the_first_update(tmp_path: Path, write: str, told: str) -> None:
    loaded = labrig.load_experiment(memristor_experiment(tmp_path, write=write))
    with labrig.open_bench(loaded.rig) as bench:
        found = preflight(bench, loaded)
        assert any(hint.startswith(told) for hint in found.hints)
        assert pulsed(bench)[0] == 0
