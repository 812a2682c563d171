"""Reading a run, finished or growing: short transactions, so that a reader never holds the writer up."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

import numpy as np

from labrig.arrays import IntArray
from labrig.errors import RunError
from labrig.store import frames, tables
from labrig.store.columns import AnyArray, Column, Constant, Value
from labrig.store.database import open_reader, translated
from labrig.store.lock import is_held
from labrig.store.rows import RowDecoder
from labrig.store.sessions import Outcome, Session, read_sessions
from labrig.store.tables import Json

Status: TypeAlias = Outcome | Literal["running"]
_CHUNK = 500
"""Rows fetched in one transaction."""
_FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a list of runs says of one."""

    path: Path
    name: str
    created: str
    """ISO 8601, UTC."""
    status: Status
    """A run without an outcome that nobody writes was killed: ``interrupted``."""
    reason: str
    last_step: int | None
    sampling_interval: int
    """Rows between two that keep the sampled columns; 0: only the last row of the run does."""
    sessions: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One step; arrays decoded, None where nothing was stored."""

    step: int
    values: Mapping[str, Value]


class RunReader:
    """One run's columns, constants, rows and checkpoint.

    Raises
    ------
    RunError
        There is no run here, it is damaged, or it was written by a newer labrig.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._connection = open_reader(directory)
        with translated(directory, "cannot be read"):
            self.columns: Mapping[str, Column] = {c.name: c for c in tables.read_columns(self._connection)}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def at_one_instant(self) -> Generator[None]:
        """Let all that is read in this context be of one moment, however the run grows; keep it short."""
        with translated(self.directory, "cannot be read"):
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def info(self) -> RunInfo:
        """Name, outcome and size, as of now."""
        held = is_held(self.directory)
        with translated(self.directory, "cannot be read"):
            about = tables.read_about(self._connection)
            history = read_sessions(self._connection)
            (last,) = self._connection.execute("SELECT max(step) FROM steps").fetchone()
        outcome = history[-1].outcome if history else None
        status: Status = outcome or ("running" if held else "interrupted")
        reason = (history[-1].reason or "") if outcome else ("" if held else "killed")
        return RunInfo(
            self.directory,
            about["name"],
            about["created"],
            status,
            reason,
            last,
            about["sampling_interval"],
            history,
        )

    def labels(self) -> dict[str, list[str]]:
        """Names along the dimensions that have names."""
        with translated(self.directory, "cannot be read"):
            return tables.read_json(self._connection, "dimensions")

    def attributes(self) -> dict[str, Json]:
        """Everything the run was given as attributes."""
        with translated(self.directory, "cannot be read"):
            return tables.read_json(self._connection, "attributes")

    def constants(self) -> dict[str, Constant]:
        """Arrays that no step changed, and the results of a finished run."""
        with translated(self.directory, "cannot be read"):
            return tables.read_constants(self._connection)

    def checkpoint(self) -> dict[str, Any]:
        """Read what the newest step left to resume from, ``step`` included; empty before the first step."""
        with translated(self.directory, "cannot be read"):
            return tables.read_checkpoint(self._connection)

    def steps(self, *, last: int | None = None, having: str | None = None) -> IntArray:
        """Numbers of the stored steps up to `last`, ascending; of those that kept the column `having`."""
        condition = f' AND "{self.column(having).name}" IS NOT NULL' if having else ""
        query = f"SELECT step FROM steps WHERE step <= ?{condition} ORDER BY step"  # noqa: S608
        with translated(self.directory, "cannot be read"):
            rows = self._connection.execute(query, (_FOREVER if last is None else last,)).fetchall()
        return np.array([step for (step,) in rows], dtype=np.int64)

    def scalars(self, name: str) -> AnyArray:
        """All values of a scalar column, one a row; NULL becomes NaN (numbers) or an empty text."""
        column = self.column(name)
        query = f'SELECT "{column.name}" FROM steps ORDER BY step'  # noqa: S608 (the name is a column's)
        with translated(self.directory, "cannot be read"):
            rows = self._connection.execute(query).fetchall()
        return as_scalars(column, [value for (value,) in rows])

    def last_value(self, name: str) -> Value:
        """Newest value of a scalar column that is not NULL, or None."""
        column = self.column(name)
        known = f'"{column.name}" IS NOT NULL'
        query = f'SELECT "{column.name}" FROM steps WHERE {known} ORDER BY step DESC LIMIT 1'  # noqa: S608
        with translated(self.directory, "cannot be read"):
            row = self._connection.execute(query).fetchone()
        return None if row is None else row[0]

    def row(self, step: int | None = None) -> Row | None:
        """One step, by default the newest; None where there is none."""
        if step is None:
            with translated(self.directory, "cannot be read"):
                (step,) = self._connection.execute("SELECT max(step) FROM steps").fetchone()
        if step is None:
            return None
        return next(self.rows(first=step, last=step), None)

    def rows(
        self, names: Sequence[str] | None = None, *, first: int | None = None, last: int | None = None
    ) -> Iterator[Row]:
        """Iterate over the steps `first` to `last`, both included; `names` are the columns (default: all)."""
        columns = [self.column(name) for name in (self.columns if names is None else names)]
        with translated(self.directory, "cannot be read"):
            low, high = self._connection.execute("SELECT min(step), max(step) FROM steps").fetchone()
        if low is None:
            return
        start = low if first is None else first
        high = high if last is None else min(last, high)
        decoder = RowDecoder()
        for step, *stored in self._fetch(columns, self._decodable_from(columns, start), high):
            values = {c.name: decoder.decode(c, value) for c, value in zip(columns, stored, strict=True)}
            if step >= start:
                yield Row(step, values)

    def _fetch(self, columns: Sequence[Column], start: int, last: int) -> Iterator[tuple[Any, ...]]:
        names = ", ".join(f'"{name}"' for name in ("step", *(c.name for c in columns)))
        query = f"SELECT {names} FROM steps WHERE step BETWEEN ? AND ? ORDER BY step LIMIT {_CHUNK}"  # noqa: S608
        while True:
            with translated(self.directory, "cannot be read"):
                rows = self._connection.execute(query, (start, last)).fetchall()
            yield from rows
            if len(rows) < _CHUNK:
                return
            start = rows[-1][0] + 1

    def _decodable_from(self, columns: Sequence[Column], first: int) -> int:
        """Find the newest step, not after `first`, from which all delta columns can be decoded."""
        start = first
        for column in columns:
            if column.encoding == "delta":
                query = (
                    f'SELECT step FROM steps WHERE step <= ? AND substr("{column.name}", 1, 1) = ?'  # noqa: S608
                    " ORDER BY step DESC LIMIT 1"
                )
                with translated(self.directory, "cannot be read"):
                    row = self._connection.execute(query, (first, frames.FULL)).fetchone()
                start = min(start, row[0]) if row else start
        return start

    def column(self, name: str) -> Column:
        """Find a column by name."""
        try:
            return self.columns[name]
        except KeyError:
            msg = f"{self.directory} has no column {name!r}; it has {', '.join(self.columns)}"
            raise RunError(msg) from None


def as_scalars(column: Column, values: Sequence[Any]) -> AnyArray:
    """Values of a scalar column as one array; integers with gaps become floats with NaN."""
    if column.numpy.kind == "U":
        return np.array(["" if value is None else value for value in values], dtype=np.str_)
    if any(value is None for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.array(values, dtype=np.dtype(column.dtype))
