"""The picture of memristors that were formed, watched or worn out shows what was read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labrig.procedures.memristors.endurance import EndurancePlan, endurance
from labrig.procedures.memristors.forming import FormingPlan, form
from labrig.procedures.memristors.retention import Clock, RetentionPlan, retention
from labrig.procedures.memristors.runs import Stored
from labrig.store.reader import RunReader
from labrig.views.memristor_picture import draw_memristor_run, is_memristor_run, load_memristor_run
from tests.support.checks import quiet
from tests.support.memristors import opened

LIMITS = {"voltage": "3.3 V", "branch_current": "0.5 mA"}


def formed(folder: Path) -> Path:
    with opened(formed=False, limits=LIMITS) as (bench, _):
        return form(bench, FormingPlan(), Stored("form", "", folder), quiet).ended.run


def watched(folder: Path) -> Path:
    time = iter(range(100))
    clock = Clock(lambda: float(next(time)), lambda _: None)
    with opened() as (bench, _):
        plan = RetentionPlan(40e-6, [0.0, 1.0, 2.0])
        return retention(bench, plan, Stored("retention", "", folder), quiet, clock=clock).ended.run


def test_a_stuck_branch_has_no_say_in_the_scale_of_a_retention(tmp_path: Path) -> None:
    time = iter(range(100))
    clock = Clock(lambda: float(next(time)), lambda _: None)
    stuck = [{"kind": "stuck-off", "branch": "in1-out1"}]
    with opened(faults=stuck) as (bench, _):
        plan = RetentionPlan(40e-6, [0.0, 1.0, 2.0])
        run = retention(bench, plan, Stored("retention", "", tmp_path), quiet, clock=clock).ended.run
    with RunReader(run) as reader:
        axes: Any = draw_memristor_run(load_memristor_run(reader)).axes[0]
    assert len(axes.get_lines()) == 11 + 1
    assert [text.get_text() for text in axes.texts] == [
        "1 left out: the write did not bring them to the target"
    ]


def test_the_legend_of_an_endurance_lies_on_no_curve(tmp_path: Path) -> None:
    with RunReader(worn(tmp_path)) as reader:
        drawing: Any = draw_memristor_run(load_memristor_run(reader))
    drawing.canvas.draw()
    axes = drawing.axes[0]
    assert axes.get_legend().get_window_extent().y0 >= axes.get_window_extent().y1


def worn(folder: Path) -> Path:
    with opened() as (bench, _):
        plan = EndurancePlan(["in0,out0", "in1,out1"], cycles=5)
        return endurance(bench, plan, Stored("endurance", "", folder), quiet).ended.run


@pytest.mark.parametrize(
    ("make", "curves", "reads"), [(formed, 12 + 1, None), (watched, 12 + 1, 3), (worn, 2 + 2, 5)]
)
def test_every_branch_has_its_curve(
    make: Callable[[Path], Path], curves: int, reads: int | None, tmp_path: Path
) -> None:
    with RunReader(make(tmp_path)) as reader:
        assert is_memristor_run(reader)
        record = load_memristor_run(reader)
    drawing: Any = draw_memristor_run(record)
    lines = drawing.axes[0].get_lines()
    assert len(lines) == curves
    read = len(lines[0].get_xdata())
    assert read == (len(record.siemens) if reads is None else reads)
    assert np.isfinite(record.siemens).all()
