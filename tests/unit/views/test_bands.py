"""Bands from draws hold as often as they say."""

import numpy as np
import pytest

from labrig.store.columns import Constant
from labrig.views.bands import (
    CONFIDENCE,
    SHARE,
    Band,
    bands_of,
    bands_result,
    confidence,
    cut,
    interval,
    joint,
)


@pytest.mark.parametrize(("draws", "outermost"), [(20, 1), (37, 1), (38, 1), (64, 1), (65, 2), (100, 3)])
def test_as_many_draws_are_left_out_as_ninety_per_cent_with_ninety_allow(draws: int, outermost: int) -> None:
    """38 and 65 are the numbers in the tables for one and two at each end; to within four deviations."""
    assert cut(draws) == outermost
    rng, cases = np.random.default_rng(4), 4000
    bands = [interval(row, outermost) for row in rng.uniform(size=(cases, draws))]
    holding = np.mean([band.high - band.low >= SHARE for band in bands])
    said = confidence(draws, outermost)
    assert holding == pytest.approx(said, abs=4 * np.sqrt(said * (1 - said) / cases))
    assert (said >= CONFIDENCE) == (draws >= 38)


@pytest.mark.parametrize(
    ("draws", "outermost", "share"), [(3, 1, 0.5), (20, 1, 19 / 21), (60, 1, 59 / 61), (60, 3, 55 / 61)]
)
def test_an_interval_holds_one_more_draw_as_often_as_it_says(
    draws: int, outermost: int, share: float
) -> None:
    """Of 4000 cases, to within four standard deviations of a binomial distribution; of whatever shape."""
    rng, cases = np.random.default_rng(1), 4000
    values = rng.exponential(size=(cases, draws + 1))
    bands = [interval(row[:-1], outermost) for row in values]
    assert bands[0].share == pytest.approx(share)
    held = np.mean([band.holds(float(row[-1])) for band, row in zip(bands, values, strict=True)])
    assert held == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / cases))


def test_equal_draws_leave_one_value() -> None:
    band = interval(np.full(20, 7.0))
    assert band == Band(7.0, 7.0, 19 / 21)
    assert band.holds(7.0)
    assert not band.holds(7.0001)


@pytest.mark.parametrize("correlated", [False, True])
def test_a_joint_band_holds_all_numbers_of_one_more_draw(correlated: bool) -> None:
    """As often as an interval, or somewhat more often; to within 4 sigma."""
    rng, cases, draws = np.random.default_rng(2), 1000, 20
    share = (draws - 1) / (draws + 1)
    held = 0
    for _ in range(cases):
        values = rng.normal(size=(draws + 1, 6)) * np.arange(1, 7) + 3
        if correlated:
            values += 10 * rng.normal(size=(draws + 1, 1))
        low, high = joint(values[:-1])
        held += bool(np.all((low <= values[-1]) & (values[-1] <= high)))
    sigma = 4 * np.sqrt(share * (1 - share) / cases)
    assert share - sigma <= held / cases <= share + 0.02 + sigma


def test_outputs_that_are_always_read_alike_stay_within_their_band() -> None:
    low, high = joint(np.full((20, 2), 2.4689))
    assert np.all((low <= 2.4689) & (high >= 2.4689))
    assert np.all(high - low < 1e-7)


def constants(**changes: object) -> dict[str, Constant]:
    rng = np.random.default_rng(3)
    drawn = {
        "drawn_error": (rng.uniform(1e-3, 2e-3, 20), ()),
        "drawn_outputs": (rng.normal(2.5, 1e-3, (20, 1, 3)), ("sample", "output")),
        "drawn_codes": (np.tile([60, 70], (20, 1)), ("branch",)),
        "drawn_steps": (np.full(20, 60), ()),
        "drawn_exchanges": (np.full(20, 61), ()),
        "drawn_writes": (np.arange(100, 120), ()),
        "drawn_waits": (np.linspace(0.6, 0.7, 20), ()),
    }
    found = {name: Constant(value, ("draw", *dims)) for name, (value, dims) in drawn.items()}
    ended = {"final_wall": 0.5, "final_waited": 0.2, "final_exchanges": 61, **changes}
    return found | {name: Constant(value) for name, value in ended.items()}  # type: ignore[arg-type]


def test_the_time_is_the_host_s_own_and_what_the_boards_take() -> None:
    """0.5 s, of which the twin took 0.2."""
    found = bands_of(constants())
    assert found is not None
    wall = found.measures["wall"]
    assert (wall.low, wall.high) == pytest.approx((0.9 / 1.2, 1.0 * 1.2))
    assert found.measures["writes"] == Band(100, 119, 19 / 21)
    assert found.measures["exchanges"] == Band(61, 61, 19 / 21)
    assert found.hold(np.array([[2.5, 2.5, 2.6]])).tolist() == [[True, True, False]]


def test_without_a_pace_no_time_is_foretold() -> None:
    given = constants()
    given["drawn_waits"] = Constant(np.full(20, np.nan), ("draw",))
    found = bands_of(given)
    assert found is not None
    assert "wall" not in bands_result(found)["measures"]


def test_codes_are_decided_where_all_draws_agree() -> None:
    given = constants()
    codes = np.tile([60, 70], (20, 1))
    codes[7, 1] = 71
    given["drawn_codes"] = Constant(codes, ("draw", "branch"))
    found = bands_of(given)
    assert found is not None
    assert found.decided.tolist() == [True, False]
    assert found.decides(np.array([60, 75]))
    assert not found.decides(np.array([61, 70]))


def test_a_run_without_draws_or_without_an_end_has_no_bands() -> None:
    given = constants()
    del given["final_wall"]
    assert bands_of(given) is None
    assert bands_of({"final_wall": Constant(1.0)}) is None
