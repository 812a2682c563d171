"""Writing a run: each step is one transaction, so a killed process loses at most the step in progress."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from labrig.errors import RunError
from labrig.store import sessions, tables
from labrig.store.columns import Column, Constant, Value
from labrig.store.database import (
    Synchronous,
    close_writer,
    create_tables,
    open_reader,
    open_writer,
    transaction,
    translated,
)
from labrig.store.folders import new_directory
from labrig.store.lock import RunLock
from labrig.store.prediction import Keep, sampling_interval
from labrig.store.rows import RowEncoder
from labrig.store.sessions import Outcome
from labrig.store.tables import Json, Plain

EXPERIMENT_NAME = "experiment.yaml"


class Run:
    """A run that is open for writing, by this process only: see `Run.create` and `Run.resume`.

    As a context manager it ends the run, ``failed`` with the error's text or ``interrupted`` by Ctrl-C, where
    `finish` did not.
    """

    def __init__(
        self,
        directory: Path,
        lock: RunLock,
        connection: sqlite3.Connection,
        warnings: tuple[str, ...],
        provenance: Mapping[str, Json],
    ) -> None:
        self.directory = directory
        self.warnings = warnings
        """Sentences for the user about where the run is stored."""
        self._lock = lock
        self._connection = connection
        columns = {column.name: column for column in tables.read_columns(connection)}
        self._names = tuple(columns)
        self.sampling_interval = int(tables.read_about(connection)["sampling_interval"])
        """Rows between two that keep the sampled columns; 0: only the last row of the run does."""
        self._encoder = RowEncoder(columns, self.sampling_interval)
        self._unkept: Mapping[str, Plain] = {}
        (self.last_step,) = connection.execute("SELECT max(step) FROM steps").fetchone()
        """Newest step that is stored, or None."""
        names = ", ".join(f'"{name}"' for name in ("step", *columns))
        marks = ", ".join("?" * (len(columns) + 1))
        self._insert = f"INSERT INTO steps ({names}) VALUES ({marks})"  # noqa: S608 (Column checks its name)
        with transaction(connection):
            first = 0 if self.last_step is None else self.last_step + 1
            self._session: int | None = sessions.begin_session(connection, first, provenance)

    @classmethod
    def create(
        cls,
        root: Path,
        name: str,
        columns: Sequence[Column],
        *,
        planned_steps: int,
        keep: Keep = "auto",
        synchronous: Synchronous = "full",
        labels: Mapping[str, Sequence[str]] | None = None,
        constants: Mapping[str, Constant] | None = None,
        attributes: Mapping[str, Json] | None = None,
        provenance: Mapping[str, Json] | None = None,
        experiment: str = "",
    ) -> Self:
        """Start a run in a folder of its own under `root`, named after now and `name`.

        Parameters
        ----------
        root
            Folder of runs; made if it is missing.
        name
            Of the experiment.
        columns
            What every step will tell.
        planned_steps
            Steps at most; the keep policy ``auto`` goes by it.
        keep
            Which steps keep the ``sampled`` columns.
        synchronous
            ``full`` on a bench, ``normal`` in simulation.
        labels
            Names along a dimension: of nodes, branches, phases.
        constants
            Arrays that no step changes.
        attributes, provenance
            Anything JSON can hold; provenance belongs to this session, attributes to the run.
        experiment
            Text of ``experiment.yaml``, so that the run can be run again from itself.

        Raises
        ------
        RunError
            The folder cannot be made or written.
        """
        _check_names(constants or {}, [column.name for column in columns])
        created = datetime.now(UTC)
        interval = sampling_interval(columns, keep, planned_steps)
        about: dict[str, str | int] = {
            "name": name,
            "created": created.isoformat(),
            "sampling_interval": interval,
        }
        with translated(root, "cannot hold a new run"):
            directory = new_directory(root, name, created)
            (directory / EXPERIMENT_NAME).write_text(experiment, encoding="utf-8")
        lock = RunLock(directory)
        try:
            with translated(directory, "cannot be created"):
                connection, warnings = open_writer(directory, synchronous)
                with transaction(connection):
                    create_tables(connection, columns)
                    tables.write_about(connection, about)
                    tables.write_columns(connection, columns)
                    tables.write_constants(connection, constants or {}, "constant")
                    tables.write_json(
                        connection, "dimensions", {k: list(v) for k, v in (labels or {}).items()}
                    )
                    tables.write_json(connection, "attributes", attributes or {})
                return cls(directory, lock, connection, warnings, provenance or {})
        except BaseException:
            lock.release()
            raise

    @classmethod
    def resume(
        cls,
        directory: Path,
        *,
        synchronous: Synchronous = "full",
        provenance: Mapping[str, Json] | None = None,
    ) -> Self:
        """Open an existing run to append to it; its outcome and results are taken back.

        Raises
        ------
        RunError
            There is no run, another process is writing it, or a newer labrig wrote it.
        """
        open_reader(directory).close()
        lock = RunLock(directory)
        try:
            with translated(directory, "cannot be resumed"):
                connection, warnings = open_writer(directory, synchronous)
                return cls(directory, lock, connection, warnings, provenance or {})
        except BaseException:
            lock.release()
            raise

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of what a row may tell."""
        return self._names

    def append(self, step: int, values: Mapping[str, Value], checkpoint: Mapping[str, Value | bytes]) -> None:
        """Store one row and overwrite the checkpoint, both or neither.

        Parameters
        ----------
        step
            Number of the row. A step that is there already is replaced, and all rows after it go.
        values
            By column name; what is missing or None is stored as NULL (floats read it as NaN).
        checkpoint
            What a resumed run starts from; values of constant size cost the least.

        Raises
        ------
        RunError
            The disk is full or cannot be written; nothing of this step is stored.
        """
        replaces = self.last_step is not None and step <= self.last_step
        if replaces:
            self._encoder.restart()
        row = self._encoder.encode(step, values)
        with translated(self.directory, f"cannot store step {step}"), transaction(self._connection):
            if replaces:
                self._connection.execute("DELETE FROM steps WHERE step >= ?", (step,))
            self._connection.execute(self._insert, (step, *row.stored.values()))
            tables.write_checkpoint(self._connection, {"step": step, **checkpoint})
        self._encoder.advance(row)
        self._unkept = row.unkept
        self.last_step = step

    def finish(
        self, outcome: Outcome, reason: str = "", results: Mapping[str, Constant] | None = None
    ) -> None:
        """Say how it ended, keep the sampled columns of the last row, and close.

        Parameters
        ----------
        outcome, reason
            The verdict and the sentence that explains it.
        results
            Values at full precision beside the rows, such as the final conductances.
        """
        _check_names(results or {}, self._names)
        try:
            with translated(self.directory, "cannot be finished"), transaction(self._connection):
                for name, value in self._unkept.items():
                    statement = f'UPDATE steps SET "{name}" = ? WHERE step = ?'  # noqa: S608
                    self._connection.execute(statement, (value, self.last_step))
                tables.write_constants(self._connection, results or {}, "result")
                sessions.end_session(self._connection, self._session, outcome, reason)
            self._session = None
        finally:
            self.close()

    def close(self) -> None:
        """Let go; without `finish` before, the run looks as if its process was killed. Twice is fine."""
        try:
            close_writer(self._connection)
        finally:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is None:
            self.close()
        elif error is None:
            self.finish("interrupted", "closed without an outcome")
        else:
            outcome: Outcome = "failed" if isinstance(error, Exception) else "interrupted"
            try:
                self.finish(outcome, f"{type(error).__name__}: {error}")
            except RunError as second:
                error.add_note(str(second))


def _check_names(constants: Mapping[str, Constant], columns: Sequence[str]) -> None:
    both = constants.keys() & set(columns)
    if both:
        msg = f"{', '.join(sorted(both))}: a column and a constant of one name cannot be told apart"
        raise ValueError(msg)
