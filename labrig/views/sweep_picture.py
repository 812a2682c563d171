"""One picture of a sweep: I-V, and log |I|-V; points at a limit are hollow."""

from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from labrig.arrays import BoolArray, FloatArray
from labrig.store.reader import RunInfo, RunReader
from labrig.store.tables import Json
from labrig.units import format_quantity
from labrig.views.style import ACCENT, FAINT, INK, LINE, OUTCOME_COLOURS, PAPER, RC, SOFT, Axes, say

_PROCEDURE = "sweep iv"


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """A sweep as far as it has come; arrays of shape (P,)."""

    info: RunInfo
    attributes: dict[str, Json]
    volts: FloatArray
    amperes: FloatArray
    limited: BoolArray


def is_sweep(reader: RunReader) -> bool:
    """Whether a run is one of these."""
    return reader.attributes().get("procedure") == _PROCEDURE


def load_sweep(reader: RunReader) -> SweepRecord:
    """Read a sweep."""
    return SweepRecord(
        info=reader.info(),
        attributes=reader.attributes(),
        volts=reader.scalars("voltage").astype(np.float64),
        amperes=reader.scalars("current").astype(np.float64),
        limited=reader.scalars("limited") != "",
    )


def draw_sweep(record: SweepRecord) -> Figure:
    """Lay out the header and both views."""
    with mpl.rc_context(RC):  # pyright: ignore[reportUnknownMemberType]
        drawing = Figure(figsize=(11.5, 5.4))
        FigureCanvasAgg(drawing)
        figure: Any = drawing
        grid = figure.add_gridspec(1, 2, left=0.075, right=0.97, top=0.76, bottom=0.12, wspace=0.24)
        linear, logarithmic = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
        _draw_linear(linear, record)
        _draw_logarithmic(logarithmic, record)
        draw_sweep_header(figure, record.info, _facts(record))
    return drawing


def _draw_linear(axes: Axes, record: SweepRecord) -> None:
    axes.set_title("Current over voltage")
    if not np.isfinite(record.amperes).any():
        say(axes, "no current was measured")
        return
    scale, unit = _scale(record.amperes, "A")
    axes.axhline(0, color=FAINT, linewidth=0.8)
    axes.axvline(0, color=FAINT, linewidth=0.8)
    _trace(axes, record.volts, record.amperes / scale, record.limited)
    axes.set_xlabel("V, measured")
    axes.set_ylabel(f"{unit}, measured")
    axes.grid(visible=True)


def _draw_logarithmic(axes: Axes, record: SweepRecord) -> None:
    axes.set_title("Magnitude of the current")
    magnitude = np.abs(record.amperes)
    shown = np.isfinite(magnitude) & (magnitude > 0)
    if not shown.any():
        say(axes, "no current but zero was measured")
        return
    axes.set_yscale("log")
    _trace(axes, record.volts[shown], magnitude[shown], record.limited[shown])
    axes.set_xlabel("V, measured")
    axes.set_ylabel("A, measured")
    axes.grid(visible=True)
    axes.legend(loc="lower right")


def _trace(axes: Axes, x: FloatArray, y: FloatArray, limited: BoolArray) -> None:
    axes.plot(x, y, color=LINE, linewidth=0.9, alpha=0.55, zorder=2)
    size = 3.6 if x.size <= 400 else 2.2
    axes.plot(x[~limited], y[~limited], "o", color=LINE, markersize=size, zorder=3, label="measured")
    if limited.any():
        axes.plot(
            x[limited], y[limited], "o", markerfacecolor=PAPER, markeredgecolor=ACCENT, markersize=size + 1.4,
            zorder=4, label="a limit held",
        )  # fmt: skip


def _facts(record: SweepRecord) -> list[str]:
    facts = record.attributes
    limit = "A" if facts.get("source") == "voltage" else "V"
    return [
        str(facts.get("swept", "")),
        f"{record.volts.size} points",
        f"compliance {format_quantity(float(facts['compliance']), limit)}",
        f"{int(record.limited.sum())} at a limit",
        f"{facts.get('nplc', 1):g} NPLC",
        str(facts.get("instrument", "")),
    ]


def draw_sweep_header(figure: Any, info: RunInfo, facts: list[str]) -> None:
    """Name, outcome, and a line of facts."""
    figure.text(0.04, 0.94, info.name, fontsize=16, fontweight="bold", color=INK, va="center")
    colour = OUTCOME_COLOURS.get(info.status, SOFT)
    figure.text(
        0.965, 0.94, info.status, fontsize=10.5, fontweight="bold", color=PAPER, va="center", ha="right",
        bbox={"boxstyle": "round,pad=0.45", "facecolor": colour, "edgecolor": "none"},
    )  # fmt: skip
    figure.text(0.04, 0.875, "   ·   ".join(filter(None, facts)), fontsize=9.5, color=SOFT, va="center")


def _scale(values: FloatArray, unit: str) -> tuple[float, str]:
    """A prefix for the largest of the values, as a factor and a name."""
    largest = float(np.nanmax(np.abs(values)))
    for factor, prefix in ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")):
        if largest >= factor:
            return factor, f"{prefix}{unit}"
    return 1e-12, f"p{unit}"
