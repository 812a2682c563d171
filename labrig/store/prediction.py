"""How large a run will be, and how often its bulky columns are kept so that it stays under a gigabyte."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

from labrig.store.columns import Column

Keep: TypeAlias = Literal["auto", "all", "last"] | int
"""Which steps keep the ``sampled`` columns: all, every K-th, only the last of the run, or as many as fit."""

BUDGET_BYTES = 1_000_000_000
"""What ``auto`` stays under."""
_ROW_OVERHEAD = 24
"""Bytes of a row's key, header and cell pointer."""
_PAGE_FILL = 1.06
"""Bytes on disk a byte of payload: the last page of a row is partly filled, and pages point to each other."""
_FIXED_BYTES = 64_000
"""Tables, attributes and provenance of an ordinary run."""


def predicted_bytes(columns: Iterable[Column], steps: int, interval: int) -> float:
    """Upper estimate of ``run.db`` after `steps` rows; delta columns count as if every entry changed.

    Parameters
    ----------
    columns
        All columns of the run.
    steps
        Rows.
    interval
        Rows between two that keep the sampled columns; 0: only the last row of the run does.
    """
    always = sampled = 0
    for column in columns:
        size = column.nbytes + 3 + (column.encoding == "delta")
        if column.keep == "sampled":
            sampled += size
        else:
            always += size
    kept = steps / interval if interval else 1
    return _FIXED_BYTES + _PAGE_FILL * (steps * (always + _ROW_OVERHEAD) + kept * sampled)


def sampling_interval(columns: Iterable[Column], keep: Keep, steps: int) -> int:
    """Rows between two that keep the sampled columns; 0: only the last row of the run does.

    Under ``auto`` this is the smallest interval with which the run is predicted to stay under `BUDGET_BYTES`.
    Where the other columns alone are larger, only the last row keeps them.

    Raises
    ------
    ValueError
        An interval below 1 was asked for.
    """
    if keep == "all":
        return 1
    if keep == "last":
        return 0
    if keep != "auto":
        if keep < 1:
            msg = f"keep every {keep} steps: the interval must be 1 or more"
            raise ValueError(msg)
        return keep
    columns = tuple(columns)
    without = predicted_bytes(columns, steps, 0)
    each = predicted_bytes(columns, steps, 1) - without
    room = BUDGET_BYTES - without
    if room <= 0:
        return 0
    return max(1, -int(-each // room))
