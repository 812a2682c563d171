"""Drive resistors from Kirchhoff's law for a whole network: found, and as certain as is said."""

import numpy as np
import pytest

from labrig.arrays import FloatArray
from labrig.calibration.drives import TOLERANCE, DriveReadings, fit_drives

LINES, STATED, NOISE = 7, 100.0, 50e-6
BOARDS = 100
GAIN = 1e-4
"""By which the converters on both sides of a resistor differ, largest."""


def readings(
    generator: np.random.Generator,
    true: FloatArray,
    *,
    metered: bool,
    noise: float = NOISE,
    bare: int = -1,
    still_pairs: int = 24,
) -> DriveReadings:
    """A network of conductances between all lines, the first of which an instrument may hold itself.

    Solved by the nodal equations, each state read twice as if in mirror images: a half difference of four
    readings is as uncertain as one of them.
    """
    between = generator.uniform(2e-4, 6e-4, (LINES, LINES))
    between = np.triu(between, 1) + np.triu(between, 1).T
    between[bare] = between[:, bare] = 0.0 if bare >= 0 else between[bare]
    laplacian = np.diag(between.sum(axis=1)) - between
    through = 1 / true
    if metered:
        through = through.copy()
        through[0] = 1e9  # no resistor at all
    levels = generator.choice([-2.0, 2.0], (45, LINES))
    lines = np.asarray(
        np.linalg.solve(laplacian + np.diag(through), (levels * through).T).T, dtype=np.float64
    )
    drops: FloatArray = levels - lines
    still: FloatArray = generator.uniform(1.8, 2.0, (still_pairs, 1)) * np.ones(LINES)
    gains = generator.uniform(-GAIN, GAIN, LINES)
    kept = slice(1, None) if metered else slice(None)

    def read(volts: FloatArray) -> FloatArray:
        return np.asarray((volts + noise * generator.normal(size=volts.shape))[:, kept])

    return DriveReadings(
        volts=read(lines),
        drops=read(drops + gains * lines),
        still_volts=read(still),
        still_drops=read(gains * still),
        into=lines @ laplacian[0] + 1e-7 * generator.normal(size=len(lines)) if metered else None,
    )


def drawn(generator: np.random.Generator) -> FloatArray:
    return STATED * (1 + 0.01 * generator.uniform(-1, 1, LINES))


@pytest.mark.parametrize("metered", [True, False])
def test_readings_without_noise_give_the_resistors(metered: bool) -> None:
    generator = np.random.default_rng(1)
    true = drawn(generator)
    found = fit_drives(readings(generator, true, metered=metered, noise=0.0), STATED, 0.0)
    if metered:
        # What the instrument reads scatters by 0.1 µA of some milliamperes.
        np.testing.assert_allclose(found.resistances, true[1:], rtol=1e-4)
    else:
        np.testing.assert_allclose(found.resistances / found.resistances[0], true / true[0], rtol=1e-9)
        assert (STATED / found.resistances).mean() == pytest.approx(1.0)


@pytest.mark.parametrize("still_pairs", [24, 2])
@pytest.mark.parametrize("metered", [True, False])
def test_intervals_hold_what_is_true(metered: bool, still_pairs: int) -> None:
    """With two pairs it is the gains of the converters that tell how well a resistor is known."""
    generator = np.random.default_rng(2)
    off: list[FloatArray] = []
    for _ in range(BOARDS):
        true = drawn(generator)
        read = readings(generator, true, metered=metered, still_pairs=still_pairs)
        found = fit_drives(read, STATED, 0.0)
        exact = true[1:] if metered else true * (STATED / true).mean()
        off.append((found.resistances / exact - 1) / np.sqrt(np.diag(found.covariance)))
    # Each board is one trial for what its lines have in common: at least as many independent ones as boards.
    inside = (np.abs(np.array(off)) < 1.96).mean()
    assert abs(inside - 0.95) < 3 * np.sqrt(0.95 * 0.05 / BOARDS)
    assert np.array(off).std() == pytest.approx(1.0, abs=0.15)


def test_a_resistor_without_a_current_stays_uncertain_and_spoils_no_other() -> None:
    generator = np.random.default_rng(3)
    true, bare = drawn(generator), 4
    read = readings(generator, true, metered=True, bare=bare)
    found = fit_drives(read, STATED, 0.0)
    doubts = np.sqrt(np.diag(found.covariance))
    others = np.arange(LINES - 1) != bare - 1
    # Readings of nothing but noise say something of it still: it is known a little better than before.
    assert doubts[bare - 1] > max(TOLERANCE / 4, 10 * doubts[others].max())
    assert np.all(np.abs(found.resistances / true[1:] - 1) < 4 * doubts)


def test_resistors_are_no_better_known_than_the_steps_of_the_converter_allow() -> None:
    generator = np.random.default_rng(4)
    true = drawn(generator)
    read = readings(generator, true, metered=True, noise=0.0)
    fine, coarse = (fit_drives(read, STATED, step).covariance for step in (1e-6, 1e-3))
    assert np.all(np.diag(coarse) > 100 * np.diag(fine))
