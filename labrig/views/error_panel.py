"""The error over what it cost: settled states measured."""

import numpy as np
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter, NullLocator

from labrig.arrays import FloatArray
from labrig.units import format_quantity
from labrig.views.record import TrainingRecord
from labrig.views.style import ACCENT, HALO, LINE, Axes, say

_MOST_POINTS = 3000
_CURVE_WITH_MARKERS = 60


def draw_error(axes: Axes, record: TrainingRecord) -> None:
    """Draw the error, logarithmic, with the predicted floor where there is one."""
    axes.set_title("Error  ‖x − y‖ over outputs and samples, free state")
    axes.set_xlabel("settled states measured")
    shown = np.isfinite(record.error) & (record.error > 0) & np.isfinite(record.measurements)
    if not shown.any():
        say(axes, "no error measured yet")
        return
    x, y = record.measurements[shown], record.error[shown]
    axes.set_yscale("log")
    if len(x) > _MOST_POINTS:
        low, middle, high, at = _thinned(x, y)
        axes.fill_between(at, low, high, color=LINE, alpha=0.25, linewidth=0)
        axes.plot(at, middle, color=LINE, linewidth=1.4)
    else:
        marker = "o" if len(x) <= _CURVE_WITH_MARKERS else ""
        axes.plot(x, y, color=LINE, linewidth=1.6, marker=marker, markersize=3.5)
    axes.plot(x[-1:], y[-1:], "o", color=LINE, markersize=6, clip_on=False, zorder=5)
    axes.annotate(
        format_quantity(float(y[-1]), "V", 3), (x[-1], y[-1]), xytext=(4, 10), textcoords="offset points",
        ha="right", color=LINE, fontweight="bold", path_effects=HALO, zorder=6,
    )  # fmt: skip
    _mark_floor(axes, record)
    _volts_on_log_axis(axes)
    axes.grid(visible=True, axis="y")
    axes.margins(x=0.02)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))


def _mark_floor(axes: Axes, record: TrainingRecord) -> None:
    floor = record.predicted_floor
    if floor is None:
        return
    axes.axhline(floor, color=ACCENT, linewidth=1.2, linestyle=(0, (5, 3)), zorder=1)
    axes.annotate(
        f"predicted floor {format_quantity(floor, 'V', 3)}", (0.012, floor), xytext=(0, -4), va="top",
        xycoords=("axes fraction", "data"), textcoords="offset points", color=ACCENT, fontsize=8.5,
    )  # fmt: skip
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, floor / 2), max(high, floor * 2))


def _volts_on_log_axis(axes: Axes) -> None:
    low, high = axes.get_ylim()
    if high / low < 20:
        axes.set_ylim(low / 2, high * 2)
    low, high = axes.get_ylim()
    decades = np.log10(high / low)
    axes.yaxis.set_major_locator(LogLocator(10.0, numticks=12))
    axes.yaxis.set_major_formatter(EngFormatter(unit="V"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    if decades > 6:
        axes.yaxis.set_minor_locator(NullLocator())


def _thinned(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Smallest, median and largest error of each of a few hundred stretches, and where they end."""
    groups = np.array_split(np.arange(len(y)), _MOST_POINTS // 4)
    low = np.array([y[group].min() for group in groups])
    middle = np.array([np.median(y[group]) for group in groups])
    high = np.array([y[group].max() for group in groups])
    return low, middle, high, np.array([x[group[-1]] for group in groups])
