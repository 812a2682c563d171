"""The picture of a training, by what is in it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from labrig.units import format_quantity
from labrig.views.record import TrainingRecord
from labrig.views.style import ACCENT, LINE
from labrig.views.summary import draw_summary
from tests.support.records import (
    CEILING,
    EPSILON,
    a_graph,
    a_training,
    grid,
    panel,
    texts,
    visible_texts,
)


def lines(axes: Any, **having: Any) -> list[Any]:
    """Lines with these properties."""
    return [line for line in axes.lines if all(getattr(line, f"get_{k}")() == v for k, v in having.items())]


def level(line: Any) -> float:
    """Where a horizontal line lies."""
    low, high = line.get_ydata()
    assert low == high
    return float(low)


def test_the_error_is_drawn_logarithmically_over_measurements() -> None:
    record = a_training(error=[2.0, 0.5, 0.1, 0.02])
    axes = panel(draw_summary(record), "Error")
    curve, *_ = lines(axes, color=LINE)
    np.testing.assert_array_equal(curve.get_xdata(), record.measurements)
    np.testing.assert_array_equal(curve.get_ydata(), record.error)
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel() == "settled states measured"
    assert "20 mV" in texts(axes)


def test_errors_that_were_not_measured_or_are_zero_are_left_out() -> None:
    axes = panel(draw_summary(a_training(error=[2.0, np.nan, 0.1, 0.0])), "Error")
    curve, *_ = lines(axes, color=LINE)
    assert list(curve.get_ydata()) == [2.0, 0.1]


def test_a_long_training_is_thinned_without_losing_its_extremes() -> None:
    error = np.abs(np.random.default_rng(0).normal(1.0, 0.2, 20_000)) + 1e-3
    error[777], error[12_345] = 50.0, 1e-6
    axes = panel(draw_summary(a_training(error=error)), "Error")
    (band,) = axes.collections
    reached = band.get_paths()[0].vertices[:, 1]
    assert (reached.max(), reached.min()) == (50.0, 1e-6)
    curve, *_ = lines(axes, color=LINE)
    assert len(curve.get_xdata()) < 2000


@pytest.mark.parametrize("predicted", [3e-3, 1e-7, 30.0])
def test_the_predicted_floor_is_a_dashed_line_with_its_value_inside_the_axes(predicted: float) -> None:
    record = a_training(attributes={"predicted_floor": predicted})
    axes = panel(draw_summary(record), "Error")
    (floor,) = lines(axes, color=ACCENT)
    assert level(floor) == predicted
    assert floor.get_linestyle() == "--"
    low, high = axes.get_ylim()
    assert low < predicted < high
    assert any(text.startswith("predicted floor") for text in texts(axes))


def test_where_no_floor_is_predicted_the_picture_says_why() -> None:
    attributes = {"predicted_floor": None, "no_predicted_floor": "the rate is too large; lower it"}
    axes = panel(draw_summary(a_training(attributes=attributes)), "Error")
    assert lines(axes, color=ACCENT) == []
    assert "no floor is predicted: the rate is too large" in texts(axes)


def test_outputs_are_drawn_over_targets_and_their_difference_below() -> None:
    record = a_training()
    assert record.outputs is not None
    assert record.targets is not None
    figure = draw_summary(record)
    axes = panel(figure, "Outputs")
    (points,) = axes.collections
    x, y = record.outputs.ravel(), record.targets.ravel()
    np.testing.assert_array_equal(points.get_offsets(), np.column_stack([y, x]))
    (residuals,) = [other for other in figure.axes if other.get_ylabel() == "x − y"]
    np.testing.assert_array_equal(residuals.collections[0].get_offsets(), np.column_stack([y, x - y]))
    rms = float(np.sqrt(np.mean((x - y) ** 2)))
    (told,) = texts(axes)
    worst = float(np.abs(x - y).max())
    assert told.startswith(f"rms {format_quantity(rms, 'V', 3)}    worst {format_quantity(worst, 'V', 3)}")
    assert "of the input span" in told


@pytest.mark.parametrize("off", [-0.4, -1e-3, 1e-3, 0.4])
def test_what_is_written_about_the_outputs_covers_none_of_them(off: float) -> None:
    targets = np.array([[1.0, 1.1, 1.3]])
    figure: Any = draw_summary(a_training(1, 3, targets=targets, outputs=targets + off))
    figure.canvas.draw()
    axes = panel(figure, "Outputs")
    (text,) = axes.texts
    box = text.get_window_extent(figure.canvas.get_renderer())
    (points,) = axes.collections
    assert not any(box.contains(*place) for place in axes.transData.transform(points.get_offsets()))


def cells(axes: Any, marker: str) -> set[tuple[int, int]]:
    """(input, output) of the cells with a mark."""
    return {
        (int(x), int(y)) for line in lines(axes, marker=marker) for x, y in zip(*line.get_data(), strict=True)
    }


def test_a_crossbar_is_a_map_at_start_and_end_on_one_scale_with_both_walls_marked() -> None:
    record = a_training(4, 3)
    assert record.conductances is not None
    figure = draw_summary(record)
    start, end = panel(figure, "Conductances at the start"), panel(figure, "Conductances after step 3")
    (before,), (after,) = start.images, end.images
    np.testing.assert_array_equal(before.get_array(), np.full((3, 4), 20e-6))
    np.testing.assert_array_equal(after.get_array(), record.conductances.reshape(4, 3).T)
    assert before.norm is after.norm
    assert (end.get_xlabel(), end.get_ylabel()) == ("input", "output")
    assert cells(end, "v") == {(0, 0), (0, 1)}
    assert cells(end, "^") == {(3, 2)}
    assert cells(start, "v") == cells(start, "^") == set()
    assert texts(start) == ["all branches 20 µS"]
    assert texts(end) == ["▼ 2 at ε    ▲ 1 at the ceiling"]


def test_a_crossbar_with_more_outputs_than_inputs_lies_flat_too() -> None:
    record = a_training(2, 5)
    assert record.conductances is not None
    end = panel(draw_summary(record), "Conductances after")
    np.testing.assert_array_equal(end.images[0].get_array(), record.conductances.reshape(2, 5))
    assert (end.get_xlabel(), end.get_ylabel()) == ("output", "input")


def bar(figure: Figure) -> Any:
    """The axes of the colour bar."""
    return figure.axes[-1]


def test_the_colour_bar_tells_epsilon_and_ceiling_and_marks_them_where_they_lie_on_it() -> None:
    axes = bar(draw_summary(a_training()))
    assert {level(line) for line in lines(axes, color=ACCENT)} == {EPSILON, CEILING}
    assert texts(axes) == ["▼ ε\n10 µS", "▲ ceiling\n400 µS"]


def test_a_wall_beyond_the_colour_bar_is_told_and_not_marked() -> None:
    branches = 12
    record = a_training(floor=np.full(branches, 1e-6), ceiling=np.full(branches, np.inf))
    figure = draw_summary(record)
    assert lines(bar(figure), color=ACCENT) == []
    assert texts(bar(figure)) == ["▼ ε\n1 µS\noff this scale"]
    assert texts(panel(figure, "Conductances after")) == ["▼ 0 at ε"]


def test_a_graph_is_drawn_branch_by_branch_with_its_nodes_and_walls() -> None:
    record = a_graph(9, grid(3))
    figure = draw_summary(record)
    end = panel(figure, "Conductances after")
    branches = [line for line in end.lines if line.get_marker() in {"None", None, ""}]
    widths = [line.get_linewidth() for line in branches]
    assert len(branches) == 12
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]
    assert [len(lines(end, marker=mark)) for mark in ("v", "^")] == [1, 1]
    assert {f"n{k}" for k in range(9)} < set(texts(end))
    legend = panel(figure, "Conductances at the start").get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["input", "output", "hidden"]


def test_a_graph_that_is_too_large_to_draw_is_a_point_a_branch_now_over_before() -> None:
    record = a_graph(100, [(k, k + 1) for k in range(99)])
    assert record.conductances is not None
    (points,) = panel(draw_summary(record), "Conductance of each branch").collections
    np.testing.assert_array_equal(
        points.get_offsets(), np.column_stack([np.full(99, 50e-6), record.conductances])
    )


@pytest.mark.parametrize("status", ["converged", "stopped", "running", "interrupted", "tripped", "failed"])
def test_the_header_tells_name_outcome_reason_and_cost(status: str) -> None:
    said = texts(draw_summary(a_training(status=status, reason="it was so")))
    assert said[:2] == ["a training", status]
    assert said[-1] == "it was so"
    for fact in ("3 steps", "16 measurements", "final error 20 mV", "12 s", "bench", "01 Mar 2026"):
        assert fact in said[2]


def empty(record: TrainingRecord) -> TrainingRecord:
    """Before its first step."""
    nothing = dict.fromkeys(record.totals)
    return replace(
        record, info=replace(record.info, last_step=None), error=np.empty(0), measurements=np.empty(0),
        totals=nothing, outputs=None, conductances=None,
    )  # fmt: skip


def test_a_run_without_a_step_says_what_is_missing() -> None:
    figure = draw_summary(empty(a_training()))
    assert texts(panel(figure, "Error")) == ["no error measured yet"]
    assert texts(panel(figure, "Outputs")) == ["no targets to compare with"]
    assert texts(panel(figure, "Conductances after")) == ["not stored"]


def drifting(record: TrainingRecord, reference: str = "in12-out29") -> TrainingRecord:
    """With a look every ten steps, the temperature, and two departures."""
    count = len(record.error)
    looked = np.arange(count) % 10 == 0
    conductance = 20e-6 * (1 + 1e-5 * np.arange(count))
    return replace(
        record,
        attributes={**record.attributes, "reference": reference},
        celsius=25 + 3 * np.sin(np.arange(count) / 50),
        reference=np.where(looked, conductance, np.nan),
        reference_uncertainty=np.where(looked, 2e-9, np.nan),
        offset_change=np.where(looked, 1e-4, np.nan),
        drifts=((20, "reference in0-out0 conducts more"), (40, "out1 reads otherwise")),
    )


RECORDS = {
    "a board that drifts": drifting(a_training(40, 30, error=np.geomspace(5, 1e-3, 300))),
    "a board that is watched by its offsets": replace(
        drifting(a_training(error=np.geomspace(5, 1e-3, 300))), reference=np.full(300, np.nan)
    ),
    "a crossbar of taps": a_training(40, 30, error=np.geomspace(5, 1e-3, 3000)),
    "an ideal crossbar": a_training(
        40,
        30,
        status="converged",
        error=np.geomspace(5, 1e-6, 96),
        attributes={"no_predicted_floor": "the branches are continuous"},
        ceiling=np.full(1200, np.inf),
        floor=np.full(1200, 1e-7),
    ),
    "a few steps": a_training(
        attributes={"no_predicted_floor": "even without rounding an output would be 0.598 V off at the end"}
    ),
    "one step": a_training(error=[1.234567]),
    "a long name and a long reason": a_training(
        name="crossbar-40x30-with-everything-that-can-be-said-about-it-in-a-name" * 2,
        status="failed",
        reason="LinkClosed: /dev/serial/by-id/usb-board vanished " * 4,
    ),
    "a small grid": a_graph(16, grid(4)),
    "a grid beyond its scale": a_graph(9, grid(3), floor=np.full(12, 1e-9), ceiling=np.full(12, 1.0)),
    "a large graph": a_graph(100, [(k, k + 1) for k in range(99)]),
    "two branches": a_graph(3, [(0, 1), (1, 2)]),
    "nothing yet": empty(a_training()),
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_nothing_that_is_written_overlaps_or_leaves_the_picture(record: TrainingRecord) -> None:
    figure: Any = draw_summary(record)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    placed = [(text.get_text(), text.get_window_extent(renderer)) for text in visible_texts(figure)]
    assert len(placed) > 10
    for k, (one, box) in enumerate(placed):
        assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1, one
        assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1, one
        for other, their_box in placed[:k]:
            assert not box.padded(-1).overlaps(their_box.padded(-1)), f"{one!r} and {other!r}"


WAVERING = 2e-3 * (1 + 0.3 * np.sin(np.arange(900.0)))


@pytest.mark.parametrize(
    "record",
    [
        RECORDS["an ideal crossbar"],
        RECORDS["a few steps"],
        a_training(error=WAVERING),
        a_training(error=WAVERING, attributes={"predicted_floor": 1.2e-3}),
    ],
)
def test_the_value_at_the_end_of_the_curve_is_not_written_over_the_curve(record: TrainingRecord) -> None:
    figure: Any = draw_summary(record)
    figure.canvas.draw()
    axes = panel(figure, "Error")
    curve, *_ = lines(axes, color=LINE)
    (label,) = [text for text in axes.texts if to_hex(text.get_color()) == LINE]
    box = label.get_window_extent(figure.canvas.get_renderer())
    fine = np.linspace(0, 1, 20_000)
    corners = np.asarray(axes.transData.transform(curve.get_xydata()), dtype=np.float64)
    along = np.linspace(0, 1, len(corners))
    x, y = (np.interp(fine, along, corners[:, k]) for k in (0, 1))
    assert not np.any((box.x0 < x) & (x < box.x1) & (box.y0 < y) & (y < box.y1))


def test_the_reference_is_drawn_with_its_bars_and_departures_are_marked() -> None:
    record = RECORDS["a board that drifts"]
    figure: Any = draw_summary(record)
    axes = panel(figure, "Reference in12-out29")
    (points,) = lines(axes, marker="o")
    looked = np.arange(0, 300, 10)
    np.testing.assert_allclose(points.get_xdata(), record.measurements[looked])
    np.testing.assert_allclose(points.get_ydata(), 1e-3 * looked, atol=1e-12)
    assert axes.containers[0].has_yerr
    marks = [line.get_xdata()[0] for line in lines(axes, color=ACCENT)]
    np.testing.assert_array_equal(marks, record.measurements[[20, 40]])


def test_a_training_without_looks_has_no_panel_for_drift() -> None:
    figure: Any = draw_summary(RECORDS["an ideal crossbar"])
    assert not [axes for axes in figure.axes if "look" in axes.get_title(loc="left")]


def test_every_axis_with_a_unit_shows_it() -> None:
    figure: Any = draw_summary(RECORDS["a crossbar of taps"])
    figure.canvas.draw()
    error, outputs = panel(figure, "Error"), panel(figure, "Outputs")
    for axis, unit in ((error.yaxis, "V"), (outputs.yaxis, "V"), (bar(figure).yaxis, "S")):
        shown = [label.get_text() for label in axis.get_majorticklabels() if label.get_text()]
        assert shown
        assert all(text.endswith(unit) for text in shown)


def test_a_picture_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    figure: Any = draw_summary(a_training())
    figure.savefig(tmp_path / "picture.pdf")
    assert (tmp_path / "picture.pdf").read_bytes().startswith(b"%PDF")
