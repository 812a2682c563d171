"""Settings in which branches are at several codes tie all conductances at a node to each other."""

import numpy as np
import pytest

from labrig.arrays import FloatArray, IntArray
from labrig.calibration.ties import APART, Node, tie

BRANCHES, CODES = 4, 12
TRUE: FloatArray = np.geomspace(1e-5, 1e-4, BRANCHES * CODES)
OWN, COMMON = 1e-4, 4e-3
"""Relative errors of one setting: of how branches divide a voltage, and of what they conduct in all."""


def staggered() -> IntArray:
    """Places of the branches: up with each one code behind the one before, down the other way round."""
    at = np.arange(CODES + BRANCHES - 1)[:, None]
    up, down = np.arange(BRANCHES), np.arange(BRANCHES)[::-1]
    codes = np.clip(np.concatenate([at - up, at[::-1] - down]), 0, CODES - 1)
    return np.asarray(np.arange(BRANCHES) * CODES + codes, dtype=np.int64)


def together() -> IntArray:
    """All at one code."""
    codes = np.concatenate([np.arange(CODES), np.arange(CODES)[::-1]])[:, None]
    return np.asarray(np.arange(BRANCHES) * CODES + codes, dtype=np.int64)


def node(places: IntArray, generator: np.random.Generator | None = None) -> Node:
    """Read with errors of these sizes; None: with none."""
    exact = TRUE[places]
    shape = OWN**2 * np.eye(BRANCHES) + COMMON**2
    errors = np.zeros(exact.shape)
    if generator is not None:
        errors = generator.multivariate_normal(np.zeros(BRANCHES), shape, len(places), method="cholesky")
    covariances = shape * exact[:, :, None] * exact[:, None, :]
    return Node("out0", np.arange(BRANCHES), exact * (1 + errors), covariances)


def off(places: IntArray) -> tuple[FloatArray, FloatArray, float]:
    """Relative errors of 400 measurements, (400, U); what is said of them, (U,); and of their scale."""
    generator = np.random.default_rng(5)
    found = [tie(node(places, generator), places, len(TRUE)) for _ in range(400)]
    errors = np.array([each.conductances for each in found]) / TRUE - 1
    return errors, np.sqrt(found[0].variances) / TRUE, found[0].scale


def test_exact_readings_give_the_conductances() -> None:
    found = tie(node(staggered()), staggered(), len(TRUE))
    np.testing.assert_allclose(found.conductances, TRUE, rtol=1e-9)


@pytest.mark.parametrize("places", [staggered(), together()], ids=["staggered", "together"])
def test_what_is_said_of_each_is_its_scatter(places: IntArray) -> None:
    """Standard deviations from 400 values are known to 3.5 %."""
    errors, said, _ = off(places)
    assert errors.std(axis=0) / said == pytest.approx(1, abs=5 / np.sqrt(800))


def test_staggered_codes_leave_one_factor_that_is_common_to_all() -> None:
    """It is the mean of as many currents as there were settings; the rest is what dividers leave open.

    Settings that go through the codes together tell no more of two codes than currents do.
    """
    places = staggered()
    errors, said, scale = off(places)
    assert scale == pytest.approx(COMMON / np.sqrt(len(places)), rel=0.02)
    own = np.sqrt(said**2 - scale**2)
    assert own.max() < 2 * OWN
    rest = errors - errors.mean(axis=1, keepdims=True)
    assert np.sqrt((rest**2).mean()) == pytest.approx(np.sqrt((own**2).mean()), rel=0.25)
    assert rest.std() < OWN * 1.5
    alike, _, _ = off(together())
    assert (alike - alike.mean(axis=1, keepdims=True)).std() > 10 * rest.std()


def test_one_factor_and_independent_rests_say_of_an_output_what_the_whole_covariance_says() -> None:
    """Of what branches at any codes make of an output, whose weights add up to nothing.

    Single outputs are off by half: rests of neighbouring codes are not independent. All of them together are
    as far off as is said.
    """
    errors, said, scale = off(staggered())
    generator = np.random.default_rng(6)
    own = np.sqrt(said**2 - scale**2).reshape(BRANCHES, CODES)
    ratios: list[float] = []
    for _ in range(200):
        codes = generator.integers(0, CODES, BRANCHES)
        weights = generator.normal(size=BRANCHES)
        weights -= weights.mean()
        met = errors.reshape(-1, BRANCHES, CODES)[:, np.arange(BRANCHES), codes] @ weights
        ratios.append(met.var() / float(weights**2 @ own[np.arange(BRANCHES), codes] ** 2))
    assert np.mean(ratios) == pytest.approx(1, abs=0.1)
    assert 0.4 < np.sqrt(min(ratios)) < np.sqrt(max(ratios)) < 1.7


def test_a_branch_that_is_never_the_same_spoils_no_other() -> None:
    places = staggered()
    noisy = node(places)
    noisy.conductances[:, 2] *= 1 + 0.05 * np.random.default_rng(7).normal(size=len(places))
    apart = places.copy()
    apart[:, 2] = APART
    found = tie(noisy, apart, len(TRUE))
    others = np.delete(np.arange(len(TRUE)), np.arange(2 * CODES, 3 * CODES))
    np.testing.assert_allclose(found.conductances[others], TRUE[others], rtol=1e-9)
    assert np.isnan(found.conductances[2 * CODES : 3 * CODES]).all()


def test_a_branch_that_does_not_move_is_one_conductance_at_all_codes() -> None:
    places = staggered()
    places[:, 1] = CODES
    found = tie(node(places), places, len(TRUE))
    assert found.conductances[CODES] == pytest.approx(TRUE[CODES], rel=1e-9)
    assert np.isnan(found.conductances[CODES + 1 : 2 * CODES]).all()
