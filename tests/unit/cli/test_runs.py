"""``labrig runs``."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import labrig
from labrig.procedures.train import Training
from tests.support.calling import Labrig
from tests.support.files import Files


@pytest.fixture
def runs(trained: Path, tmp_path: Path) -> Path:
    """A folder with a copy of the finished run."""
    shutil.copytree(trained.parent, tmp_path / "runs")
    return tmp_path / "runs"


@pytest.fixture
def growing(files: Files, runs: Path) -> Iterator[Training]:
    """A run beside it that has come to its sixth step and goes on."""
    experiment = labrig.load_experiment(files.simulated())
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=runs, name="growing")
        steps = iter(training)
        while next(steps).step < 5:
            pass
        yield training
        list(steps)


def test_list_tells_every_run_as_one_json_array(call: Labrig, runs: Path, growing: Training) -> None:
    answer = call("runs", "list", "--runs", runs, "--json")
    assert (answer.code, answer.err) == (0, "")
    small, other = json.loads(answer.out)
    assert small.keys() == {"run", "name", "created", "outcome", "reason", "steps", "error"}
    assert (small["name"], small["outcome"], small["steps"]) == ("small", "stopped", 20)
    assert (other["run"], other["outcome"], other["steps"]) == (str(growing.run), "running", 5)
    assert other["error"] == pytest.approx(growing.error)


def test_list_is_a_plain_table_without_a_terminal(call: Labrig, runs: Path) -> None:
    answer = call("runs", "list", "--runs", runs)
    head, row = answer.out.splitlines()
    assert head.split() == ["run", "started", "outcome", "steps", "error"]
    name, _, _, outcome, steps, _, unit = row.split()
    assert (name.endswith("-small"), outcome, steps, unit[-1]) == (True, "stopped", "20", "V")
    assert "\x1b" not in answer.out


def test_the_folder_comes_from_the_option_or_the_environment_or_is_runs(
    call: Labrig, runs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = json.loads(call("runs", "list", "--json", "--runs", runs).out)
    assert len(expected) == 1
    monkeypatch.chdir(tmp_path)
    (here,) = json.loads(call("runs", "list", "--json").out)
    assert here == {**expected[0], "run": str(runs.relative_to(tmp_path) / runs.joinpath(here["run"]).name)}
    elsewhere = tmp_path / "elsewhere"
    runs.rename(elsewhere)
    assert call("runs", "list", "--json").out == "[]\n"
    monkeypatch.setenv("LABRIG_RUNS", str(elsewhere))
    (found,) = json.loads(call("runs", "list", "--json").out)
    assert found["run"] == str(elsewhere / Path(here["run"]).name)


def test_a_folder_without_runs_is_said_on_stderr_and_no_error(
    call: Labrig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = call("runs", "list")
    assert (answer.code, answer.out, answer.err) == (0, "", "no runs in runs\n")


def test_a_folder_that_was_named_and_is_not_there_is_an_error(call: Labrig, tmp_path: Path) -> None:
    answer = call("runs", "list", "--runs", tmp_path / "nowhere", "--json")
    assert (answer.code, answer.out) == (9, "")
    assert "name the folder of runs with --runs or LABRIG_RUNS" in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_run_that_cannot_be_read_is_told_on_stderr_and_the_rest_is_listed(call: Labrig, runs: Path) -> None:
    (runs / "broken").mkdir()
    (runs / "broken" / "run.db").write_bytes(b"something else entirely" * 100)
    answer = call("runs", "list", "--runs", runs, "--json")
    assert answer.code == 0
    assert [run["name"] for run in json.loads(answer.out)] == ["small"]
    assert answer.err.startswith(f"left out: {runs / 'broken'}")


def test_show_has_the_keys_of_a_training_and_its_arrays_where_asked_for(call: Labrig, trained: Path) -> None:
    shown = json.loads(call("runs", "show", trained, "--json").out)
    counts = {"exchanges", "frames", "measurements", "writes"}
    assert shown.keys() == {"run", "outcome", "steps", "error", "validation_error", "wall_s"} | counts
    assert (shown["outcome"], shown["steps"], shown["exchanges"]) == ("stopped", 20, 21)
    assert shown["measurements"] == 21 * 2 * 2
    arrays = json.loads(call("runs", "show", trained, "--json", "--arrays").out)
    assert {**shown, "conductances": arrays["conductances"], "outputs": arrays["outputs"]} == arrays
    assert np.shape(arrays["conductances"]) == (12,)
    assert np.shape(arrays["outputs"]) == (2, 3)


def test_show_tells_a_person_how_a_run_went_and_where_it_comes_from(call: Labrig, trained: Path) -> None:
    out = call("runs", "show", trained).out
    for fact in (str(trained), "stopped  all 20 steps were done", "measurements  84", "labrig 0.", "at ε"):
        assert fact in out


@pytest.mark.parametrize("command", ["show", "plot", "export"])
def test_a_wrong_name_is_answered_with_the_name_that_may_have_been_meant(
    call: Labrig, runs: Path, command: str
) -> None:
    (run,) = runs.iterdir()
    answer = call("runs", command, run.name.replace("small", "smal"), "--runs", runs)
    assert (answer.code, answer.out) == (9, "")
    assert f"did you mean {run.name}" in answer.err
    assert len(answer.err.splitlines()) == 1


def test_plot_draws_into_the_run_or_where_it_is_told_to(call: Labrig, runs: Path, tmp_path: Path) -> None:
    (run,) = runs.iterdir()
    (run / "summary.png").unlink()
    answer = call("runs", "plot", run.name, "--runs", runs)
    assert (answer.code, answer.out) == (0, f"{run / 'summary.png'}\n")
    assert (run / "summary.png").read_bytes().startswith(b"\x89PNG")
    other = tmp_path / "picture.svg"
    assert json.loads(call("runs", "plot", run, "--out", other, "--json").out) == {"file": str(other)}
    assert "<svg" in other.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["nowhere/picture.png", "picture.odd"])
def test_a_picture_that_cannot_be_written_is_one_sentence(
    call: Labrig, trained: Path, tmp_path: Path, name: str
) -> None:
    answer = call("runs", "plot", trained, "--out", tmp_path / name)
    assert answer.code == 9
    assert answer.err.startswith(f"labrig: {tmp_path / name} cannot be written: ")
    assert len(answer.err.splitlines()) == 1


def test_csv_has_a_row_a_step_with_scalars_and_outputs(call: Labrig, runs: Path) -> None:
    (run,) = runs.iterdir()
    assert call("runs", "export", run).out == f"{run / 'run.csv'}\n"
    with (run / "run.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [int(row["step"]) for row in table] == list(range(21))
    assert {"error [V]", "measurements", "outputs[1,out2] [V]"} <= table[0].keys()
    dataset: Any = labrig.open_run(run)
    assert [float(row["error [V]"]) for row in table] == dataset["error"].values.tolist()


def test_csv_has_the_columns_that_were_asked_for(call: Labrig, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "some.csv"
    answer = call("runs", "export", trained, "--columns", "error, codes", "--out", out, "--json")
    assert json.loads(answer.out) == {"file": str(out)}
    heads = out.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert heads[:3] == ["step", "error [V]", "codes[in0-out0]"]
    assert len(heads) == 2 + 12


def test_a_column_that_is_not_there_is_answered_with_those_that_are(call: Labrig, trained: Path) -> None:
    answer = call("runs", "export", trained, "--columns", "errors")
    assert answer.code == 9
    assert "has no column 'errors'; it has wall, error," in answer.err


def test_netcdf_holds_what_open_run_gives(call: Labrig, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "run.nc"
    assert call("runs", "export", trained, "--format", "netcdf", "--out", out).code == 0
    expected: Any = labrig.open_run(trained)
    with xr.open_dataset(out, engine="h5netcdf") as found:  # pyright: ignore[reportUnknownMemberType]
        assert found.drop_attrs().identical(expected.drop_attrs())
        assert found["node_voltages"].attrs["units"] == "V"


def test_a_run_that_goes_on_can_be_opened_shown_drawn_and_exported(
    call: Labrig, growing: Training, tmp_path: Path
) -> None:
    dataset: Any = labrig.open_run(growing.run)
    assert (dataset.sizes["step"], dataset.attrs["outcome"]) == (6, "running")
    assert dataset["outputs"].attrs["units"] == "V"
    assert np.isfinite(dataset["node_voltages"]).all()
    shown = json.loads(call("runs", "show", growing.run, "--json", "--arrays").out)
    assert (shown["outcome"], shown["steps"], shown["exchanges"]) == ("running", 5, 6)
    assert np.all(np.isfinite(shown["conductances"]))
    assert call("runs", "plot", growing.run, "--out", tmp_path / "now.png").code == 0
    assert call("runs", "export", growing.run, "--out", tmp_path / "now.csv").code == 0
    assert len((tmp_path / "now.csv").read_text(encoding="utf-8").splitlines()) == 7


def test_how_long_a_simulation_took_is_no_prediction(call: Labrig, runs: Path) -> None:
    (run,) = [path for path in runs.iterdir() if path.is_dir()]
    found = json.loads(call("runs", "compare", run, run, "--json").out)
    assert found["measures"]["wall"]["simulation"] is None
    assert found["measures"]["wall"]["bench"] > 0
    assert found["bands"] is None
    row = next(line for line in call("runs", "compare", run, run).out.splitlines() if line.startswith("wall"))
    assert len(row.split()) == 3
