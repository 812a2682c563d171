"""A small network as nodes and branches."""

import numpy as np

from labrig.arrays import BranchArray, FloatArray
from labrig.views.conductance_scale import Scale
from labrig.views.graph_layout import node_places
from labrig.views.record import TrainingRecord
from labrig.views.style import ACCENT, INK, LINE, PAPER, SOFT, Axes

LARGEST = 64
"""Nodes that can still be told apart."""
_LARGEST_LABELLED = 36


def draw_graph(axes: Axes, values: BranchArray, scale: Scale, record: TrainingRecord) -> None:
    """Draw each branch as wide and as bright as it conducts; inputs square, outputs round, hidden hollow."""
    ends = record.ends or []
    places = node_places(len(record.labels["node"]), ends)
    colours, shares = scale.colours(values), scale.shares(values)
    floor, ceiling = record.at_floor(values), record.at_ceiling(values)
    for k, (a, b) in enumerate(ends):
        x, y = places[[a, b]].T
        axes.plot(x, y, color=colours[k], linewidth=2.0 + 5.0 * shares[k], solid_capstyle="round", zorder=1)
        if floor[k] or ceiling[k]:
            mark = "v" if floor[k] else "^"
            axes.plot(x.mean(), y.mean(), mark, color=INK, markeredgecolor=PAPER, markersize=9, zorder=2)
    _draw_nodes(axes, places, record)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.12)
    axes.set_axis_off()


def label_kinds(axes: Axes) -> None:
    """Say which nodes are inputs, outputs and hidden."""
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, -0.14), ncols=3, markerscale=0.6, handletextpad=0.2)


def _draw_nodes(axes: Axes, places: FloatArray, record: TrainingRecord) -> None:
    names = np.asarray(record.labels["node"])
    inputs = np.isin(names, record.labels.get("input", []))
    outputs = np.isin(names, record.labels.get("output", []))
    kinds = (
        ("input", inputs, "s", LINE, PAPER, 14),
        ("output", outputs, "o", ACCENT, PAPER, 15),
        ("hidden", ~(inputs | outputs), "o", PAPER, SOFT, 10),
    )
    for kind, chosen, marker, face, edge, size in kinds:
        if chosen.any():
            axes.plot(
                *places[chosen].T,
                marker,
                color=face,
                markeredgecolor=edge,
                markersize=size,
                label=kind,
                zorder=3,
            )
    if len(names) <= _LARGEST_LABELLED:
        for name, place in zip(names, places, strict=True):
            axes.annotate(
                name, place, xytext=(9, 8), textcoords="offset points", fontsize=8, color=INK, zorder=4
            )
