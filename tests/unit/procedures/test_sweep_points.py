"""Levels of sweeps: counted and turned by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrig.errors import ConfigError
from labrig.procedures.sweeps.points import SweepShape, listed_levels, sweep_levels
from labrig.procedures.sweeps.words import Order, Scale


def test_a_linear_sweep_has_both_ends_and_even_steps() -> None:
    assert sweep_levels(SweepShape(-1.0, 1.0, 5)).tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]


def test_a_logarithmic_sweep_has_even_ratios() -> None:
    levels = sweep_levels(SweepShape(1e-6, 1e-3, 4, Scale.LOG))
    assert levels == pytest.approx([1e-6, 1e-5, 1e-4, 1e-3])


def test_a_sweep_below_zero_may_be_logarithmic_as_well() -> None:
    levels = sweep_levels(SweepShape(-1e-3, -1.0, 4, Scale.LOG))
    assert levels == pytest.approx([-1e-3, -1e-2, -1e-1, -1.0])


def test_a_dual_sweep_turns_once_at_its_end() -> None:
    levels = sweep_levels(SweepShape(0.0, 2.0, 3, order=Order.DUAL))
    assert levels.tolist() == [0.0, 1.0, 2.0, 1.0, 0.0]


def test_four_quadrants_go_through_zero_twice() -> None:
    levels = sweep_levels(SweepShape(0.0, 2.0, 3, order=Order.FOUR_QUADRANT))
    assert levels.tolist() == [0.0, 1.0, 2.0, 1.0, 0.0, -1.0, -2.0, -1.0, 0.0]
    assert not np.signbit(levels[levels == 0]).any(), "no -0 among the levels"


def test_cycles_meet_in_one_level_where_they_can() -> None:
    levels = sweep_levels(SweepShape(0.0, 1.0, 2, order=Order.DUAL, cycles=2))
    assert levels.tolist() == [0.0, 1.0, 0.0, 1.0, 0.0]
    assert sweep_levels(SweepShape(0.0, 1.0, 2, cycles=2)).tolist() == [0.0, 1.0, 0.0, 1.0]


def test_a_list_is_gone_through_as_it_is() -> None:
    assert listed_levels(np.array([0.3, 0.1]), 2).tolist() == [0.3, 0.1, 0.3, 0.1]


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (SweepShape(0.0, 1.0, 1), "--points: found 1"),
        (SweepShape(0.0, 1.0, 5, cycles=0), "--cycles: found 0"),
        (SweepShape(0.0, 1.0, 5, Scale.LOG), "--scale log"),
        (SweepShape(-1.0, 1.0, 5, Scale.LOG), "--scale log"),
        (SweepShape(0.5, 1.0, 5, order=Order.FOUR_QUADRANT), "begins at 0"),
        (SweepShape(0.0, float("inf"), 5), "finite"),
    ],
)
def test_what_cannot_be_gone_through_is_refused(shape: SweepShape, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        sweep_levels(shape)


@pytest.mark.parametrize("levels", [[], [1.0, float("nan")]])
def test_a_list_without_numbers_is_refused(levels: list[float]) -> None:
    with pytest.raises(ConfigError, match="--list"):
        listed_levels(np.array(levels))


@given(
    start=st.floats(-10, 10),
    stop=st.floats(-10, 10),
    points=st.integers(2, 50),
    order=st.sampled_from([Order.SINGLE, Order.DUAL]),
    cycles=st.integers(1, 3),
)
def test_no_level_lies_outside_start_and_stop(
    start: float, stop: float, points: int, order: Order, cycles: int
) -> None:
    levels = sweep_levels(SweepShape(start, stop, points, Scale.LINEAR, order, cycles))
    assert min(start, stop) <= levels.min()
    assert levels.max() <= max(start, stop)
    assert levels[0] == start
    assert levels[-1] == (stop if order is Order.SINGLE else start)
