"""One picture of memristors that were formed, watched over time or worn out: what they conducted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from labrig.arrays import BoolArray, FloatArray
from labrig.store.reader import RunInfo, RunReader
from labrig.store.tables import Json
from labrig.views.style import ACCENT, LINE, RC, SOFT, Axes, say
from labrig.views.sweep_picture import draw_sweep_header

_MOST_SHOWN = 400
"""Curves in one panel; more are thinned out."""


@dataclass(frozen=True, slots=True)
class MemristorRecord:
    """One of these runs as far as it has come: n reads of C branches."""

    info: RunInfo
    attributes: Mapping[str, Json]
    along: FloatArray
    """Volts of a forming round, seconds, or the cycle; shape (n,)."""
    states: tuple[str, ...]
    """Set or reset, one a read of an endurance; else empty."""
    siemens: FloatArray
    """Shape (n, C), S."""
    unwritten: BoolArray
    """Branches that the write before a retention has left outside its tolerance, shape (C,)."""


_ALONG = {"form": "volts", "retention": "time", "endurance": "cycle"}


def is_memristor_run(reader: RunReader) -> bool:
    """Whether a run is one of these."""
    return reader.attributes().get("procedure") in _ALONG


def load_memristor_run(reader: RunReader) -> MemristorRecord:
    """Read one."""
    attributes = reader.attributes()
    along = _ALONG[str(attributes["procedure"])]
    rows = [row.values["conductances"] for row in reader.rows(["conductances"])]
    siemens = np.array(rows, dtype=np.float64).reshape(len(rows), -1)
    reached = reader.constants().get("reached")
    has_states = "state" in reader.columns
    return MemristorRecord(
        info=reader.info(),
        attributes=attributes,
        along=reader.scalars(along).astype(np.float64),
        states=tuple(str(row.values["state"]) for row in reader.rows(["state"])) if has_states else (),
        siemens=siemens,
        unwritten=np.zeros(siemens.shape[1], dtype=np.bool_)
        if reached is None
        else ~np.asarray(reached.value, dtype=np.bool_),
    )


def draw_memristor_run(record: MemristorRecord) -> Figure:
    """Lay out the header and one panel."""
    with mpl.rc_context(RC):  # pyright: ignore[reportUnknownMemberType]
        drawing = Figure(figsize=(9.5, 5.4))
        FigureCanvasAgg(drawing)
        figure: Any = drawing
        axes = figure.add_axes((0.09, 0.12, 0.87, 0.64))
        if record.siemens.size == 0:
            say(axes, "nothing was read")
        else:
            _PANELS[str(record.attributes["procedure"])](axes, record)
            axes.grid(visible=True)
        facts = [
            str(record.attributes["procedure"]),
            f"{record.siemens.shape[1]} branches, {len(record.along)} reads",
            f"{record.attributes['memristor']}, serial {record.attributes['serial_number']}",
        ]
        draw_sweep_header(figure, record.info, facts)
    return drawing


def _draw_forming(axes: Axes, record: MemristorRecord) -> None:
    axes.set_title("Conductance after each round of pulses")
    axes.plot(record.along, _thinned(np.maximum(record.siemens, 1e-10)) * 1e6, color=LINE, **_FINE)
    axes.axhline(_number(record, "target") * 1e6, color=ACCENT, linestyle="--", linewidth=1.0)
    axes.set_yscale("log")
    axes.set_xlabel("amplitude, V")
    axes.set_ylabel("µS, measured; dashed: formed")


def _draw_retention(axes: Axes, record: MemristorRecord) -> None:
    axes.set_title("Conductance against the first read")
    change = 100 * (record.siemens / record.siemens[0] - 1)
    after = np.maximum(record.along, 1e-3)
    written = change[:, ~record.unwritten] if not record.unwritten.all() else change
    axes.plot(after, _thinned(written), color=LINE, **_FINE)
    axes.plot(after, np.median(written, axis=1), color=ACCENT, linewidth=1.6, label="median")
    if left := change.shape[1] - written.shape[1]:
        text = f"{left} left out: the write did not bring them to the target"
        axes.text(
            1.0, 1.025, text, transform=axes.transAxes, ha="right", va="bottom", color=SOFT, fontsize=8.5
        )
    axes.set_xscale("log")
    axes.set_xlabel("after the write, s")
    axes.set_ylabel("% change")
    axes.legend()


def _draw_endurance(axes: Axes, record: MemristorRecord) -> None:
    axes.set_title("Conductance after each set and each reset")
    states = np.array(record.states)
    for state, colour in (("set", LINE), ("reset", ACCENT)):
        chosen = states == state
        curves = _thinned(record.siemens[chosen]) * 1e6
        labels = [f"after a {state}", *[None] * (curves.shape[1] - 1)]
        axes.plot(record.along[chosen], curves, color=colour, label=labels, **_FINE)
    axes.set_xlabel("cycle")
    axes.set_ylabel("µS, measured")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2, labelcolor=SOFT)


_FINE: dict[str, Any] = {"linewidth": 0.8, "alpha": 0.55, "marker": ".", "markersize": 3.0}
_PANELS: Mapping[str, Callable[[Axes, MemristorRecord], None]] = {
    "form": _draw_forming,
    "retention": _draw_retention,
    "endurance": _draw_endurance,
}


def _thinned(curves: FloatArray) -> FloatArray:
    """Evenly chosen branches, no more than can be told apart."""
    return curves[:, :: -(-curves.shape[1] // _MOST_SHOWN)]


def _number(record: MemristorRecord, name: str) -> float:
    value = record.attributes.get(name)
    return float(value) if isinstance(value, int | float) else np.nan
