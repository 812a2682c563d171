"""Conductances at the start and now: a crossbar's map, a small graph's drawing, a large one's scatter."""

import numpy as np
from matplotlib.ticker import EngFormatter, MaxNLocator

from labrig.arrays import BranchArray
from labrig.units import format_quantity
from labrig.views.conductance_scale import Scale, draw_bar
from labrig.views.graph_drawing import LARGEST, draw_graph, label_kinds
from labrig.views.record import TrainingRecord
from labrig.views.style import ACCENT, FAINT, INK, LINE, MAP, PAPER, SOFT, Axes, say


def draw_conductances(figure: Axes, start: Axes, end: Axes, bar: Axes, record: TrainingRecord) -> None:
    """Draw both states on one colour scale, with branches at the floor or the ceiling marked."""
    drawable = record.ends is not None and len(record.labels["node"]) <= LARGEST
    if record.crossbar_shape is None and not drawable:
        end.set_axis_off()
        bar.set_axis_off()
        _draw_scatter(start, record)
        return
    scale = Scale.of(record)
    _draw_state(start, record.initial, scale, record)
    start.set_title("Conductances at the start")
    _draw_state(end, record.conductances, scale, record)
    if record.crossbar_shape is None:
        label_kinds(start)
    end.set_title(f"Conductances after step {record.info.last_step or 0}")
    draw_bar(figure, bar, scale, record)


def _draw_state(axes: Axes, values: BranchArray | None, scale: Scale, record: TrainingRecord) -> None:
    if values is None:
        say(axes, "not stored")
        return
    shape = record.crossbar_shape
    if shape is None:
        draw_graph(axes, values, scale, record)
    else:
        _draw_map(axes, values, shape, scale, record)
    if np.ptp(values) == 0:
        text = f"all branches {format_quantity(float(values[0]), 'S', 3)}"
    else:
        hits = (
            (record.floor, f"▼ {int(record.at_floor(values).sum())} at ε"),
            (record.ceiling, f"▲ {int(record.at_ceiling(values).sum())} at the ceiling"),
        )
        text = "    ".join(told for wall, told in hits if wall is not None and np.isfinite(wall).any())
    axes.text(1.0, 1.025, text, transform=axes.transAxes, ha="right", va="bottom", color=SOFT, fontsize=8.5)


def _draw_map(
    axes: Axes, values: BranchArray, shape: tuple[int, int], scale: Scale, record: TrainingRecord
) -> None:
    """One cell a branch; the longer side lies flat."""
    wide = shape[0] > shape[1]
    names = ("input", "output") if wide else ("output", "input")
    grid = values.reshape(shape).T if wide else values.reshape(shape)
    axes.imshow(grid, norm=scale.norm, cmap=MAP, aspect="auto", interpolation="nearest")
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.tick_params(length=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    for spine in axes.spines.values():
        spine.set_visible(False)
    size = float(np.clip(220.0 / max(grid.shape[1], 1.6 * grid.shape[0]), 2.5, 9.0))
    marks = ((record.at_floor(values), "v", PAPER), (record.at_ceiling(values), "^", INK))
    for hit, marker, colour in marks:
        marked = hit.reshape(shape).T if wide else hit.reshape(shape)
        y, x = np.nonzero(marked)
        axes.plot(x, y, marker, color=colour, markersize=size, markeredgewidth=0)


def _draw_scatter(axes: Axes, record: TrainingRecord) -> None:
    """One point a branch, now over before."""
    axes.set_title("Conductance of each branch: start and now")
    if record.initial is None or record.conductances is None:
        say(axes, "not stored")
        return
    axes.scatter(record.initial, record.conductances, s=8, color=LINE, alpha=0.5, linewidths=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("at the start")
    axes.set_ylabel(f"after {record.info.last_step or 0} steps")
    axes.axline((1.0, 1.0), (2.0, 2.0), color=FAINT, zorder=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(EngFormatter(unit="S"))
    for wall, name in ((record.floor, "ε"), (record.ceiling, "ceiling")):
        if wall is not None and np.isfinite(wall).all():
            level = float(np.median(wall))
            axes.axhline(level, color=ACCENT, linewidth=1, linestyle=(0, (5, 3)))
            axes.annotate(name, (1.0, level), xycoords=("axes fraction", "data"), color=ACCENT, fontsize=8.5)
