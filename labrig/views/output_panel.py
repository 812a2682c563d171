"""Outputs against targets, and by how much they differ."""

import numpy as np
from matplotlib.ticker import EngFormatter, MaxNLocator

from labrig.arrays import FloatArray
from labrig.units import format_quantity
from labrig.views.record import TrainingRecord
from labrig.views.style import ACCENT, FAINT, LINE, SOFT, Axes, say

_TEXT_WIDTH, _TEXT_HEIGHT = 0.6, 0.22
"""Shares of the axes that the text about all outputs takes."""


def draw_outputs(axes: Axes, residuals: Axes, record: TrainingRecord) -> None:
    """Draw x over y with the identity line, and below it x − y on a scale of its own."""
    axes.set_title("Outputs against targets")
    if record.outputs is None or record.targets is None or record.outputs.shape != record.targets.shape:
        residuals.set_axis_off()
        say(axes, "no targets to compare with")
        return
    known = np.isfinite(record.outputs) & np.isfinite(record.targets)
    if not known.any():
        residuals.set_axis_off()
        say(axes, "no output measured yet")
        return
    x, y = record.outputs[known], record.targets[known]
    low, high = _padded(float(min(x.min(), y.min())), float(max(x.max(), y.max())))
    size, alpha = (30, 0.85) if x.size <= 100 else (9, 0.35)
    axes.plot([low, high], [low, high], color=FAINT, linewidth=1.2, zorder=1)
    axes.scatter(y, x, s=size, color=LINE, alpha=alpha, linewidths=0, zorder=2)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_ylabel("output x")
    axes.tick_params(labelbottom=False)
    axes.yaxis.set_major_formatter(EngFormatter(unit="V"))
    for axis in (axes.xaxis, axes.yaxis, residuals.xaxis):
        axis.set_major_locator(MaxNLocator(5))
    axes.grid(visible=True)
    _draw_residuals(residuals, x - y, y, (low, high), size, alpha)
    rms = float(np.sqrt(np.mean((x - y) ** 2)))
    worst = float(np.max(np.abs(x - y)))
    text = f"rms {format_quantity(rms, 'V', 3)}    worst {format_quantity(worst, 'V', 3)}"
    if record.span:
        span = format_quantity(record.span, "V", 3)
        text += f"\nrms {_share(rms / record.span)} of the input span {span}"
    _write_beside(axes, text, (y - low) / (high - low), (x - low) / (high - low))


def _draw_residuals(
    axes: Axes, errors: np.ndarray, y: np.ndarray, limits: tuple[float, float], size: float, alpha: float
) -> None:
    axes.axhline(0.0, color=FAINT, linewidth=1.2, zorder=1)
    axes.scatter(y, errors, s=size, color=ACCENT, alpha=alpha, linewidths=0, zorder=2)
    reach = float(np.max(np.abs(errors))) or 1e-9
    axes.set_ylim(-1.25 * reach, 1.25 * reach)
    axes.set_xlim(*limits)
    axes.set_ylabel("x − y")
    axes.set_xlabel("target y")
    axes.xaxis.set_major_formatter(EngFormatter(unit="V"))
    axes.yaxis.set_major_formatter(EngFormatter(unit="V"))
    axes.yaxis.set_major_locator(MaxNLocator(3, symmetric=True))
    axes.grid(visible=True)


def _write_beside(axes: Axes, text: str, across: FloatArray, up: FloatArray) -> None:
    """Write above the identity line or, where more points are, below it; points in shares of the axes."""
    above = np.count_nonzero((across < _TEXT_WIDTH) & (up > 1 - _TEXT_HEIGHT))
    below = np.count_nonzero((across > 1 - _TEXT_WIDTH) & (up < _TEXT_HEIGHT))
    x, y, side, edge = (0.03, 0.96, "left", "top") if above <= below else (0.97, 0.05, "right", "bottom")
    axes.text(
        x, y, text, transform=axes.transAxes, ha=side, va=edge, color=SOFT, fontsize=8.5, linespacing=1.5
    )


def _share(value: float) -> str:
    return f"{value * 100:.3g} %" if value >= 1e-3 else f"{value * 1e6:.3g} ppm"


def _padded(low: float, high: float) -> tuple[float, float]:
    room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return low - room, high + room
