"""Colours, type sizes and number formats that all pictures share; safe for colour-blind readers."""

from typing import Any, TypeAlias

from matplotlib.patheffects import withStroke

Axes: TypeAlias = Any
"""A matplotlib Axes or Figure: its stubs leave too much unknown to be checked strictly."""

INK = "#1c2733"
SOFT = "#5b6b7a"
FAINT = "#c9d2da"
LINE = "#0b62a4"
ACCENT = "#d1495b"
GOOD = "#1b7f5c"
PAPER = "#ffffff"
HALO = [withStroke(linewidth=3, foreground=PAPER)]
"""Keeps text readable on top of a curve."""
MAP = "viridis"

OUTCOME_COLOURS = {
    "converged": GOOD,
    "stopped": LINE,
    "running": SOFT,
    "interrupted": "#b8770b",
    "paused": "#b8770b",
    "tripped": ACCENT,
    "failed": ACCENT,
}

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": FAINT,
    "axes.titlecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "grid.color": "#e6ebef",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
}


def say(axes: Axes, text: str) -> None:
    """Leave a panel empty but for a line that says why."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color=SOFT, transform=axes.transAxes)
