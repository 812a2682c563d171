"""Trainings to draw, made of numbers alone, and what a figure of them holds."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

from labrig.arrays import FloatArray
from labrig.store.reader import RunInfo
from labrig.views.record import TrainingRecord

EPSILON, CEILING = 10e-6, 400e-6


def a_training(
    rows: int = 4,
    columns: int = 3,
    *,
    error: Sequence[float] | FloatArray = (2.0, 0.5, 0.1, 0.02),
    status: Any = "stopped",
    reason: str = "all 3 steps were done",
    name: str = "a training",
    **changes: Any,
) -> TrainingRecord:
    """A crossbar trained on two samples; `changes` replace fields."""
    rng = np.random.default_rng(0)
    inputs, outputs = [f"in{i}" for i in range(rows)], [f"out{j}" for j in range(columns)]
    branches = rows * columns
    found = rng.uniform(EPSILON, CEILING, branches)
    found[:2], found[-1] = EPSILON, CEILING
    targets = rng.uniform(1.0, 4.0, (2, columns))
    given: dict[str, Any] = {
        "info": RunInfo(
            Path("runs/x"), name, "2026-03-01T09:15:00+00:00", status, reason, len(error) - 1, 1, ()
        ),
        "labels": {
            "input": inputs,
            "output": outputs,
            "node": [*inputs, *outputs],
            "branch": [f"{a}-{b}" for a in inputs for b in outputs],
        },
        "attributes": {"rig": "bench", "predicted_floor": 3e-3, "no_predicted_floor": None},
        "error": np.asarray(error, dtype=np.float64),
        "measurements": 4.0 * np.arange(1, len(error) + 1),
        "squares": np.empty(0),
        "moved": np.empty(0),
        "held": np.zeros(len(error)),
        "silent": (),
        "totals": {
            "error": float(error[-1]), "measurements": 4.0 * len(error), "wall": 12.0, "writes": 40.0,
            "exchanges": float(len(error)), "frames": 9.0, "validation_error": None,
        },
        "inputs": rng.uniform(0.0, 5.0, (2, rows)),
        "targets": targets,
        "outputs": targets + rng.normal(0.0, 1e-3, targets.shape),
        "initial": np.full(branches, 20e-6),
        "conductances": found,
        "floor": np.full(branches, EPSILON),
        "ceiling": np.full(branches, CEILING),
        **changes,
    }  # fmt: skip
    return TrainingRecord(**given)


def a_graph(nodes: int, ends: Sequence[tuple[int, int]], **changes: Any) -> TrainingRecord:
    """A network whose first node is the input and whose last is the output."""
    names = [f"n{k}" for k in range(nodes)]
    found = np.linspace(EPSILON, CEILING, len(ends))
    labels = {
        "input": names[:1], "output": names[-1:], "node": names, "branch": [f"n{a}-n{b}" for a, b in ends]
    }  # fmt: skip
    given: dict[str, Any] = {
        "labels": labels,
        "inputs": np.ones((1, 1)),
        "targets": np.full((1, 1), 0.4),
        "outputs": np.full((1, 1), 0.41),
        "initial": np.full(len(ends), 50e-6),
        "conductances": found,
        "floor": np.full(len(ends), EPSILON),
        "ceiling": np.full(len(ends), CEILING),
        **changes,
    }
    return a_training(**given)


def grid(side: int) -> list[tuple[int, int]]:
    """Branches of a square grid whose nodes are numbered row by row."""
    right = [(side * r + c, side * r + c + 1) for r in range(side) for c in range(side - 1)]
    down = [(side * r + c, side * (r + 1) + c) for r in range(side - 1) for c in range(side)]
    return right + down


def panel(figure: Figure, title: str) -> Any:
    """The axes whose title begins so."""
    (found,) = [axes for axes in figure.axes if axes.get_title("left").startswith(title)]
    return found


def texts(of: Any) -> list[str]:
    """Everything that is written on axes or a figure itself, tick labels left out."""
    return [text.get_text() for text in of.texts if text.get_text()]


def visible_texts(figure: Figure) -> Iterator[Text]:
    """Everything that is written anywhere; of the tick labels, those that fall inside their axis."""
    yield from figure.texts
    for panel_ in figure.axes:
        axes: Any = panel_
        written: set[Any] = set(axes.findobj(Text))
        for axis in (axes.xaxis, axes.yaxis):
            written -= set(axis.findobj(Text))
            if axes.axison:
                low, high = sorted(axis.get_view_interval())
                inside = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
                written |= {axis.label, *(label for t in inside for label in (t.label1, t.label2))}
        yield from (text for text in written if text.get_text() and text.get_visible())
