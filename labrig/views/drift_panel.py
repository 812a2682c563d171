"""What the looks for drift found over a training: the reference branch, the temperature, departures."""

import numpy as np
from matplotlib.ticker import EngFormatter

from labrig.views.record import TrainingRecord
from labrig.views.style import ACCENT, LINE, SOFT, Axes

_DEVIATIONS = 2.0
"""Standard uncertainties that the bars show."""
_STILL = 0.1
"""Kelvin, less than which is not drawn."""


def draw_drift(axes: Axes, record: TrainingRecord) -> None:
    """Draw the reference against its first look, or where there is none the largest change of a reading."""
    looks = record.looks
    at = record.measurements[looks]
    if np.isfinite(record.reference[looks]).any():
        first = record.reference[looks][np.isfinite(record.reference[looks])][0]
        change = 100 * (record.reference[looks] / first - 1)
        bars = 100 * _DEVIATIONS * record.reference_uncertainty[looks] / first
        axes.errorbar(at, change, bars, fmt="o", markersize=3, linewidth=1, color=LINE)
        axes.set_title(f"Reference {record.attributes.get('reference') or ''} against its first look")
        axes.yaxis.set_major_formatter("{x:g} %")
    else:
        axes.plot(at, record.offset_change[looks], "o", markersize=3, color=LINE)
        axes.set_title("Largest change of a reading at one potential")
        axes.yaxis.set_major_formatter(EngFormatter(unit="V"))
    axes.axhline(0, color=SOFT, linewidth=0.7, zorder=0)
    for step, _ in record.drifts:
        axes.axvline(record.measurements[step], color=ACCENT, linewidth=1, linestyle=(0, (4, 2)), zorder=0)
    axes.grid(visible=True, axis="y")
    _draw_warmth(axes, record)


def _draw_warmth(axes: Axes, record: TrainingRecord) -> None:
    known = np.isfinite(record.celsius)
    if not known.any() or np.ptp(record.celsius[known]) < _STILL:
        return
    beside = axes.twinx()
    beside.plot(record.measurements[known], record.celsius[known], color=SOFT, linewidth=1)
    beside.spines["right"].set_visible(True)
    axes.set_title("grey: °C", loc="right", fontsize=8.5, fontweight="normal", color=SOFT)
