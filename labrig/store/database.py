"""The SQLite file of a run: its tables, how it is opened, and what SQLite's errors mean to a user.

``steps`` has one row a step and one SQL column a `Column`; ``checkpoint`` one row a value, overwritten each
step; ``sessions`` one row each time a process opened the run for writing.
"""

import os
import shutil
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from labrig.errors import RunError
from labrig.store.columns import Column
from labrig.store.filesystem import network_filesystem

DATABASE_NAME = "run.db"
APPLICATION_ID = 0x6C616272
"""``labr``, in the file's header: says that this SQLite file is a run."""
SCHEMA_VERSION = 1
PAGE_SIZE = 2048
"""Bytes. A commit writes whole pages: 2048 wastes the least time, and few bytes, on rows of 1 to 10 kB."""
_WAL_BYTES = 1 << 23
"""Size at which the write-ahead log is copied into the file."""

Synchronous: TypeAlias = Literal["full", "normal"]
"""``full`` survives a power cut at any step (a bench); ``normal`` a crash of the process (a simulation)."""

_TABLES = """
CREATE TABLE run (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE columns (name TEXT PRIMARY KEY, unit TEXT, description TEXT, dtype TEXT, dims TEXT, shape TEXT,
    encoding TEXT, keep TEXT);
CREATE TABLE dimensions (name TEXT PRIMARY KEY, labels TEXT);
CREATE TABLE constants (name TEXT PRIMARY KEY, unit TEXT, description TEXT, dims TEXT, dtype TEXT, shape TEXT,
    value, role TEXT);
CREATE TABLE attributes (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE sessions (session INTEGER PRIMARY KEY, started TEXT, pid INTEGER, host TEXT, first_step INTEGER,
    provenance TEXT, ended TEXT, outcome TEXT, reason TEXT);
CREATE TABLE checkpoint (name TEXT PRIMARY KEY, dtype TEXT, shape TEXT, value);
"""


def create_tables(connection: sqlite3.Connection, columns: Sequence[Column]) -> None:
    """Lay out an empty run, inside the transaction that also describes it: nobody sees half of a run."""
    scalars_first = sorted(
        columns, key=lambda column: bool(column.shape)
    )  # what is read most lies on few pages
    stepped = ", ".join(["step INTEGER PRIMARY KEY", *(f'"{c.name}" {c.sql_type}' for c in scalars_first)])
    for statement in (*_TABLES.split(";"), f"CREATE TABLE steps ({stepped})"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def open_writer(directory: Path, synchronous: Synchronous) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    """Open for writing; also return warnings about where the run lies."""
    network = network_filesystem(directory)
    connection = sqlite3.connect(directory / DATABASE_NAME, timeout=10.0, isolation_level=None)
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    connection.execute(f"PRAGMA journal_mode = {'DELETE' if network else 'WAL'}")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_BYTES // PAGE_SIZE}")
    if network is None:
        return connection, ()
    warning = (
        f"{directory} is on a network file system ({network}): steps are stored with a rollback journal, "
        "which is slower, and readers may hold a step up; a folder on a local disk avoids both"
    )
    return connection, (warning,)


def close_writer(connection: sqlite3.Connection) -> None:
    """Fold the write-ahead log into the file, so that a finished run is one file that any reader can open."""
    try:
        connection.execute("PRAGMA busy_timeout = 200")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error:
        pass  # somebody is reading, or the disk is full: the log stays beside the file, and holds as much
    finally:
        connection.close()


def open_reader(directory: Path) -> sqlite3.Connection:
    """Open a run, which may be growing, for reading only.

    Raises
    ------
    RunError
        There is no run here, it is damaged, or it was written by a newer labrig.
    """
    path = directory / DATABASE_NAME
    if not path.is_file():
        found = "no such folder" if not directory.exists() else f"it holds no {DATABASE_NAME}"
        msg = f"{directory} is not a run: {found}; labrig runs list shows the runs of a folder"
        raise RunError(msg)
    with translated(directory, "cannot be read"):
        connection = _connect_read_only(path)
        try:
            check_version(connection, directory)
        except BaseException:
            connection.close()
            raise
    return connection


def check_version(connection: sqlite3.Connection, directory: Path) -> None:
    """Refuse what is no run, and what a newer labrig wrote."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        msg = f"{directory} is not a run: its {DATABASE_NAME} was not written by labrig"
        raise RunError(msg)
    if version > SCHEMA_VERSION:
        msg = (
            f"{directory} was written by a newer labrig (schema {version}, this one reads up to "
            f"{SCHEMA_VERSION}); update labrig to read it"
        )
        raise RunError(msg)


@contextmanager
def translated(directory: Path, what: str) -> Generator[None]:
    """Turn SQLite's and the system's errors into one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_FULL" or _free_bytes(directory) == 0:
            msg = f"{directory} {what}: the disk is full; free some space, then resume the run"
        elif name == "SQLITE_NOTADB":
            msg = f"{directory} is not a run: its {DATABASE_NAME} is no SQLite database"
        else:
            msg = f"{directory} {what}: {error}; check the folder's permissions and the disk"
        raise RunError(msg) from error
    except OSError as error:
        msg = f"{directory} {what}: {error.strerror or error}; choose another folder with --runs"
        raise RunError(msg) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """All or nothing, whatever ends it."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise


def _connect_read_only(path: Path) -> sqlite3.Connection:
    """Connect; a folder without write access has no room for shared memory, so read its file as it lies."""
    log = path.with_name(path.name + "-wal")
    frozen = not os.access(path.parent, os.W_OK) and not log.exists()
    options = "mode=ro&immutable=1" if frozen else "mode=ro"
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{options}", uri=True, timeout=10.0, isolation_level=None
    )


def _free_bytes(directory: Path) -> int:
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return -1
