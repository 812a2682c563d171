"""One picture of a sweep over codes: conductance over code, up and down, and how far it is from the law."""

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
from labrig.views.style import ACCENT, LINE, RC, SOFT, Axes, say
from labrig.views.sweep_picture import draw_sweep_header

_PROCEDURE = "sweep codes"


@dataclass(frozen=True, slots=True)
class CodesRecord:
    """A sweep over codes as far as it has come; arrays of shape (P,)."""

    info: RunInfo
    attributes: dict[str, Json]
    codes: FloatArray
    upward: BoolArray
    siemens: FloatArray
    nominal: FloatArray


def is_code_sweep(reader: RunReader) -> bool:
    """Whether a run is one of these."""
    return reader.attributes().get("procedure") == _PROCEDURE


def load_code_sweep(reader: RunReader) -> CodesRecord:
    """Read one."""
    return CodesRecord(
        info=reader.info(),
        attributes=reader.attributes(),
        codes=reader.scalars("code").astype(np.float64),
        upward=reader.scalars("upward").astype(np.bool_),
        siemens=reader.scalars("conductance").astype(np.float64),
        nominal=reader.scalars("nominal").astype(np.float64),
    )


def draw_code_sweep(record: CodesRecord) -> Figure:
    """Lay out the header, the conductance, and its distance from the law."""
    with mpl.rc_context(RC):  # pyright: ignore[reportUnknownMemberType]
        drawing = Figure(figsize=(11.5, 5.4))
        FigureCanvasAgg(drawing)
        figure: Any = drawing
        grid = figure.add_gridspec(1, 2, left=0.075, right=0.97, top=0.76, bottom=0.12, wspace=0.24)
        _draw_conductance(figure.add_subplot(grid[0]), record)
        _draw_distance(figure.add_subplot(grid[1]), record)
        facts = [
            str(record.attributes.get("swept", "")),
            f"{record.codes.size} points",
            f"{format_quantity(float(record.attributes.get('level', 0.0)), 'V')} over it",
            str(record.attributes.get("instrument", "")),
        ]
        draw_sweep_header(figure, record.info, facts)
    return drawing


def _draw_conductance(axes: Axes, record: CodesRecord) -> None:
    axes.set_title("Conductance over wiper code")
    if not np.isfinite(record.siemens).any():
        say(axes, "no conductance was measured")
        return
    order = np.argsort(record.codes)
    axes.plot(record.codes[order], record.nominal[order] * 1e6, color=SOFT, linewidth=1.0, linestyle="--",
              label="by the part's law")  # fmt: skip
    _both_ways(axes, record, record.siemens * 1e6)
    axes.set_yscale("log")
    axes.set_xlabel("wiper code")
    axes.set_ylabel("µS, measured")
    axes.grid(visible=True)
    axes.legend(loc="upper left")


def _draw_distance(axes: Axes, record: CodesRecord) -> None:
    axes.set_title("Measured against the part's law")
    distance = 100 * (record.siemens / record.nominal - 1)
    if not np.isfinite(distance).any():
        say(axes, "nothing to compare")
        return
    axes.axhline(0, color=SOFT, linewidth=0.8, linestyle="--")
    _both_ways(axes, record, distance)
    axes.set_xlabel("wiper code")
    axes.set_ylabel("% from the law")
    axes.grid(visible=True)


def _both_ways(axes: Axes, record: CodesRecord, values: FloatArray) -> None:
    for upward, colour, marker, label in ((True, LINE, "^", "upward"), (False, ACCENT, "v", "downward")):
        chosen = record.upward == upward
        axes.plot(record.codes[chosen], values[chosen], marker, color=colour, markersize=3.2, alpha=0.75,
                  label=label)  # fmt: skip
