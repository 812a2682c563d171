"""Gathering a `TrainingRecord` from a run.

It is read by these names, and what is missing is left out. Columns: ``wall``, ``error``, ``measurements``,
``exchanges``, ``frames``, ``writes``, ``validation_error``, of memristors ``pulses``, ``reads``, ``wear``,
``stuck``, ``squares``, ``moved``, ``floor_hits``, ``ceiling_hits``, ``celsius``, ``reference``,
``reference_uncertainty``, ``offset_change``, ``drift`` (text), ``samples`` (drawn), ``outputs`` (drawn,
output), ``conductances`` or ``codes`` (branch).
Constants: ``inputs``, ``targets``, ``floor``, ``ceiling``, ``initial``, and ``code_conductances`` (code) or
(branch, code): what each code stands for, needed to show a run that stores codes and has no results yet.
Results: ``final_`` and the name of a column, and ``silent`` (branch). Labels: node, branch, input, output.
Attributes: ``predicted_floor`` (V, comparable to ``error``), ``plain_steps``, ``rig``,
``reference`` (name of a branch), ``calibration_celsius``, ``calibration_kelvin`` and ``accepted``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from labrig.arrays import BranchArray, FloatArray, IntArray
from labrig.store.columns import Constant
from labrig.store.reader import RunReader
from labrig.views.record import TrainingRecord

_ROWS_A_SAMPLE = 30
"""Rows looked back for each sample, where an update sees only some of them."""
_SAME = 1e-9
"""Relative difference below which two conductances are the same number."""
_TOTALS = (
    "exchanges", "frames", "measurements", "writes", "pulses", "reads", "wear", "stuck", "wall", "error",
    "validation_error",
)  # fmt: skip


def load_record(directory: Path) -> TrainingRecord:
    """Read a training, as far as it has come.

    Raises
    ------
    RunError
        There is no run here or it cannot be read.
    """
    with RunReader(directory) as reader, reader.at_one_instant():
        constants = reader.constants()
        return TrainingRecord(
            info=reader.info(),
            labels=reader.labels(),
            attributes=reader.attributes(),
            error=_series(reader, "error"),
            measurements=_series(reader, "measurements"),
            squares=_series(reader, "squares"),
            moved=_series(reader, "moved"),
            held=_series(reader, "floor_hits") + _series(reader, "ceiling_hits"),
            totals={name: _newest(reader, constants, name) for name in _TOTALS},
            inputs=_constant(constants, "inputs"),
            targets=_constant(constants, "targets"),
            outputs=_outputs(reader, constants),
            initial=_constant(constants, "initial"),
            conductances=_conductances(reader, constants),
            silent=_silent(constants, reader.labels()),
            floor=_wall(constants, "floor"),
            ceiling=_wall(constants, "ceiling"),
            celsius=_series(reader, "celsius"),
            reference=_series(reader, "reference"),
            reference_uncertainty=_series(reader, "reference_uncertainty"),
            offset_change=_series(reader, "offset_change"),
            drifts=_drifts(reader),
        )


def _series(reader: RunReader, name: str) -> FloatArray:
    return reader.scalars(name).astype(np.float64) if name in reader.columns else np.empty(0)


def _drifts(reader: RunReader) -> list[tuple[int, str]]:
    texts: list[str] = reader.scalars("drift").tolist() if "drift" in reader.columns else []
    return [(row, text) for row, text in enumerate(texts) if text]


def _constant(constants: Mapping[str, Constant], name: str) -> FloatArray | None:
    return np.asarray(constants[name].value, dtype=np.float64) if name in constants else None


def _silent(constants: Mapping[str, Constant], labels: Mapping[str, Sequence[str]]) -> list[str]:
    found = _constant(constants, "silent")
    return [] if found is None else [labels["branch"][k] for k in np.flatnonzero(found).tolist()]


def _wall(constants: Mapping[str, Constant], name: Literal["floor", "ceiling"]) -> BranchArray | None:
    """Bound of each branch; where branches have codes, the code next to it on the inside."""
    wall, table = _constant(constants, name), _constant(constants, "code_conductances")
    if wall is None or table is None:
        return wall
    each = np.broadcast_to(table, (len(wall), table.shape[-1]))
    if name == "floor":
        inside = np.where(each >= wall[:, None] * (1 - _SAME), each, np.inf).min(axis=1)
    else:
        inside = np.where(each <= wall[:, None] * (1 + _SAME), each, -np.inf).max(axis=1)
    return np.where(np.isfinite(inside), inside, wall)


def _newest(reader: RunReader, constants: Mapping[str, Constant], name: str) -> float | None:
    final = _constant(constants, f"final_{name}")
    if final is None and name in reader.columns:
        value = reader.last_value(name)
        final = None if value is None else np.asarray(value, dtype=np.float64)
    return None if final is None or np.isnan(final) else float(final)


def _outputs(reader: RunReader, constants: Mapping[str, Constant]) -> FloatArray | None:
    """Every sample at its last reading."""
    final = _constant(constants, "final_outputs")
    last = reader.info().last_step
    if final is not None or last is None or "outputs" not in reader.columns:
        return final
    drawn, width = reader.column("outputs").shape
    targets = _constant(constants, "targets")
    samples = drawn if targets is None else len(targets)
    found = np.full((samples, width), np.nan)
    names = [name for name in ("samples", "outputs") if name in reader.columns]
    back = 0 if drawn >= samples else _ROWS_A_SAMPLE * samples
    for row in reader.rows(names, first=max(0, last - back), last=last):
        places: IntArray = np.asarray(row.values.get("samples", np.arange(drawn)), dtype=np.int64)
        if row.values["outputs"] is not None:
            found[places] = row.values["outputs"]
    return found


def _conductances(reader: RunReader, constants: Mapping[str, Constant]) -> BranchArray | None:
    """Newest conductances, at full precision where the run has ended."""
    final = _constant(constants, "final_conductances")
    row = reader.row()
    if final is not None or row is None:
        return final
    if row.values.get("conductances") is not None:
        return np.asarray(row.values["conductances"], dtype=np.float64)
    table = _constant(constants, "code_conductances")
    if table is None or row.values.get("codes") is None:
        return None
    codes: IntArray = np.asarray(row.values["codes"], dtype=np.int64)
    each = np.broadcast_to(table, (len(codes), table.shape[-1]))
    return np.asarray(each[np.arange(len(codes)), codes])


def table_columns(directory: Path) -> list[str]:
    """Columns of a table with one row a step: all scalars, then which samples were read and their outputs."""
    with RunReader(directory) as reader:
        scalars = [name for name, column in reader.columns.items() if not column.shape]
        return [*scalars, *(name for name in ("samples", "outputs") if name in reader.columns)]
