"""What a picture is drawn from, gathered from a run that goes on and from the same run when it has ended."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import labrig
from labrig.store.columns import AnyArray, Column, Constant
from labrig.store.reader import RunReader
from labrig.store.writer import Run
from labrig.views.gather import load_record, table_columns
from tests.support.files import Files


def test_a_run_that_goes_on_is_gathered_from_its_rows_as_an_ended_one_from_its_results(
    tmp_path: Path,
) -> None:
    experiment = labrig.load_experiment(Files(tmp_path).simulated(order="random"))
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path / "runs")
        *_, going = (load_record(training.run) for step in training if step.step == 20)
        ended = load_record(training.run)
    assert (going.info.status, ended.info.status) == ("running", "stopped")
    assert going.totals["measurements"] == ended.totals["measurements"]

    dataset: Any = labrig.open_run(training.run)
    table, codes = dataset["code_conductances"].values, dataset["codes"].values[-1]
    conductances = table[np.arange(len(codes)), codes]
    samples, read = dataset["samples"].values[:, 0], dataset["outputs"].values[:, 0]
    outputs = np.stack([read[np.flatnonzero(samples == sample)[-1]] for sample in range(2)])
    for record in (going, ended):
        assert record.conductances is not None
        assert record.outputs is not None
        np.testing.assert_array_equal(record.error, dataset["error"].values)
        np.testing.assert_array_equal(record.outputs, outputs)
        np.testing.assert_allclose(record.conductances, conductances, rtol=1e-12)


def test_a_run_that_grows_while_it_is_read_is_gathered_as_of_one_instant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = labrig.load_experiment(Files(tmp_path).simulated())
    read = RunReader.scalars
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path / "runs")
        steps = iter(training)
        next(steps)

        def read_and_go_on(reader: RunReader, name: str) -> AnyArray:
            found = read(reader, name)
            next(steps)
            return found

        monkeypatch.setattr(RunReader, "scalars", read_and_go_on)
        record = load_record(training.run)
        training.finish()
    assert len(record.error) == len(record.measurements) == 1
    assert record.totals["exchanges"] == 1


def test_a_picture_that_cannot_be_drawn_changes_nothing_about_how_a_training_ended(tmp_path: Path) -> None:
    experiment = labrig.load_experiment(Files(tmp_path).simulated())
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=tmp_path / "runs")
        (training.run / "summary.png").mkdir()
        assert training.finish().outcome == "stopped"
    assert training.not_drawn is not None
    assert load_record(training.run).info.status == "stopped"


def stored(root: Path, floor: float, ceiling: float) -> Path:
    """One step of two branches whose codes 0, 1 and 2 stand for 10, 20 and 40 µS, now at 20 and 40 µS."""
    bounds = {"floor": floor, "ceiling": ceiling}
    constants = {name: Constant(np.full(2, value), ("branch",), "S") for name, value in bounds.items()}
    constants["code_conductances"] = Constant(np.tile([10e-6, 20e-6, 40e-6], (2, 1)), ("branch", "code"), "S")
    codes = Column("codes", dtype="int32", dims=("branch",), shape=(2,), encoding="delta")
    run = Run.create(root, "x", [codes], planned_steps=1, synchronous="normal", constants=constants)
    run.append(0, {"codes": np.array([1, 2])}, {})
    run.finish("stopped")
    return run.directory


def test_a_branch_lies_at_a_wall_on_the_outermost_code_that_the_wall_allows(tmp_path: Path) -> None:
    between = load_record(stored(tmp_path, 15e-6, 50e-6))
    assert between.conductances is not None
    assert between.at_floor(between.conductances).tolist() == [True, False]
    assert between.at_ceiling(between.conductances).tolist() == [False, True]
    on_codes = load_record(stored(tmp_path, 10e-6, 40e-6))
    assert on_codes.conductances is not None
    assert on_codes.at_floor(on_codes.conductances).tolist() == [False, False]
    assert on_codes.at_ceiling(on_codes.conductances).tolist() == [False, True]


def test_a_run_of_another_kind_is_gathered_as_far_as_its_names_are_known(tmp_path: Path) -> None:
    run = Run.create(tmp_path, "x", [Column("current", "A")], planned_steps=1, synchronous="normal")
    run.append(0, {"current": 1e-3}, {})
    run.finish("stopped")
    record = load_record(run.directory)
    assert record.error.size == 0
    assert record.conductances is None
    assert record.crossbar_shape is None
    assert table_columns(run.directory) == ["current"]


def test_masked_branches_lie_at_no_bound(tmp_path: Path) -> None:
    floor, ceiling = np.array([1e-5, 3e-5]), np.array([8e-5, 3e-5])
    pinned = replace(load_record(stored(tmp_path, 10e-6, 40e-6)), floor=floor, ceiling=ceiling)
    conductances = np.array([1e-5, 3e-5])
    assert pinned.at_floor(conductances).tolist() == [True, False]
    assert pinned.at_ceiling(conductances).tolist() == [False, False]
