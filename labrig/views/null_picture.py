"""One picture of what a board shows where nothing should be seen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from labrig.errors import ConfigError
from labrig.units import format_quantity
from labrig.views.style import ACCENT, FAINT, INK, LINE, RC, SOFT, Axes

_DPI = 140
_UNITS = ((1.0, "V"), (1e-3, "mV"), (1e-6, "µV"), (1e-9, "nV"))
_TITLES = {
    "offset": "Reading minus level, all inputs at one potential",
    "apart": "Second minus first reading of one free state",
}


def write_null_picture(found: Mapping[str, Any], path: Path) -> Path:
    """Draw both kinds of bias with their uncertainties, node by node; the format follows the file's name.

    Raises
    ------
    ConfigError
        The file cannot be written, or its name asks for an unknown format.
    """
    with mpl.rc_context(RC):  # pyright: ignore[reportUnknownMemberType]
        drawing = Figure(figsize=(11.5, 5.6))
        FigureCanvasAgg(drawing)
        figure: Any = drawing
        places = figure.subplots(2, 1, sharex=True)
        figure.subplots_adjust(left=0.09, right=0.98, top=0.83, bottom=0.13, hspace=0.3)
        noise = format_quantity(found["noise"], "V", 3)
        figure.text(0.02, 0.945, f"board {found['board']}", fontsize=14, weight="bold", color=INK)
        facts = f"{found['repeats']} repeats   ·   noise of a reading {noise}   ·   bars: two uncertainties"
        figure.text(0.02, 0.9, facts, color=SOFT)
        for kind, axes in zip(_TITLES, places, strict=True):
            _draw(axes, found["nodes"], kind)
        _name_nodes(places[-1], [node["node"] for node in found["nodes"]])
        try:
            figure.savefig(path, dpi=_DPI)
        except (OSError, ValueError) as error:
            msg = f"--out: {path} cannot be written: {error}; choose another file, such as null.png"
            raise ConfigError(msg) from error
    return path


def _draw(axes: Axes, nodes: list[Mapping[str, Any]], kind: str) -> None:
    volts = np.array([_number(node[kind]["volts"]) for node in nodes])
    bars = np.array([_number(node[kind]["uncertainty"]) for node in nodes])
    biased = np.array([bool(node[kind]["found"]) for node in nodes])
    greatest = float(np.nanmax(np.abs(volts) + 2 * bars, initial=1e-12))
    scale, unit = next((pair for pair in _UNITS if pair[0] <= greatest), _UNITS[-1])
    axes.axhline(0, color=FAINT, linewidth=0.8)
    for which, colour in ((~biased, LINE), (biased, ACCENT)):
        axes.errorbar(
            np.flatnonzero(which), volts[which] / scale, 2 * bars[which] / scale,
            fmt="o", markersize=3.5, elinewidth=1.0, color=colour,
        )  # fmt: skip
    for k in np.flatnonzero(biased)[:8].tolist():
        axes.annotate(
            nodes[k]["node"],
            (k, volts[k] / scale),
            (6, 0),
            textcoords="offset points",
            va="center",
            color=ACCENT,
        )
    axes.set_title(_TITLES[kind])
    axes.set_ylabel(unit)


def _name_nodes(axes: Axes, names: list[str]) -> None:
    apart = max(1, len(names) // 24)
    shown = list(range(0, len(names), apart))
    axes.set_xticks(shown, [names[k] for k in shown], rotation=60, ha="right")


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
