import csv
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from labrig.errors import RunError
from labrig.store.columns import Column
from labrig.store.dataset import open_run
from labrig.store.export import export_csv, export_netcdf
from labrig.store.writer import Run


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_csv_has_one_row_a_step_with_units_in_the_header(start: Any, tmp_path: Path) -> None:
    run = start(4)
    run.finish("stopped")

    export_csv(run.directory, tmp_path / "out.csv")

    table = _table(tmp_path / "out.csv")
    assert list(table[0]) == ["step", "error [V]", "count", "note"]
    assert [row["step"] for row in table] == ["0", "1", "2", "3"]
    assert table[3]["note"] == "step 3"


def test_csv_numbers_read_back_equal(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).normal(size=50) * 10.0 ** np.arange(-25, 25)
    run = Run.create(tmp_path, "x", [Column("a")], planned_steps=50, synchronous="normal")
    for step, number in enumerate(numbers):
        run.append(step, {"a": number}, {})
    run.finish("stopped")

    export_csv(run.directory, tmp_path / "out.csv")

    assert [float(row["a"]) for row in _table(tmp_path / "out.csv")] == numbers.tolist()


def test_arrays_take_one_named_cell_an_entry(start: Any, tmp_path: Path) -> None:
    run = start(3)
    run.append(3, {"outputs": np.array([[1.5, np.nan, 2.5], [0.0, 1.0, 2.0]])}, {})
    run.append(4, {}, {})
    run.finish("stopped")

    export_csv(run.directory, tmp_path / "out.csv", ["outputs"])

    table = _table(tmp_path / "out.csv")
    heads = [f"outputs[{s},{name}] [V]" for s in (0, 1) for name in "abc"]
    assert list(table[0]) == ["step", *heads]
    assert [table[2][head] for head in heads] == ["0.25"] * 6
    assert [table[3][head] for head in heads] == ["1.5", "", "2.5", "0.0", "1.0", "2.0"]
    assert [table[4][head] for head in heads] == [""] * 6


def test_netcdf_reads_back_equal_with_units(start: Any, tmp_path: Path) -> None:
    run = start(12, keep=5)
    run.finish("stopped", "because")

    export_netcdf(run.directory, tmp_path / "out.nc")

    with xr.open_dataset(tmp_path / "out.nc", engine="h5netcdf") as found:  # pyright: ignore[reportUnknownMemberType]
        expected: Any = open_run(run.directory)
        assert found.drop_attrs().identical(expected.drop_attrs())
        assert found["error"].attrs == expected["error"].attrs
        assert found["states"].attrs["units"] == "V"
        assert found.attrs["outcome"] == "stopped"


def test_without_its_packages_netcdf_says_what_to_install(
    start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(1)
    run.finish("stopped")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]

    with pytest.raises(RunError, match=r"pip install 'labrig\[netcdf\]'"):
        export_netcdf(run.directory, tmp_path / "out.nc")

    assert not (tmp_path / "out.nc").exists()


def test_a_file_that_cannot_be_written_is_one_sentence(start: Any, tmp_path: Path) -> None:
    run = start(1)
    run.finish("stopped")
    (tmp_path / "file").write_text("")

    with pytest.raises(RunError, match=r"out\.csv cannot be written: .*; choose another file"):
        export_csv(run.directory, tmp_path / "file" / "out.csv")


def test_a_failed_export_leaves_the_old_file_alone(start: Any, tmp_path: Path) -> None:
    run = start(1)
    run.finish("stopped")
    (tmp_path / "out.csv").write_text("old")

    with pytest.raises(RunError, match="no column 'nothing'"):
        export_csv(run.directory, tmp_path / "out.csv", ["nothing"])

    assert (tmp_path / "out.csv").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"out.csv", "runs"}
