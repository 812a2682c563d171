"""Verdicts on branches at the sizes that the table of verdicts states."""

import numpy as np
import pytest

from labrig.arrays import FloatArray
from labrig.calibration.verdicts import NOISE, OPEN, SHORT, Repeated, Sizes, judge

SIZES = Sizes(wiper=75.0, end_to_end=1e5, steps=256)
CODES = np.array([0, 1, 2, 3, 4, 6, 9, 13, 19, 28, 42, 63, 94, 126, 158, 190, 222, 254, 256])
LAW: FloatArray = SIZES.wiper + SIZES.tap * CODES.astype(np.float64)


def resistance(wipers: float) -> FloatArray:
    """The same at every code."""
    found: FloatArray = np.full(len(CODES), wipers * SIZES.wiper)
    return found


def of(resistances: FloatArray, relative: float = 1e-4, spread: float = 0.0, repeats: int = 4) -> str:
    generator = np.random.default_rng(7)
    exact = 1 / np.broadcast_to(resistances, (repeats, len(CODES)))
    noisy = exact * np.exp(spread * generator.normal(size=exact.shape))
    read = noisy * (1 + relative * generator.normal(size=exact.shape))
    return judge(Repeated(CODES, read, (relative * exact) ** 2), SIZES)


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.2])
@pytest.mark.parametrize("relative", [1e-5, 1e-3, 1e-2])
def test_a_branch_within_its_tolerance_is_sound(factor: float, relative: float) -> None:
    assert of(SIZES.wiper + factor * (LAW - SIZES.wiper), relative) == "sound"


def test_open_is_below_a_hundredth_of_what_is_expected() -> None:
    assert of(LAW / (OPEN / 2)) == "open"
    assert of(LAW * 1.2 / (OPEN * 3)) != "open"


def test_short_is_below_three_wiper_resistances_at_every_code() -> None:
    assert of(resistance(SHORT - 0.5)) == "short"
    assert of(resistance(SHORT + 1)) == "stuck"


@pytest.mark.parametrize("code", [3, 60, 128, 256])
def test_stuck_moves_less_than_a_tap_over_all_codes(code: int) -> None:
    held = resistance(1 + SIZES.tap * code / SIZES.wiper)
    assert of(held) == "stuck"
    assert of(held + 0.8 * SIZES.tap * (CODES > 100)) == "stuck"
    assert of(held + 3 * SIZES.tap * (CODES > 100)) == "sound"


@pytest.mark.parametrize("bit", [2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("value", [0, 1])
def test_a_bit_that_has_no_effect_makes_a_branch_not_monotone(bit: int, value: int) -> None:
    taken = CODES | (1 << bit) if value else CODES & ~(1 << bit)
    assert of(SIZES.wiper + SIZES.tap * np.minimum(taken, 256)) == "non-monotone"


def test_noisy_is_beyond_a_hundredth_from_exchange_to_exchange() -> None:
    assert of(LAW, spread=2 * NOISE) == "noisy"
    assert of(LAW, spread=NOISE / 3) in {"sound", "non-monotone"}


def test_what_was_never_measured_is_open() -> None:
    nothing = np.full((2, len(CODES)), np.nan)
    assert judge(Repeated(CODES, nothing, nothing), SIZES) == "open"
