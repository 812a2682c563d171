"""``labrig train``, ``resume`` and ``measure`` as scripts use them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import labrig
from labrig.errors import PAUSED
from labrig.store.reader import RunReader
from labrig.views.progress import TrainingProgress
from tests.support.calling import Labrig
from tests.support.files import DIGIPOT, Files

KEYS = {
    "run", "outcome", "steps", "error", "validation_error", "wall_s",
    "exchanges", "frames", "measurements", "writes",
}  # fmt: skip
INPUTS = "0.3 V, 1.5 V, 3 V, 4.7 V"


def test_json_is_one_object_on_stdout_and_everything_else_is_on_stderr(
    call: Labrig, files: Files, tmp_path: Path
) -> None:
    answer = call("train", files.simulated(), "--runs", tmp_path / "runs", "--json")
    assert answer.code == 0
    result = json.loads(answer.out)
    assert result.keys() == KEYS
    assert (result["outcome"], result["steps"], result["exchanges"]) == ("stopped", 20, 21)
    assert result["measurements"] == 21 * 2 * 2
    assert result["validation_error"] is None
    assert Path(result["run"]).parent == tmp_path / "runs"
    assert (Path(result["run"]) / "summary.png").is_file()


def test_without_a_terminal_progress_is_a_line_at_each_end(
    call: Labrig, files: Files, tmp_path: Path
) -> None:
    answer = call("train", files.simulated(), "--runs", tmp_path / "runs")
    assert [line.split()[0] for line in answer.err.splitlines()] == [
        "board", "bounds", "run", "training", "trained",
    ]  # fmt: skip
    assert "\x1b" not in answer.err + answer.out
    outcome, error, *rest = answer.out.splitlines()
    assert outcome == "stopped: all 20 steps were done"
    assert "after 20 updates, 84 measurements, 21 exchanges" in error
    assert [line.split()[0] for line in rest] == ["run", "picture"]


def test_arrays_come_where_they_are_asked_for(call: Labrig, files: Files, tmp_path: Path) -> None:
    answer = call("train", files.simulated(), "--runs", tmp_path / "runs", "--json", "--arrays")
    result = json.loads(answer.out)
    assert result.keys() == KEYS | {"conductances", "outputs"}
    assert np.shape(result["conductances"]) == (12,)
    assert np.shape(result["outputs"]) == (2, 3)


def test_name_and_seed_can_be_set_and_are_stored(
    call: Labrig, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABRIG_RUNS", str(tmp_path / "elsewhere"))
    answer = call("train", files.simulated(), "--name", "other", "--seed", 8, "--json")
    run = Path(json.loads(answer.out)["run"])
    assert run.parent == tmp_path / "elsewhere"
    assert run.name.endswith("-other")
    with RunReader(run) as reader:
        assert reader.info().name == "other"
        assert reader.info().sessions[0].provenance["seed"] == 8


def test_a_wrong_experiment_is_one_sentence_and_leaves_no_run(
    call: Labrig, files: Files, tmp_path: Path
) -> None:
    experiment = files.simulated(stop="{steps: many}")
    answer = call("train", experiment, "--runs", tmp_path / "runs", "--json")
    assert (answer.code, answer.out) == (2, "")
    assert "stop.steps" in answer.err
    assert len(answer.err.splitlines()) == 1
    assert not (tmp_path / "runs").exists()


def test_an_ended_run_is_not_resumed(call: Labrig, trained: Path) -> None:
    answer = call("resume", trained.name, "--runs", trained.parent, "--json")
    assert (answer.code, answer.out) == (9, "")
    assert "has ended (stopped: all 20 steps were done)" in answer.err


def test_a_run_is_found_by_its_name_and_measured_as_it_was_left(call: Labrig, trained: Path) -> None:
    shown = json.loads(call("runs", "show", trained, "--json", "--arrays").out)
    answer = call("measure", trained.name, "--runs", trained.parent, "--inputs", INPUTS, "--json")
    assert answer.code == 0
    measured = json.loads(answer.out)
    assert measured.keys() == {"nodes", "outputs", "error", "saturated"}
    assert measured["nodes"] == ["out0", "out1", "out2"]
    assert measured["outputs"] == [
        shown["outputs"][0]
    ]  # the first sample of the training, without read noise
    assert measured["error"] is None


def test_a_measurement_is_compared_with_the_targets_of_its_file(
    call: Labrig, trained: Path, tmp_path: Path
) -> None:
    samples = tmp_path / "samples.csv"
    samples.write_text("in0 [V],in1 [V],in2 [V],in3 [V],out1 [V]\n0.3,1.5,3,4.7,2.4\n", encoding="utf-8")
    measured = json.loads(call("measure", trained, "--file", samples, "--json").out)
    assert measured["error"] == pytest.approx(abs(measured["outputs"][0][1] - 2.4))
    rows = [line.split("│")[1:-1] for line in call("measure", trained, "--file", samples).out.splitlines()]
    cells = [[cell.strip() for cell in row] for row in rows if row]
    assert [row[:2] for row in cells] == [["0", "out0"], ["0", "out1"], ["0", "out2"]]
    assert [row[3] for row in cells] == ["", "2.4 V", ""]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "either --inputs or --file"),
        (["--inputs", "1 V"], "found 1 voltages for 4 inputs"),
        (["--inputs", "0.3, 1.5, 3, 4.7"], "no unit"),
        (["--inputs", INPUTS, "--simulate"], "--simulate goes with a rig"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    call: Labrig, trained: Path, options: list[str], says: str
) -> None:
    answer = call("measure", trained, *options, "--json")
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_resumed_run_has_the_time_left_that_its_first_session_did_not_use(
    call: Labrig, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    class Noting(TrainingProgress):
        def __init__(self, name: str, *, wall: float, **others: Any) -> None:
            given.append(wall)
            super().__init__(name, wall=wall, **others)

    monkeypatch.setattr("labrig.cli.session.TrainingProgress", Noting)
    experiment = labrig.load_experiment(files.simulated(stop="{steps: 20, wall: 1 h}"))
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path)
        next(iter(training))
    used = json.loads(call("runs", "show", training.run, "--json").out)["wall_s"]
    assert call("resume", training.run).code == 0
    assert 3600 - used - 60 < given[0] <= 3600 - used + 1e-3 < 3600


def test_a_run_that_was_left_early_is_resumed_to_the_end_of_one_that_was_not(
    call: Labrig, files: Files, trained: Path, tmp_path: Path
) -> None:
    experiment = labrig.load_experiment(files.simulated())
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path)
        for step in training:
            if step.step == 5:
                break
    expected = json.loads(call("runs", "show", trained, "--json", "--arrays").out)
    resumed = json.loads(call("resume", training.run, "--json", "--arrays").out)
    for of_the_process in ("run", "wall_s"):
        del expected[of_the_process], resumed[of_the_process]
    assert resumed == expected


def test_a_training_that_pauses_for_drift_says_so_by_its_exit_code_and_goes_on(
    call: Labrig, files: Files, tmp_path: Path
) -> None:
    experiment = files.simulated(
        noise="50 uV, offset_drift: 2 mV/K",
        elements=f"{DIGIPOT}\nenvironment: {{ramp: 100 K}}",
        stop="{steps: 15}\ndrift: {every: 10, then: pause}",
    )
    answer = call("train", experiment, "--runs", tmp_path / "runs", "--json")
    assert answer.code == PAUSED == 11
    result = json.loads(answer.out)
    assert (result["outcome"], result["steps"]) == ("paused", 10)
    ((step, text),) = ((told["step"], told["text"]) for told in result["drift"])
    assert step == 10
    assert text.endswith("; paused")
    answer = call("resume", result["run"])
    assert answer.code == 0
    assert answer.out.startswith("stopped: all 15 steps were done")
    assert "note    drift: before step 10 " in answer.out
