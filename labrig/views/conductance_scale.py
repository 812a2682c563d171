"""How conductances become colours, and the bar that explains them."""

from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import EngFormatter, LogLocator

from labrig.arrays import BranchArray, FloatArray
from labrig.units import format_quantity
from labrig.views.record import TrainingRecord
from labrig.views.style import ACCENT, MAP, Axes

_LOGARITHMIC_FROM = 4.0
"""Largest over smallest conductance shown."""
_NARROWEST = 1.1
"""Likewise: a narrower span would show what rounding to codes does as if it had been learned."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From siemens to colours, the same at start and end."""

    norm: Normalize
    low: float
    high: float

    @classmethod
    def of(cls, record: TrainingRecord) -> "Scale":
        """Span of all conductances shown, logarithmic where it is wide."""
        shown = [values for values in (record.initial, record.conductances) if values is not None]
        values = np.concatenate([np.ones(0), *shown])
        positive = values[values > 0]
        low, high = (float(positive.min()), float(positive.max())) if positive.size else (0.5, 2.0)
        if high < _NARROWEST * low:
            low, high = low / 2, high * 2
        norm = LogNorm(low, high) if high > _LOGARITHMIC_FROM * low else Normalize(low, high)
        return cls(norm, low, high)

    def shares(self, values: BranchArray) -> FloatArray:
        """Place of each branch on the scale, 0 to 1."""
        return np.asarray(self.norm(np.maximum(values, self.low)), dtype=np.float64)

    def colours(self, values: BranchArray) -> FloatArray:
        """RGBA of each branch, shape (B, 4)."""
        return np.asarray(mpl.colormaps[MAP](self.shares(values)))


def draw_bar(figure: Axes, axes: Axes, scale: Scale, record: TrainingRecord) -> None:
    """Draw the colour bar; floor and ceiling are told beside its ends, and marked where they lie on it."""
    bar = figure.colorbar(ScalarMappable(scale.norm, MAP), cax=axes, format=EngFormatter(unit="S"))
    if isinstance(scale.norm, LogNorm):
        bar.locator = LogLocator(subs=(1.0, 2.0, 5.0))
    bar.outline.set_visible(False)
    bar.ax.tick_params(size=3)
    bar.ax.minorticks_off()
    for wall, name, end, away in ((record.floor, "▼ ε", 0.0, -7), (record.ceiling, "▲ ceiling", 1.0, 5)):
        if wall is None or not np.isfinite(wall).any():
            continue
        value = float(np.median(wall))
        lines = [name, format_quantity(value, "S", 3)]
        if scale.low * (1 - 1e-6) <= value <= scale.high * (1 + 1e-6):
            bar.ax.axhline(value, color=ACCENT, linewidth=2.5)
        else:
            lines.append("off this scale")
        axes.annotate(
            "\n".join(lines), (0.5, end), xycoords="axes fraction", xytext=(0, away),
            textcoords="offset points", ha="center", va="top" if away < 0 else "bottom",
            color=ACCENT, fontsize=8.5,
        )  # fmt: skip
