"""Curves of resistor strings: what the interval says of R_W and R_AB holds as often as it says."""

import numpy as np
import pytest

from labrig.arrays import FloatArray
from labrig.calibration.curves import fit_curves

STEPS, BRANCHES, BOARDS = 256, 24, 60
CODES = np.array([0, 1, 2, 4, 9, 19, 42, 94, 158, 222, 256])


def board(
    generator: np.random.Generator, mismatch: float, noise: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """True parameters (B, 2), measured resistances and their variances (B, K)."""
    truth = np.column_stack([generator.uniform(60, 90, BRANCHES), generator.uniform(8e4, 1.2e5, BRANCHES)])
    steps = 1 + mismatch * generator.normal(size=(BRANCHES, STEPS))
    shares = np.concatenate([np.zeros((BRANCHES, 1)), np.cumsum(steps, axis=1)], axis=1)
    shares /= shares[:, -1:]
    exact = truth[:, :1] + truth[:, 1:] * shares[:, CODES]
    deviations = noise * exact
    return truth, exact + deviations * generator.normal(size=exact.shape), deviations**2


@pytest.mark.parametrize(("mismatch", "noise"), [(0.03, 1e-4), (0.03, 3e-3), (0.0, 1e-3)])
def test_ninety_five_per_cent_intervals_hold_ninety_five_per_cent_of_the_truth(
    mismatch: float, noise: float
) -> None:
    generator = np.random.default_rng(1)
    off: list[FloatArray] = []
    for _ in range(BOARDS):
        truth, measured, variances = board(generator, mismatch, noise)
        found = fit_curves(CODES, measured, variances, STEPS)
        off.append((found.parameters - truth) / np.sqrt(np.diagonal(found.covariances, axis1=1, axis2=2)))
    inside = np.abs(np.array(off)) < 1.96
    # Branches are independent: three standard deviations of a share of 95 % over all of them.
    allowed = 3 * np.sqrt(0.95 * 0.05 / (BOARDS * BRANCHES)) + 0.005
    assert np.all(np.abs(inside.mean(axis=(0, 1)) - 0.95) < allowed)


def test_the_mismatch_of_the_steps_is_found() -> None:
    generator = np.random.default_rng(2)
    boards = [board(generator, 0.05, 1e-4) for _ in range(20)]
    found = [fit_curves(CODES, measured, variances, STEPS).mismatch for _, measured, variances in boards]
    # From 24 branches of 9 degrees of freedom each, a standard deviation is known to 1/sqrt(2 * 216).
    assert abs(np.mean(found) / 0.05 - 1) < 3 / np.sqrt(2 * 216 * 20) + 0.01


def test_a_resistance_that_was_not_measured_weighs_nothing() -> None:
    _, measured, variances = board(np.random.default_rng(3), 0.03, 1e-3)
    measured[:, 5] = np.nan
    found = fit_curves(CODES, measured, variances, STEPS)
    left = np.delete(np.arange(len(CODES)), 5)
    without = fit_curves(CODES[left], measured[:, left], variances[:, left], STEPS)
    np.testing.assert_allclose(found.parameters, without.parameters, rtol=1e-6)
    np.testing.assert_allclose(found.covariances, without.covariances, rtol=1e-4)
    assert np.isnan(found.residuals[:, 5]).all()
