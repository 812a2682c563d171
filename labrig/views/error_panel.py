"""The error over what it cost: settled states measured."""

import numpy as np
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter, NullLocator

from labrig.arrays import FloatArray, Volts
from labrig.units import format_quantity
from labrig.views.record import TrainingRecord
from labrig.views.style import ACCENT, HALO, LINE, SOFT, Axes, say

_MOST_POINTS = 1000
_STRETCHES = 400
"""Into which a longer curve is cut at most, each drawn as its median within its extremes."""
_SHORTEST = 8
"""Points of a stretch."""
_CURVE_WITH_MARKERS = 60
_LABEL_WIDTH = 0.12
"""Share of the axis that the last value's text takes."""
_ROOM_BELOW = 0.13
"""Share of the axis that is left free below all curves, for what is written there."""


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
    _mark_floor(axes, record)
    _volts_on_log_axis(axes)
    axes.annotate(
        format_quantity(float(y[-1]), "V", 3), (x[-1], _lowest_near_end(x, y, record.predicted_floor)),
        xytext=(4, -9), textcoords="offset points", ha="right", va="top", color=LINE, fontweight="bold",
        path_effects=HALO, zorder=6,
    )  # fmt: skip
    axes.grid(visible=True, axis="y")
    axes.margins(x=0.02)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))


def _lowest_near_end(x: FloatArray, y: FloatArray, floor: Volts | None) -> Volts:
    """Lowest point of what is drawn where the last value is written, or the line of the floor just below."""
    lowest = float(y[x >= x[-1] - _LABEL_WIDTH * (x[-1] - x[0])].min())
    return lowest if floor is None or not lowest / 4 < floor < lowest else floor


def _mark_floor(axes: Axes, record: TrainingRecord) -> None:
    floor = record.predicted_floor
    if floor is None:
        why = record.why_no_floor.partition(";")[0]
        text = f"no floor is predicted: {why}" if why else ""
        axes.text(0.012, 0.025, text, transform=axes.transAxes, color=SOFT, fontsize=8.5, path_effects=HALO)
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
        low, high = low / 2, high * 2
    decades = np.log10(high / low)
    axes.set_ylim(low / 10 ** (_ROOM_BELOW * decades), high)
    axes.yaxis.set_major_locator(LogLocator(10.0, numticks=12))
    axes.yaxis.set_major_formatter(EngFormatter(unit="V"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    if decades > 6:
        axes.yaxis.set_minor_locator(NullLocator())


def _thinned(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Smallest, median and largest error of each of a few hundred stretches, and where they end.

    A stretch is long enough that the median of an error that alternates does not alternate.
    """
    groups = np.array_split(np.arange(len(y)), min(_STRETCHES, len(y) // _SHORTEST))
    low = np.array([y[group].min() for group in groups])
    middle = np.array([y[0], *(np.median(y[group]) for group in groups)])
    high = np.array([y[group].max() for group in groups])
    at = np.array([x[0], *(x[group[-1]] for group in groups)])
    return np.array([low[0], *low]), middle, np.array([high[0], *high]), at
