import math

import pytest

from labrig.views.estimate import TimeLeft


def looked(left: TimeLeft, count: int = 20, step_s: float = 2.0, ratio: float = 0.5) -> TimeLeft:
    for step in range(count):
        left.look(step * step_s, step, ratio**step)
    return left


def test_nothing_is_said_before_anything_is_known() -> None:
    assert TimeLeft(steps=10).seconds() is None
    left = TimeLeft(steps=10)
    left.look(1.0, 0, 1.0)
    assert left.seconds() is None


def test_without_any_end_nothing_is_said() -> None:
    assert looked(TimeLeft()).seconds() is None


def test_steps_that_remain_take_as_long_as_those_before() -> None:
    assert looked(TimeLeft(steps=119)).seconds() == pytest.approx(100 * 2.0)


def test_an_error_that_falls_geometrically_reaches_its_goal_when_it_must() -> None:
    assert looked(TimeLeft(error=0.5**29)).seconds() == pytest.approx(10 * 2.0)


@pytest.mark.parametrize("ratio", [1.0, 1.1])
def test_an_error_that_does_not_fall_promises_nothing(ratio: float) -> None:
    assert looked(TimeLeft(error=1e-9), ratio=ratio).seconds() is None


def test_unknown_errors_are_passed_over() -> None:
    left = TimeLeft(error=0.5**29)
    for step in range(20):
        left.look(2.0 * step, step, math.nan if step % 3 == 1 else 0.5**step)
    assert left.seconds() == pytest.approx(20.0)


def test_the_nearest_end_counts_and_a_passed_one_is_now() -> None:
    assert looked(TimeLeft(steps=119, wall=50.0)).seconds() == pytest.approx(50.0 - 38.0)
    assert looked(TimeLeft(steps=119, wall=10.0)).seconds() == 0.0
