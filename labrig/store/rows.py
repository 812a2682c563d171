"""From named values to what SQLite stores in one row, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from labrig.store import frames
from labrig.store.columns import AnyArray, Column, Value, scalar
from labrig.store.tables import Plain

_FULL_FRAME_EVERY = 1000
"""Rows between two full frames of a delta column."""


@dataclass(frozen=True, slots=True)
class EncodedRow:
    """One row on its way to disk."""

    stored: Mapping[str, Plain]
    """All columns, in order."""
    unkept: Mapping[str, Plain]
    """Sampled columns that this row does not keep, but will if it stays the last."""
    reference: Mapping[str, AnyArray]
    """What the next row's deltas refer to, once this row is on disk."""
    full: bool
    """Whether the row can be decoded without the one before."""


class RowEncoder:
    """Encodes rows in order; `advance` once a row is safely on disk."""

    def __init__(self, columns: Mapping[str, Column], interval: int) -> None:
        self._columns = columns
        self._interval = interval
        self._reference: Mapping[str, AnyArray] = {}
        self._rows_since_full = _FULL_FRAME_EVERY

    def restart(self) -> None:
        """Let the next row be a full frame: the one before it is not known."""
        self._rows_since_full = _FULL_FRAME_EVERY

    def encode(self, step: int, values: Mapping[str, Value]) -> EncodedRow:
        """Encode one row; missing values and None become NULL.

        Raises
        ------
        ValueError
            A name is no column's, or a shape is wrong.
        """
        unknown = values.keys() - self._columns.keys()
        if unknown:
            msg = f"no such column: {', '.join(sorted(unknown))}; there are {', '.join(self._columns)}"
            raise ValueError(msg)
        full = self._rows_since_full >= _FULL_FRAME_EVERY
        kept = self._interval > 0 and step % self._interval == 0
        stored: dict[str, Plain] = {}
        unkept: dict[str, Plain] = {}
        reference: dict[str, AnyArray] = {}
        for name, column in self._columns.items():
            value = values.get(name)
            if value is None or not column.shape:
                stored[name] = scalar(value)
                continue
            array = column.array(value)
            if column.encoding == "delta":
                stored[name] = frames.encode(array, None if full else self._reference.get(name))
                reference[name] = array
            elif column.keep == "always" or kept:
                stored[name] = array.tobytes()
            else:
                stored[name], unkept[name] = None, array.tobytes()
        return EncodedRow(stored, unkept, reference, full)

    def advance(self, row: EncodedRow) -> None:
        """Take a stored row as what the next one refers to."""
        self._reference = {**self._reference, **row.reference}
        self._rows_since_full = 1 if row.full else self._rows_since_full + 1


class RowDecoder:
    """Decodes rows in order, beginning with one whose delta columns are full frames."""

    def __init__(self) -> None:
        self._states: dict[str, AnyArray] = {}

    def decode(self, column: Column, stored: Any) -> Value:
        """Value of one column in the next row; None for NULL."""
        if stored is None:
            return None
        if not column.shape:
            return bool(stored) if column.numpy.kind == "b" else stored
        if column.encoding == "full":
            return np.frombuffer(stored, column.numpy).reshape(column.shape)
        state = self._states.setdefault(column.name, np.zeros(column.shape, column.numpy))
        frames.decode(stored, state)
        return state.copy()
