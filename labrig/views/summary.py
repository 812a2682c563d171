"""One picture of a training: what it cost, where it ended, and what became of the conductances."""

from datetime import datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from labrig.errors import RunError
from labrig.store.reader import RunReader
from labrig.views.codes_picture import draw_code_sweep, is_code_sweep, load_code_sweep
from labrig.views.conductance_panel import draw_conductances
from labrig.views.drift_panel import draw_drift
from labrig.views.error_panel import draw_error
from labrig.views.gather import load_record
from labrig.views.memristor_picture import draw_memristor_run, is_memristor_run, load_memristor_run
from labrig.views.output_panel import draw_outputs
from labrig.views.record import TrainingRecord
from labrig.views.style import INK, OUTCOME_COLOURS, PAPER, RC, SOFT
from labrig.views.sweep_picture import draw_sweep, is_sweep, load_sweep
from labrig.views.words import duration, volts

SUMMARY_NAME = "summary.png"
_DPI = 140
_LONGEST_NAME, _LONGEST_REASON = 60, 140
"""Characters that fit across the picture."""


def write_summary(run: Path, destination: Path | None = None) -> Path:
    """Draw a run, finished or not, and write the picture; by default as ``summary.png`` in its directory.

    Raises
    ------
    RunError
        The run cannot be read or the picture cannot be written.
    """
    target = run / SUMMARY_NAME if destination is None else destination
    figure = _draw(run)
    try:
        figure.savefig(target, dpi=_DPI)  # pyright: ignore[reportUnknownMemberType]
    except (OSError, ValueError) as error:
        msg = f"{target} cannot be written: {error}; choose another file, such as picture.png"
        raise RunError(msg) from error
    return target


def _draw(run: Path) -> Figure:
    with RunReader(run) as reader:
        if is_sweep(reader):
            return draw_sweep(load_sweep(reader))
        if is_code_sweep(reader):
            return draw_code_sweep(load_code_sweep(reader))
        if is_memristor_run(reader):
            return draw_memristor_run(load_memristor_run(reader))
    return draw_summary(load_record(run))


def draw_summary(record: TrainingRecord) -> Figure:
    """Lay out the header, the error, what drifted, the outputs and the conductances."""
    with mpl.rc_context(RC):  # pyright: ignore[reportUnknownMemberType]
        drawing = Figure(figsize=(12.5, 9.2))
        FigureCanvasAgg(drawing)
        figure: Any = drawing
        upper = figure.add_gridspec(
            1, 2, left=0.065, right=0.965, top=0.835, bottom=0.49, wspace=0.24, width_ratios=(1.3, 1)
        )
        right = upper[1].subgridspec(2, 1, height_ratios=(2.6, 1), hspace=0.1)
        lower = figure.add_gridspec(
            1, 3, left=0.065, right=0.925, top=0.395, bottom=0.075, wspace=0.16, width_ratios=(1, 1, 0.028)
        )
        if record.looks.size:
            left = upper[0].subgridspec(2, 1, height_ratios=(2.3, 1), hspace=0.62)
            above = figure.add_subplot(left[0])
            draw_error(above, record)
            draw_drift(figure.add_subplot(left[1], sharex=above), record)
        else:
            draw_error(figure.add_subplot(upper[0]), record)
        draw_outputs(figure.add_subplot(right[0]), figure.add_subplot(right[1]), record)
        start, end, bar = (figure.add_subplot(cell) for cell in lower)
        draw_conductances(figure, start, end, bar, record)
        _draw_header(figure, record)
    return drawing


def _draw_header(figure: Any, record: TrainingRecord) -> None:
    info = record.info
    name = _shortened(info.name, _LONGEST_NAME)
    figure.text(0.04, 0.96, name, fontsize=17, fontweight="bold", color=INK, va="center")
    colour = OUTCOME_COLOURS.get(info.status, SOFT)
    figure.text(
        0.965, 0.96, info.status, fontsize=11, fontweight="bold", color=PAPER, va="center", ha="right",
        bbox={"boxstyle": "round,pad=0.45", "facecolor": colour, "edgecolor": "none"},
    )  # fmt: skip
    figure.text(0.04, 0.925, "   ·   ".join(_facts(record)), fontsize=10, color=SOFT, va="center")
    reason = _shortened(info.reason, _LONGEST_REASON)
    figure.text(0.04, 0.897, reason, fontsize=9.5, color=colour, va="center")


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _facts(record: TrainingRecord) -> list[str]:
    error = record.totals["error"]
    wall = record.totals["wall"]
    found = [
        f"{record.info.last_step or 0:,} steps",
        f"{int(record.totals['measurements'] or 0):,} measurements",
        *([] if error is None else [f"final error {volts(error)}"]),
        *([] if wall is None else [duration(wall)]),
        *([str(record.attributes["rig"])] if record.attributes.get("rig") else []),
        f"{datetime.fromisoformat(record.info.created).astimezone():%d %b %Y %H:%M}",
    ]
    return [fact.replace(",", " ") for fact in found]
