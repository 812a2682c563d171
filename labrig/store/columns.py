"""What a run holds: columns that get a value each step, and constants that are told once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

AnyArray: TypeAlias = NDArray[Any]
Scalar: TypeAlias = float | int | str | bool | np.generic
Value: TypeAlias = Scalar | AnyArray | None
"""What a column may hold in one row; None where there is nothing to say."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SQL_TYPES: Mapping[str, str] = {"f": "REAL", "i": "INTEGER", "u": "INTEGER", "b": "INTEGER", "U": "TEXT"}


@dataclass(frozen=True, slots=True)
class Column:
    """One named value a step: a scalar, or an array of fixed shape.

    Parameters
    ----------
    name
        Lower case, digits and underscores; also the name of the SQL column.
    unit
        SI, as in ``V`` or ``S``; empty where there is none.
    dtype
        A NumPy dtype; ``str`` for text (scalars only). Stored little-endian.
    dims, shape
        One dimension name and one length each; empty for a scalar.
    encoding
        ``delta`` stores only the entries whose bits changed since the row before (arrays only).
    keep
        ``sampled`` columns are stored as the run's keep policy says, ``always`` ones in every row.

    Raises
    ------
    ValueError
        The parts contradict each other.
    """

    name: str
    unit: str = ""
    description: str = ""
    dtype: str = "float64"
    dims: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    encoding: Literal["full", "delta"] = "full"
    keep: Literal["always", "sampled"] = "always"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name == "step":
            msg = f"column name {self.name!r}: use lower case letters, digits and _, and not 'step'"
            raise ValueError(msg)
        if len(self.dims) != len(self.shape):
            msg = f"column {self.name}: {len(self.dims)} dims, but a shape of {len(self.shape)} lengths"
            raise ValueError(msg)
        if self.numpy.kind not in _SQL_TYPES or (self.shape and self.numpy.kind == "U"):
            msg = f"column {self.name}: dtype {self.dtype} is not float, int, uint, bool, or (scalars) str"
            raise ValueError(msg)
        if self.encoding == "delta" and (not self.shape or self.keep == "sampled"):
            msg = f"column {self.name}: only arrays that are kept in every row can be stored as deltas"
            raise ValueError(msg)

    @property
    def numpy(self) -> np.dtype[Any]:
        """The dtype as stored: little-endian."""
        return _little(self.dtype)

    @property
    def sql_type(self) -> str:
        """Type of the SQL column."""
        return "BLOB" if self.shape else _SQL_TYPES[self.numpy.kind]

    @property
    def nbytes(self) -> int:
        """Bytes of one value; text counts as 16."""
        return (
            int(np.prod(self.shape, dtype=np.int64)) * self.numpy.itemsize
            if self.shape
            else max(self.numpy.itemsize, 16)
        )

    def array(self, value: Value) -> AnyArray:
        """Copy a value into the array that is stored, C-contiguous."""
        array = np.array(value, dtype=self.numpy, order="C")
        if array.shape != self.shape:
            msg = f"column {self.name}: shape {array.shape}, expected {self.shape}"
            raise ValueError(msg)
        return array


@dataclass(frozen=True, slots=True)
class Constant:
    """A value of a run that no step changes: targets, bounds, or what came out at the end."""

    value: ArrayLike
    dims: tuple[str, ...] = ()
    unit: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        if np.ndim(self.value) != len(self.dims):
            msg = f"a constant of {np.ndim(self.value)} dimensions has {len(self.dims)} dims: {self.dims}"
            raise ValueError(msg)


@cache
def _little(dtype: str) -> np.dtype[Any]:
    return np.dtype(dtype).newbyteorder("<")


def scalar(value: Value) -> float | int | str | None:
    """Make a scalar what SQLite takes."""
    plain = value.item() if isinstance(value, np.generic | np.ndarray) else value
    return int(plain) if isinstance(plain, bool) else plain
