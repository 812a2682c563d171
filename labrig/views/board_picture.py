"""One picture of a checked board: what each branch conducts beside its neighbours, and which are faulty."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from labrig.arrays import FloatArray
from labrig.errors import ConfigError
from labrig.views.graph_layout import node_places
from labrig.views.style import ACCENT, FAINT, GOOD, INK, PAPER, RC, SOFT, Axes

_DPI = 140
_COLOURS = "PuOr_r"
_NORM = LogNorm(1 / 2, 2)
_TICKS = (0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0)
_MOST_NODES = 64
_MARKS = {
    "open": ("o", PAPER),
    "short": ("o", INK),
    "stuck": ("s", INK),
    "odd": ("D", PAPER),
    "off": ("^", PAPER),
    "miswired": ("X", ACCENT),
    "unwritten": ("P", ACCENT),
    "masked": ("_", SOFT),
    "unknown": (".", SOFT),
}
"""By what was found; a branch that is fine has no mark."""


@dataclass(frozen=True, slots=True)
class BoardMap:
    """What is drawn."""

    title: str
    facts: str
    checks: Sequence[Mapping[str, Any]]
    """``name``, ``passed`` and ``found`` of each."""
    passed: bool
    nodes: Sequence[str]
    ends: Sequence[tuple[int, int]]
    """Two node numbers a branch."""
    crossbar: tuple[int, int] | None
    """(rows, columns) where the branches are those of a crossbar, row by row."""
    ratios: FloatArray
    """Measured over nominal conductance of each branch, NaN where not known."""
    states: Sequence[str]
    """What each branch was found to be: ``fine``, or a key of the marks."""


def write_board_picture(board: BoardMap, target: Path) -> Path:
    """Draw a checked board and write the picture.

    Raises
    ------
    ConfigError
        It cannot be written.
    """
    figure = draw_board(board)
    try:
        figure.savefig(target, dpi=_DPI)  # pyright: ignore[reportUnknownMemberType]
    except (OSError, ValueError) as error:
        msg = f"--out: {target} cannot be written: {error}; choose another file, such as board.png"
        raise ConfigError(msg) from error
    return target


def draw_board(board: BoardMap) -> Figure:
    """Lay out the header, the map and the list of checks."""
    with mpl.rc_context(RC):  # pyright: ignore[reportUnknownMemberType]
        drawing = Figure(figsize=(12.5, 7.2))
        FigureCanvasAgg(drawing)
        figure: Any = drawing
        grid = figure.add_gridspec(
            1, 3, left=0.06, right=0.97, top=0.8, bottom=0.16, wspace=0.1, width_ratios=(1.45, 0.03, 1)
        )
        axes, bar, text = (figure.add_subplot(cell) for cell in grid)
        axes.set_title("Conductance over nominal, beside its neighbours")
        if board.crossbar is not None:
            _draw_crossbar(axes, board, board.crossbar)
        else:
            _draw_graph(axes, board)
        _draw_bar(figure, bar)
        _draw_legend(axes, board)
        _draw_checks(text, board)
        _draw_header(figure, board)
    return drawing


def _draw_crossbar(axes: Axes, board: BoardMap, shape: tuple[int, int]) -> None:
    """One cell a branch; the longer side lies flat."""
    wide = shape[0] > shape[1]
    grid = np.ma.masked_invalid(np.maximum(board.ratios, 1e-9).reshape(shape))
    palette = mpl.colormaps[_COLOURS].with_extremes(bad=FAINT)
    axes.imshow(grid.T if wide else grid, norm=_NORM, cmap=palette, aspect="auto", interpolation="nearest")
    names = ("input", "output") if wide else ("output", "input")
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.tick_params(length=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    for spine in axes.spines.values():
        spine.set_visible(False)
    size = float(np.clip(230.0 / max(shape), 4.5, 13.0))
    for state in _MARKS:
        rows, columns = np.divmod(np.flatnonzero(np.asarray(board.states) == state), shape[1])
        x, y = (rows, columns) if wide else (columns, rows)
        _mark(axes, x, y, state, size)


def _draw_graph(axes: Axes, board: BoardMap) -> None:
    axes.set_axis_off()
    if len(board.nodes) > _MOST_NODES:
        axes.text(0.5, 0.5, "too many nodes to draw", ha="center", color=SOFT, transform=axes.transAxes)
        return
    places = node_places(len(board.nodes), board.ends)
    colours = mpl.colormaps[_COLOURS](_NORM(np.clip(np.nan_to_num(board.ratios, nan=1.0), 0.5, 2.0)))
    for (a, b), colour, state in zip(board.ends, colours, board.states, strict=True):
        x, y = places[[a, b]].T
        axes.plot(x, y, color=INK, linewidth=6.0, solid_capstyle="round", zorder=1)
        axes.plot(x, y, color=colour, linewidth=4.5, solid_capstyle="round", zorder=2)
        if state in _MARKS:
            _mark(axes, [x.mean()], [y.mean()], state, 11.0)
    axes.plot(*places.T, "o", color=PAPER, markeredgecolor=SOFT, markersize=10, zorder=3)
    for name, place in zip(board.nodes, places, strict=True):
        axes.annotate(name, place, xytext=(8, 8), textcoords="offset points", fontsize=8, zorder=5)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.12)


def _handle(state: str, label: str) -> Line2D:
    marker, face = _MARKS[state]
    return Line2D([], [], **_look(face), marker=marker, markersize=8, linestyle="", label=label)


def _look(face: str) -> dict[str, Any]:
    return {"color": face, "markeredgecolor": PAPER if face in {INK, ACCENT} else INK}


def _mark(axes: Axes, x: Any, y: Any, state: str, size: float) -> None:
    marker, face = _MARKS[state]
    axes.plot(x, y, marker, **_look(face), markersize=size, linestyle="", zorder=4)


def _draw_bar(figure: Any, axes: Axes) -> None:
    bar = figure.colorbar(ScalarMappable(_NORM, _COLOURS), cax=axes, extend="both")
    bar.ax.yaxis.set_major_locator(FixedLocator(list(_TICKS)))
    bar.ax.yaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in _TICKS]))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.outline.set_visible(False)


def _draw_legend(axes: Axes, board: BoardMap) -> None:
    counted = Counter(board.states)
    handles = [_handle(state, f"{counted[state]} {state}") for state in _MARKS if counted[state]]
    if handles:
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(-0.02, -0.1), ncols=6)


def _draw_checks(axes: Axes, board: BoardMap) -> None:
    axes.set_axis_off()
    words = {True: ("pass", GOOD), False: ("FAIL", ACCENT), None: ("–", SOFT)}
    for row, check in enumerate(board.checks):
        word, colour = words[check["passed"]]
        y = 1.0 - row / max(len(board.checks), 9)
        axes.text(0.16, y, word, color=colour, fontweight="bold", va="top", ha="right")
        axes.text(0.21, y, check["name"], color=INK, fontweight="bold", va="top")
        axes.text(0.21, y - 0.042, check["found"], color=SOFT, fontsize=8, va="top")


def _draw_header(figure: Any, board: BoardMap) -> None:
    figure.text(0.04, 0.94, board.title, fontsize=17, fontweight="bold", color=INK, va="center")
    figure.text(0.04, 0.888, board.facts, fontsize=10, color=SOFT, va="center")
    figure.text(
        0.965, 0.94, "passed" if board.passed else "failed", fontsize=11, fontweight="bold", color=PAPER,
        va="center", ha="right",
        bbox={
            "boxstyle": "round,pad=0.45", "facecolor": GOOD if board.passed else ACCENT, "edgecolor": "none"
        },
    )  # fmt: skip
