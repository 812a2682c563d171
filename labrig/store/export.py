"""Runs in formats that other programs read: CSV, one row a step, and NetCDF."""

import csv
import importlib.util
import itertools
import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labrig.errors import RunError
from labrig.store.columns import Column
from labrig.store.dataset import open_run
from labrig.store.reader import RunReader


def export_csv(run: Path, destination: Path, columns: Sequence[str] | None = None) -> None:
    """Write one row a step, with the unit in the header: ``error [V]``, ``outputs[0,out3] [V]``.

    Numbers are written so that they read back equal; what is missing is an empty cell.

    Parameters
    ----------
    run
        Directory of the run.
    destination
        File to write.
    columns
        Columns to write, an array as one cell an entry; default: all scalar columns.

    Raises
    ------
    RunError
        The run cannot be read, has no such column, or the file cannot be written.
    """
    with RunReader(run) as reader:
        names = [n for n, c in reader.columns.items() if not c.shape] if columns is None else columns
        chosen = [reader.column(name) for name in names]
        labels = reader.labels()
        with _replacing(destination) as part, part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["step", *(head for column in chosen for head in _heads(column, labels))])
            for row in reader.rows(names):
                writer.writerow([row.step, *(cell for c in chosen for cell in _cells(c, row.values[c.name]))])


def export_netcdf(run: Path, destination: Path, columns: Sequence[str] | None = None) -> None:
    """Write what `open_run` gives as a NetCDF-4 file; `xarray.open_dataset` reads it back equal.

    Raises
    ------
    RunError
        The run cannot be read, has no such column, the file cannot be written, or a package is missing.
    """
    missing = [name for name in ("h5netcdf", "h5py") if importlib.util.find_spec(name) is None]
    if missing:
        names = " and ".join(missing)
        msg = f"NetCDF export needs {names}: pip install 'labrig[netcdf]', or export as CSV"
        raise RunError(msg)
    dataset = open_run(run, columns)
    with _replacing(destination) as part:
        dataset.to_netcdf(str(part), engine="h5netcdf")  # pyright: ignore[reportUnknownMemberType]


def _heads(column: Column, labels: Mapping[str, Sequence[str]]) -> Iterator[str]:
    unit = f" [{column.unit}]" if column.unit else ""
    if not column.shape:
        yield f"{column.name}{unit}"
        return
    axes = [
        labels.get(dim, [str(k) for k in range(size)])
        for dim, size in zip(column.dims, column.shape, strict=True)
    ]
    for entry in itertools.product(*axes):
        yield f"{column.name}[{','.join(entry)}]{unit}"


def _cell(entry: Any) -> Any:
    return None if isinstance(entry, float) and math.isnan(entry) else entry


def _cells(column: Column, value: Any) -> Iterator[Any]:
    if not column.shape:
        yield value
    elif value is None:
        yield from itertools.repeat(None, math.prod(column.shape))
    else:
        yield from (_cell(entry) for entry in value.reshape(-1).tolist())


@contextmanager
def _replacing(destination: Path) -> Generator[Path]:
    """Write beside the destination, then move: a reader never sees half a file."""
    part = destination.with_name(f".{destination.name}.part")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            part.replace(destination)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        msg = f"{destination} cannot be written: {error.strerror or error}; choose another file"
        raise RunError(msg) from error
