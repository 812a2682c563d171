"""Telling a change from chance."""

from math import erfc, sqrt

import numpy as np
import pytest
from scipy.stats import binom

from labrig.learning.watching import Look, Watch

NODES, REPEATS = 12, 6
KINDS = np.array([0] * NODES + [1])
NONE = np.zeros(NODES + 1)
SIGMAS = np.array([1e-4] * NODES + [2e-8])


def looks(seed: int, changes: list[np.ndarray], limit: float = 2.0, passes: np.ndarray = NONE) -> list[Look]:
    """Of a board whose quantities are these, one row a look, read with normal noise."""
    noise = np.random.default_rng(seed)
    watch = Watch(KINDS, limit, passes)
    shape = (REPEATS, NODES + 1)
    return [watch.look(change + SIGMAS * noise.normal(size=shape), NONE) for change in changes]


def test_boards_that_stay_raise_no_more_alarms_than_the_limit_allows() -> None:
    """2000 boards, two looks each: the number of alarms is binomial; 1e-6 of its upper tail is cut."""
    alarms = sum(bool(looks(seed, [NONE, NONE])[-1].departed.any()) for seed in range(2000))
    chance = erfc(2.0 / sqrt(2))
    assert alarms <= binom.isf(1e-6, 2000, chance)
    assert alarms > 0, "a limit of two standard deviations is passed now and then, or nothing is tested"


def test_a_long_watch_raises_no_more_alarms_either() -> None:
    """The looks of one board share the first one: their mean number of alarms is bounded all the same.

    Of each board the alarms are at most 20, so that the mean over 300 boards is within 5 standard errors.
    """
    counts = [sum(bool(look.departed.any()) for look in looks(seed, [NONE] * 21)) for seed in range(300)]
    allowed = 20 * erfc(2.0 / sqrt(2))
    assert np.mean(counts) <= allowed + 5 * np.std(counts) / sqrt(300)


@pytest.mark.parametrize("place", [3, NODES])
def test_a_change_is_found_at_its_size_where_it_is(place: int) -> None:
    change = NONE.copy()
    change[place] = 12 * SIGMAS[place]
    found = looks(5, [NONE, NONE, change], limit=3.0)
    assert not found[1].departed.any()
    assert np.flatnonzero(found[2].departed).tolist() == [place]
    error = found[2].changes[place] - change[place]
    assert abs(error) < 4 * SIGMAS[place] * sqrt(2 / REPEATS)
    assert found[2].sigmas[place] == pytest.approx(12 / sqrt(2 / REPEATS), rel=0.4)


def test_a_small_change_is_let_pass_and_a_larger_one_is_not() -> None:
    small, large = NONE.copy(), NONE.copy()
    small[0], large[0] = 10 * SIGMAS[0], 30 * SIGMAS[0]
    passes = np.full(NODES + 1, 20 * SIGMAS[0])
    found = looks(5, [NONE, small, large], passes=passes)
    assert [bool(look.departed[0]) for look in found] == [False, False, True]


def test_what_the_repeats_share_is_no_change() -> None:
    noise = np.random.default_rng(3)
    watch = Watch(KINDS, 3.0, NONE)
    shared = NONE.copy()
    shared[-1] = 1e-6
    for moved in (0.0, 2e-6):
        readings = SIGMAS * noise.normal(size=(REPEATS, NODES + 1))
        readings[:, -1] += moved
        assert not watch.look(readings, shared).departed.any()


def test_a_quantity_that_scatters_more_than_its_kind_is_judged_by_itself() -> None:
    noise = np.random.default_rng(8)
    sigmas = SIGMAS.copy()
    sigmas[4] *= 50
    alarms = 0
    for _ in range(200):
        watch = Watch(KINDS, 3.0, NONE)
        readings = sigmas * noise.normal(size=(4, REPEATS, NODES + 1))
        alarms += bool([watch.look(one, NONE) for one in readings][-1].departed[4])
    assert alarms <= binom.isf(1e-6, 200, erfc(3 / sqrt(2)))


def test_after_an_alarm_looks_are_compared_with_that_one() -> None:
    change = NONE.copy()
    change[2] = 40 * SIGMAS[2]
    noise = np.random.default_rng(1)
    watch = Watch(KINDS, 4.0, NONE)
    shape = (REPEATS, NODES + 1)
    watch.look(SIGMAS * noise.normal(size=shape), NONE)
    look = watch.look(change + SIGMAS * noise.normal(size=shape), NONE)
    assert look.departed[2]
    watch.compare_with(look, REPEATS)
    assert not watch.look(change + SIGMAS * noise.normal(size=shape), NONE).departed.any()
    watch.restart()
    assert np.isnan(watch.look(SIGMAS * noise.normal(size=shape), NONE).changes).all()


def test_what_is_not_read_is_neither_compared_nor_counted() -> None:
    noise = np.random.default_rng(2)
    watch = Watch(KINDS, 2.0, NONE)
    readings = SIGMAS * noise.normal(size=(REPEATS, NODES + 1))
    readings[:, 0] = np.nan
    watch.look(readings, NONE)
    look = watch.look(readings, NONE)
    assert np.isnan(look.values[0])
    assert np.isnan(look.changes[0])
    assert not look.departed[0]


def test_a_watch_that_is_taken_up_again_judges_alike() -> None:
    noise = np.random.default_rng(4)
    one, other = Watch(KINDS, 3.0, NONE), Watch(KINDS, 3.0, NONE)
    shape = (REPEATS, NODES + 1)
    for _ in range(3):
        one.look(SIGMAS * noise.normal(size=shape), NONE)
    other.restore(one.state())
    readings = SIGMAS * noise.normal(size=shape)
    first, second = one.look(readings, NONE), other.look(readings, NONE)
    np.testing.assert_array_equal(first.sigmas, second.sigmas)
    np.testing.assert_array_equal(first.departed, second.departed)
