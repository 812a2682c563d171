"""The tables beside the rows: what the columns are, what does not change, what a resumed run starts from."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

import numpy as np

from labrig.store.columns import AnyArray, Column, Constant, Value

Json: TypeAlias = Any
"""What `json.dumps` takes."""
JsonTable: TypeAlias = Literal["attributes", "dimensions"]
Plain: TypeAlias = bytes | str | float | None


def write_columns(connection: sqlite3.Connection, columns: Sequence[Column]) -> None:
    """Describe the columns."""
    connection.executemany(
        "INSERT INTO columns VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                c.name,
                c.unit,
                c.description,
                c.dtype,
                json.dumps(c.dims),
                json.dumps(c.shape),
                c.encoding,
                c.keep,
            )
            for c in columns
        ],
    )


def read_columns(connection: sqlite3.Connection) -> tuple[Column, ...]:
    """All columns, in the order in which they were declared."""
    rows = connection.execute(
        "SELECT name, unit, description, dtype, dims, shape, encoding, keep FROM columns ORDER BY rowid"
    )
    return tuple(
        Column(
            name, unit, description, dtype, tuple(json.loads(dims)), tuple(json.loads(shape)), encoding, keep
        )
        for name, unit, description, dtype, dims, shape, encoding, keep in rows
    )


def write_constants(
    connection: sqlite3.Connection, constants: Mapping[str, Constant], role: Literal["constant", "result"]
) -> None:
    """Store constants; a result replaces the one of the same name."""
    for name, constant in constants.items():
        dtype, shape, value = pack(np.asarray(constant.value))
        described = (name, constant.unit, constant.description, json.dumps(constant.dims))
        connection.execute(
            "INSERT OR REPLACE INTO constants (name, unit, description, dims, dtype, shape, value, role)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*described, dtype, shape, value, role),
        )


def read_constants(connection: sqlite3.Connection) -> dict[str, Constant]:
    """All constants and results by name."""
    rows = connection.execute(
        "SELECT name, unit, description, dims, dtype, shape, value FROM constants ORDER BY rowid"
    )
    return {
        name: Constant(
            cast("AnyArray", unpack(dtype, shape, value)), tuple(json.loads(dims)), unit, description
        )
        for name, unit, description, dims, dtype, shape, value in rows
    }


def write_json(connection: sqlite3.Connection, table: JsonTable, values: Mapping[str, Json]) -> None:
    """Store names with a JSON value each."""
    statement = {
        "attributes": "INSERT OR REPLACE INTO attributes VALUES (?, ?)",
        "dimensions": "INSERT OR REPLACE INTO dimensions VALUES (?, ?)",
    }[table]
    connection.executemany(statement, [(name, json.dumps(value)) for name, value in values.items()])


def read_json(connection: sqlite3.Connection, table: JsonTable) -> dict[str, Json]:
    """All names with their values."""
    statement = {
        "attributes": "SELECT name, value FROM attributes ORDER BY rowid",
        "dimensions": "SELECT name, labels FROM dimensions ORDER BY rowid",
    }[table]
    return {name: json.loads(value) for name, value in connection.execute(statement)}


def write_about(connection: sqlite3.Connection, about: Mapping[str, str | int]) -> None:
    """Store the run's own facts: name, when it was created, how often sampled columns are kept."""
    connection.executemany("INSERT INTO run VALUES (?, ?)", list(about.items()))


def read_about(connection: sqlite3.Connection) -> dict[str, Any]:
    """All of the run's own facts."""
    return dict(connection.execute("SELECT key, value FROM run").fetchall())


def write_checkpoint(connection: sqlite3.Connection, checkpoint: Mapping[str, Value | bytes]) -> None:
    """Overwrite the checkpoint; values of the same size are written in place."""
    connection.executemany(
        "INSERT INTO checkpoint VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE"
        " SET value = excluded.value, dtype = excluded.dtype, shape = excluded.shape",
        [(name, *pack(value)) for name, value in checkpoint.items()],
    )


def read_checkpoint(connection: sqlite3.Connection) -> dict[str, Any]:
    """All values of the checkpoint, as they were given."""
    rows = connection.execute("SELECT name, dtype, shape, value FROM checkpoint").fetchall()
    return {name: unpack(dtype, shape, value) for name, dtype, shape, value in rows}


def pack(value: Value | bytes) -> tuple[str, str, Plain]:
    """Make a value (dtype, shape, what SQLite stores): arrays as little-endian bytes, the rest as it is."""
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        little = array.astype(array.dtype.newbyteorder("<"))
        return little.dtype.str, json.dumps(array.shape), little.tobytes()
    return type(value).__name__, "", value


def unpack(dtype: str, shape: str, value: Plain) -> AnyArray | Plain:
    """Undo `pack`; arrays are new and writable."""
    if shape and isinstance(value, bytes):
        return np.frombuffer(value, np.dtype(dtype)).reshape(json.loads(shape)).copy()
    return bool(value) if dtype == "bool" else value
