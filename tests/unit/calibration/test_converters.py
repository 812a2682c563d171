"""Offsets and gains of converters are found within what the fit says of itself."""

import numpy as np
import pytest

from labrig.arrays import FloatArray
from labrig.calibration.converters import Potentials, fit_converters

LINES, DRIVERS, LEVELS, BOARDS = 14, 14, 9, 80
NOISE, METER = 1e-4, 2e-5


def board(generator: np.random.Generator, *, metered: bool) -> tuple[Potentials, FloatArray, FloatArray]:
    """Potentials of a board, and offset and gain of its ADC lines and of its DACs, (C, 2)."""
    adc = np.column_stack([generator.uniform(-2e-3, 2e-3, LINES), generator.uniform(-0.01, 0.01, LINES)])
    dac = np.column_stack([generator.uniform(-5e-3, 5e-3, DRIVERS), generator.uniform(-5e-3, 5e-3, DRIVERS)])
    driver = np.tile(np.arange(DRIVERS), LEVELS)
    asked = np.linspace(0.25, 4.75, LEVELS).repeat(DRIVERS)
    true = dac[driver, 0] + (1 + dac[driver, 1]) * asked
    lines = adc[:, 0] + (1 + adc[:, 1]) * true[:, None] + NOISE * generator.normal(size=(len(true), LINES))
    sources = true + NOISE * generator.normal(size=len(true))
    meter = true + METER * generator.normal(size=len(true)) if metered else np.full(len(true), np.nan)
    return Potentials(driver, asked, lines, sources, meter), adc, dac


def test_intervals_referred_to_an_instrument_hold_as_often_as_they_say() -> None:
    generator = np.random.default_rng(1)
    off: list[FloatArray] = []
    for _ in range(BOARDS):
        found, adc, dac = board(generator, metered=True)
        fits = fit_converters(found, rounding=0.0)
        assert fits.absolute
        for fit, truth in ((fits.lines, adc), (fits.levels, dac)):
            doubts = np.sqrt(np.diagonal(fit.covariances, axis1=1, axis2=2))
            off.append((np.column_stack([fit.offset, fit.gain]) - truth) / doubts)
    inside = (np.abs(np.array(off)) < 1.96).reshape(BOARDS, 2, LINES, 2).mean(axis=(0, 2))
    assert np.all(np.abs(inside - 0.95) < 3 * np.sqrt(0.95 * 0.05 / BOARDS / LINES) + 0.01)


def test_without_an_instrument_the_lines_agree_with_their_mean() -> None:
    found, adc, dac = board(np.random.default_rng(2), metered=False)
    fits = fit_converters(found, rounding=0.0)
    assert not fits.absolute
    assert abs(fits.lines.gain.mean()) < 1e-4
    np.testing.assert_allclose(fits.lines.gain - adc[:, 1] + adc[:, 1].mean(), 0, atol=3e-4)
    back = fits.levels.offset - dac[:, 0] * (1 + adc[:, 1].mean()) - adc[:, 0].mean()
    assert np.abs(back).max() < 5 * NOISE
    assert fits.noise == pytest.approx(NOISE, rel=0.1)


def test_a_line_that_an_instrument_has_is_left_out() -> None:
    found, _, _ = board(np.random.default_rng(3), metered=True)
    found.lines[:, 0] = np.nan
    fits = fit_converters(found, rounding=0.0)
    assert np.isnan(fits.lines.offset[0])
    assert np.isfinite(fits.lines.offset[1:]).all()


def test_readings_are_no_more_certain_than_a_step_of_the_converter() -> None:
    found, _, _ = board(np.random.default_rng(4), metered=False)
    assert fit_converters(found, rounding=1e-2).noise == pytest.approx(1e-2 / np.sqrt(12))
