"""A run as an `xarray.Dataset`, with units; also while it is being written."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labrig.arrays import IntArray
from labrig.store.columns import AnyArray, Column, Constant, Value
from labrig.store.reader import RunInfo, RunReader

if TYPE_CHECKING:
    import xarray as xr


def open_run(path: str | Path, columns: Sequence[str] | None = None) -> "xr.Dataset":
    """Read a run into memory, as far as it has come.

    Parameters
    ----------
    path
        The run's directory.
    columns
        Columns to read; default: all.

    Returns
    -------
    xarray.Dataset
        One variable a column, along ``step`` and its own dimensions, with ``units`` and ``long_name``
        as attributes. Columns that were kept in some rows only lie along ``kept_step``. Constants and results
        have no step. Missing numbers are NaN.

    Raises
    ------
    RunError
        There is no run here, it cannot be read, or it has no such column.
    """
    import xarray as xr

    with RunReader(Path(path)) as reader:
        info = reader.info()
        labels = reader.labels()
        names = list(reader.columns) if columns is None else list(columns)
        variables = _variables(reader, names, info)
        constants = reader.constants()
        attributes = {**_described(info), **{k: _plain(v) for k, v in reader.attributes().items()}}
    for name, constant in constants.items():
        variables[name] = (constant.dims, np.asarray(constant.value), _units(constant))
    used = {dim for dims, _, _ in variables.values() for dim in dims}
    coordinates = {dim: names for dim, names in labels.items() if dim in used}
    steps = {name: variables.pop(name) for name in ("step", "kept_step") if name in variables}
    return xr.Dataset(variables, {**coordinates, **steps}, attributes)


_Variable = tuple[tuple[str, ...], AnyArray, dict[str, str]]


def _variables(reader: RunReader, names: Sequence[str], info: RunInfo) -> dict[str, _Variable]:
    """Everything that has steps, with the coordinates ``step`` and ``kept_step``."""
    sampled = [n for n in names if reader.column(n).keep == "sampled" and info.sampling_interval != 1]
    steps = reader.steps(last=info.last_step)
    kept = reader.steps(last=info.last_step, having=sampled[0]) if sampled else steps
    gathered = {n: _Gathered(reader.column(n), kept if n in sampled else steps) for n in names}
    for row in reader.rows(names, last=info.last_step):
        for name in names:
            gathered[name].put(row.step, row.values[name])
    found: dict[str, _Variable] = {"step": (("step",), steps, {})}
    if sampled:
        found["kept_step"] = (("kept_step",), kept, {})
    for name in names:
        column = reader.column(name)
        along = "kept_step" if name in sampled else "step"
        found[name] = ((along, *column.dims), gathered.pop(name).array(), _units(column))
    return found


class _Gathered:
    """One column's values, row by row, in one array that is made at once."""

    def __init__(self, column: Column, steps: IntArray) -> None:
        self._column = column
        self._place = {int(step): k for k, step in enumerate(steps)}
        self._missing = np.ones(len(steps), dtype=np.bool_)
        dtype = object if column.numpy.kind == "U" else np.dtype(column.dtype)
        self._values: AnyArray = np.zeros((len(steps), *column.shape), dtype)

    def put(self, step: int, value: Value) -> None:
        place = self._place.get(step)
        if value is not None and place is not None:
            self._values[place] = value
            self._missing[place] = False

    def array(self) -> AnyArray:
        if self._column.numpy.kind == "U":
            return np.array(
                ["" if m else v for m, v in zip(self._missing, self._values, strict=True)], np.str_
            )
        if not self._missing.any():
            return self._values
        values = self._values.astype(np.result_type(self._values.dtype, np.float32), copy=False)
        values[self._missing] = np.nan
        return values


def _units(described: Column | Constant) -> dict[str, str]:
    attributes = {"units": described.unit, "long_name": described.description}
    return {name: text for name, text in attributes.items() if text}


def _described(info: RunInfo) -> dict[str, Any]:
    provenance: Mapping[str, Any] = info.sessions[-1].provenance if info.sessions else {}
    return {
        "name": info.name,
        "run": str(info.path),
        "created": info.created,
        "outcome": info.status,
        "reason": info.reason,
        "sampling_interval": info.sampling_interval,
        "provenance": json.dumps(provenance),
    }


def _plain(value: Any) -> str | float | int:
    """Make an attribute what NetCDF can hold."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    return json.dumps(value)
