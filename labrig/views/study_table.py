"""A study as a table: what each case took, and what it reached."""

import numpy as np
from rich.table import Table

from labrig.arrays import FloatArray
from labrig.units import format_quantity
from labrig.views.study_record import SPENT, CaseRecord, StudyRecord


def study_table(record: StudyRecord) -> Table:
    """One line a case; median (worst) of those that converged."""
    table = Table(box=None, pad_edge=False, header_style="dim", title=record.name)
    for axis in record.axes:
        table.add_column(axis, overflow="fold")
    for head in ("converged", *SPENT, "error at the end"):
        table.add_column(head, justify="right", no_wrap=True)
    for case in record.cases:
        table.add_row(
            *case.labels.values(), f"{case.converged} of {case.trained}", *_spent(case), _error(case)
        )
    return table


def _spent(case: CaseRecord) -> list[str]:
    return [_median(values) for values in case.spent.values()]


def _median(values: FloatArray) -> str:
    if not values.size:
        return "–"
    middle, worst = float(np.median(values)), float(values.max())
    return f"{middle:.4g}" if middle == worst else f"{middle:.4g} ({worst:.4g})"


def _error(case: CaseRecord) -> str:
    if not case.errors.size:
        return ""
    middle = float(np.median(case.errors))
    return "not measured" if np.isnan(middle) else format_quantity(middle, "V", 3)
