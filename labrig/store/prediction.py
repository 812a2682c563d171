"""How large a run will be, and how often its bulky columns are kept so that it stays under a gigabyte."""

import math
from collections.abc import Iterable
from typing import Literal, TypeAlias

from labrig.store.columns import Column
from labrig.store.database import PAGE_SIZE

Keep: TypeAlias = Literal["auto", "all", "last"] | int
"""Which steps keep the ``sampled`` columns: all, every K-th, only the last of the run, or as many as fit."""

BUDGET_BYTES = 1_000_000_000
"""What ``auto`` stays under."""
_FIXED_BYTES = 100_000
"""Tables, constants, attributes and provenance of an ordinary run."""
_INNER_PAGES = 1.01
"""The tree above the rows."""


def predicted_bytes(columns: Iterable[Column], steps: int, interval: int) -> float:
    """Size of ``run.db`` after `steps` rows; delta columns count as if every entry changed.

    Parameters
    ----------
    columns
        All columns of the run.
    steps
        Rows.
    interval
        Rows between two that keep the sampled columns; 0: only the last row of the run does.
    """
    always = kept = 0
    for column in columns:
        size = column.nbytes + 3 + (column.encoding == "delta")
        kept += size
        always += 3 if column.keep == "sampled" else size
    rows_kept = math.ceil(steps / interval) if interval else 1
    rows = (steps - rows_kept) * _row_bytes(always) + rows_kept * _row_bytes(kept)
    return _FIXED_BYTES + _INNER_PAGES * rows


def _row_bytes(payload: int) -> float:
    """Bytes of file that a row takes, by SQLite's file format (sqlite.org/fileformat2.html, section 1.6).

    A long row leaves its first bytes in a leaf page and the rest in overflow pages of its own.
    """
    longest = PAGE_SIZE - 35
    least = (PAGE_SIZE - 12) * 32 // 255 - 23
    local = payload
    if payload > longest:
        local = least + (payload - least) % (PAGE_SIZE - 4)
        local = local if local <= longest else least
    overflow = math.ceil((payload - local) / (PAGE_SIZE - 4))
    rows_a_leaf = max(1, (PAGE_SIZE - 8) // (local + 14))  # lengths, key, overflow and cell pointers
    return PAGE_SIZE / rows_a_leaf + PAGE_SIZE * overflow


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
