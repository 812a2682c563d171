"""One picture of a study: what was taken along an axis, or errors over what was spent."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from labrig.arrays import FloatArray
from labrig.errors import RunError
from labrig.views.study_record import CaseRecord, StudyRecord
from labrig.views.style import INK, RC, SOFT, Axes

PICTURE_NAME = "study.png"
_DPI = 140
_COLOURS = (
    "#0b62a4",
    "#d1495b",
    "#1b7f5c",
    "#b8770b",
    "#6a4c93",
    "#3aa6b9",
    "#5b6b7a",
    "#a23b72",
    "#7a9e3b",
    "#1c2733",
)
_MARKS = "osD^vPX*<>"
_POINTS = 200
_PANELS = (
    ("measurements", "Settled states"),
    ("writes", "Conductances written"),
    ("seconds", "Seconds, as it was run"),
)
_OF = {
    "steps": "updates until it converged",
    "measurements": "settled states until it converged",
    "writes": "conductances written until it converged",
    "error": "error at the end, V",
}


def write_study_picture(record: StudyRecord, path: Path) -> Path:
    """Draw a study, finished or not.

    Raises
    ------
    RunError
        The file cannot be written.
    """
    with mpl.rc_context(RC):  # pyright: ignore[reportUnknownMemberType]
        drawing = Figure(figsize=(12.5, 6.0))
        FigureCanvasAgg(drawing)
        figure: Any = drawing
        figure.text(0.02, 0.94, record.name, fontsize=14, weight="bold", color=INK)
        figure.text(0.02, 0.895, _facts(record), color=SOFT)
        if record.against is None:
            _draw_curves(figure, record)
        else:
            _draw_along(figure, record, record.against)
        try:
            figure.savefig(path, dpi=_DPI)
        except (OSError, ValueError) as error:
            msg = f"{path} cannot be written: {error}; choose another file, such as study.png"
            raise RunError(msg) from error
    return path


def _facts(record: StudyRecord) -> str:
    seeds = record.wanted // max(len(record.cases), 1)
    converged = sum(case.converged for case in record.cases)
    done = "" if record.done == record.wanted else f"   ·   {record.done} of {record.wanted} done so far"
    return (
        f"{len(record.cases)} cases   ·   {seeds} seeds   ·   {converged} of {record.done} trainings"
        f" converged   ·   medians; bands and bars: all seeds{done}"
    )


def _draw_curves(figure: Axes, record: StudyRecord) -> None:
    """Error so far over what was spent; a line a case."""
    places = figure.subplots(1, len(_PANELS), sharey=True)
    figure.subplots_adjust(left=0.07, right=0.98, top=0.8, bottom=0.2, wspace=0.08)
    for axes, (spent, title) in zip(places, _PANELS, strict=True):
        for case, colour in zip(record.cases, _cycled(_COLOURS, record.cases), strict=True):
            if case.curves:
                _draw_curve(axes, case, spent, colour)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_title(title)
        axes.grid(visible=True)
    places[0].set_ylabel("‖x − y‖, V")
    handles, labels = places[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="lower center", ncols=min(5, max(len(labels), 1)), bbox_to_anchor=(0.5, 0.02)
    )


def _draw_curve(axes: Axes, case: CaseRecord, spent: str, colour: str) -> None:
    starts = [curve[spent][0] for curve in case.curves]
    ends = [curve[spent][-1] for curve in case.curves]
    low, high = max(*starts, 1e-6), max(ends)
    if not high > low:
        high = low * 1.01
    grid = float(low) * (float(high) / float(low)) ** np.linspace(0, 1, _POINTS)
    errors = np.array([_at(curve[spent], curve["error"], grid) for curve in case.curves])
    middle = np.median(errors, axis=0)
    axes.plot(grid, middle, color=colour, linewidth=1.6, label=case.name)
    axes.fill_between(grid, errors.min(axis=0), errors.max(axis=0), color=colour, alpha=0.12, linewidth=0)
    if case.converged == case.trained:
        axes.plot(grid[-1], middle[-1], "o", color=colour, markersize=4)


def _at(spent: FloatArray, errors: FloatArray, grid: FloatArray) -> FloatArray:
    """What the error was when so much was spent; the last one from where the training ended."""
    places = np.clip(np.searchsorted(spent, grid * (1 + 1e-9), side="right") - 1, 0, len(spent) - 1)
    return np.asarray(errors[places])


def _draw_along(figure: Axes, record: StudyRecord, against: str) -> None:
    """What was taken along one axis; a line for each combination of the others."""
    axes = figure.subplots()
    figure.subplots_adjust(left=0.08, right=0.78, top=0.8, bottom=0.12)
    labels = list(record.axes[against])
    numbers = _numbers(labels)
    places = dict(zip(labels, range(len(labels)) if numbers is None else numbers, strict=True))
    lines = list(_lines(record, against))
    styles = zip(lines, _cycled(_COLOURS, lines), _cycled(_MARKS, lines), strict=True)
    for number, ((name, cases), colour, mark) in enumerate(styles):
        beside = 0.0 if numbers is not None else 0.07 * (number - (len(lines) - 1) / 2)
        points = [(places[case.labels[against]] + beside, case) for case in cases]
        _draw_line(
            axes, points, record.of, color=colour, marker=mark, label=name, linestyle="-" if numbers else ""
        )
    if numbers is None:
        axes.set_xticks(range(len(labels)), labels)
        axes.margins(x=0.1)
    elif min(numbers) > 0 and max(numbers) / min(numbers) > 8:
        axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(against)
    axes.set_ylabel(_OF[record.of])
    axes.grid(visible=True)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))


def _draw_line(axes: Axes, points: Sequence[tuple[float, CaseRecord]], of: str, **style: str) -> None:
    shown = [(x, case.errors if of == "error" else case.spent[of], case) for x, case in points]
    full = [(x, values) for x, values, _ in shown if values.size]
    if full:
        middle = np.array([np.median(values) for _, values in full])
        bars = [middle - [values.min() for _, values in full], [values.max() for _, values in full] - middle]
        axes.errorbar([x for x, _ in full], middle, bars, markersize=5, capsize=2, elinewidth=0.9, **style)
    for x, _, case in shown:
        if of != "error" and case.converged < case.trained:
            axes.annotate(
                f"{case.trained - case.converged} of {case.trained}\nnot", (x, 1.0),
                xycoords=("data", "axes fraction"), color=style["color"], fontsize=7.5, ha="center", va="top",
            )  # fmt: skip


def _lines(record: StudyRecord, against: str) -> Iterator[tuple[str, list[CaseRecord]]]:
    found: dict[str, list[CaseRecord]] = {}
    for case in record.cases:
        name = ", ".join(label for axis, label in case.labels.items() if axis != against) or record.of
        found.setdefault(name, []).append(case)
    yield from found.items()


def _numbers(labels: Sequence[str]) -> list[float] | None:
    """What the labels stand for, where all are numbers."""
    try:
        return [float(label) for label in labels]
    except ValueError:
        return None


def _cycled(items: Sequence[str], things: Sequence[object]) -> list[str]:
    return [items[k % len(items)] for k in range(len(things))]
