"""Boards are drawn as far from their calibration as that says, and no farther."""

import numpy as np
import pytest

from labrig.config.calibration import (
    BranchCalibration,
    ConverterCalibration,
    DriveCalibration,
    DrivesCalibration,
    WipersCalibration,
)
from labrig.devices.curves import uncertainties_at
from labrig.sim.doubts import Doubts, common_errors, converter, curve_errors
from labrig.sim.drives import drive_errors, measured_drives

CODES, MEASURED, DOUBTS = np.arange(257), (0, 1, 64, 128, 256), (2.0, 2.0, 5.0, 8.0, 20.0)
DRAWS = 4000


def wipers(uncertainties: tuple[float, ...]) -> WipersCalibration:
    branch = BranchCalibration(
        verdict="sound",
        wiper=75.0,
        end_to_end=1e5,
        covariance=(1.0, 0.0, 1.0),
        residuals=(0.0,) * 5,
        uncertainties=uncertainties,
    )
    return WipersCalibration(codes=MEASURED, steps=256, mismatch=0.03, branches={"in0-out0": branch})


def test_curves_are_off_by_their_uncertainty_at_every_code() -> None:
    """Standard deviations of 4000 draws are themselves known to 1.1 %."""
    found = wipers(DOUBTS)
    drawn = np.random.default_rng(1)
    errors = np.array(
        [curve_errors(found, found.branches["in0-out0"], 0.0, CODES, drawn) for _ in range(DRAWS)]
    )
    said = uncertainties_at(CODES, np.array(MEASURED), np.array(DOUBTS), 1e5 / 256, 0.03)
    assert errors.std(axis=0) == pytest.approx(said, rel=5 / np.sqrt(2 * DRAWS))
    assert np.abs(errors.mean(axis=0) / said).max() < 5 / np.sqrt(DRAWS)


def test_what_is_common_to_an_output_is_drawn_once_and_left_out_of_its_branches() -> None:
    scale = 1e-3
    found = wipers((60.0,) * 5).model_copy(update={"scales": {"out0": scale, "out1": 2 * scale}})
    branch, drawn = found.branches["in0-out0"], np.random.default_rng(5)
    factors = np.array([[*common_errors(found, None, {}, drawn).values()] for _ in range(DRAWS)])
    assert factors.std(axis=0) == pytest.approx([scale, 2 * scale], rel=5 / np.sqrt(2 * DRAWS))
    assert abs(np.corrcoef(factors.T)[0, 1]) < 5 / np.sqrt(DRAWS)
    errors = np.array([curve_errors(found, branch, scale, CODES, drawn) for _ in range(DRAWS)])
    # 50 075 ohm at code 128, of which a thousandth is common.
    own = np.sqrt(60.0**2 - 50.075**2)
    assert errors[:, 128].std() == pytest.approx(own, rel=5 / np.sqrt(2 * DRAWS))
    # 100 075 ohm at code 256: all of the uncertainty is.
    assert not errors[:, 256].any()


def test_beyond_the_outermost_measured_code_a_curve_walks_away() -> None:
    found = wipers((*DOUBTS[:4], float("nan")))
    drawn = np.random.default_rng(2)
    ends = [curve_errors(found, found.branches["in0-out0"], 0.0, CODES, drawn)[256] for _ in range(DRAWS)]
    said = np.hypot(8.0, 0.03 * 1e5 / 256 * np.sqrt(128))
    assert np.std(ends) == pytest.approx(said, rel=5 / np.sqrt(2 * DRAWS))


def test_neighbouring_codes_are_off_alike() -> None:
    """Of two codes one apart the difference is that of one step."""
    found = wipers(DOUBTS)
    drawn = np.random.default_rng(3)
    errors = np.array(
        [curve_errors(found, found.branches["in0-out0"], 0.0, CODES, drawn) for _ in range(DRAWS)]
    )
    apart = (errors[:, 200] - errors[:, 199]).std()
    assert apart == pytest.approx(0.03 * 1e5 / 256, rel=0.05)


def test_converters_are_off_by_their_covariance() -> None:
    covariance = (4e-10, -1e-10, 9e-11)
    found = ConverterCalibration(offset=1e-3, gain=2e-3, covariance=covariance)
    drawn = np.random.default_rng(4)
    pairs = np.array([converter(found, drawn) for _ in range(DRAWS)])
    assert np.cov(pairs.T)[[0, 0, 1], [0, 1, 1]] == pytest.approx(covariance, rel=0.15)
    assert pairs.mean(axis=0) == pytest.approx([1e-3, 2e-3], rel=1e-3)


def test_every_draw_is_another_one_and_none_is_the_board_s_own_noise() -> None:
    seeds = {Doubts(5, number).noise_seed for number in range(30)}
    assert len(seeds) == 30
    assert 5 not in seeds
    assert Doubts(5, 0).generator(0) is None
    first, again = Doubts(5, 3).generator(0), Doubts(5, 3).generator(0)
    assert first is not None
    assert again is not None
    assert first.normal() == again.normal()


def test_an_output_s_branches_are_off_as_the_drive_resistor_is_that_they_were_read_over() -> None:
    """A factor of 5 in 1000 in all, of which 4 are the drive resistor's and 3 are left."""
    found = wipers(DOUBTS).model_copy(update={"scales": {"out0": 5e-3}})
    drives = DrivesCalibration(
        rests_on="stated resistances",
        standard=None,
        scale_uncertainty=None,
        lines={"out0": DriveCalibration(ohm=101.0, uncertainty=4e-3 * 101.0)},
    )
    drawn = np.random.default_rng(6)
    rows: list[tuple[float, float]] = []
    for _ in range(DRAWS):
        off = drive_errors(drives, drawn)
        ratio = float(measured_drives(drives, ("out0",), 100.0, off)[0])
        rows.append((ratio / 1.01 - 1, common_errors(found, drives, off, drawn)["out0"]))
    of_drive, of_branches = np.array(rows).T
    tolerance = 5 / np.sqrt(2 * DRAWS)
    assert of_drive.std() == pytest.approx(4e-3, rel=tolerance)
    assert of_branches.std() == pytest.approx(5e-3, rel=tolerance)
    assert (of_branches - of_drive).std() == pytest.approx(3e-3, rel=tolerance)
