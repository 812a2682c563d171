"""What a calibration leaves open, drawn: boards that it cannot tell from the one that it is of."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from labrig.arrays import FloatArray, IntArray, Ohms
from labrig.config.calibration import (
    BranchCalibration,
    ConverterCalibration,
    DrivesCalibration,
    WipersCalibration,
)

_TWIN = 20
"""Place of a twin's draws among the random streams of a seed."""


@dataclass(frozen=True, slots=True)
class Doubts:
    """One draw of the parts of a board.

    Parameters
    ----------
    seed
        Of the board's model.
    number
        Of the draw; 0: nothing is drawn, and the board is as it was measured.
    """

    seed: int
    number: int

    @property
    def noise_seed(self) -> int:
        """Of what is read; another one than that of the model, which may be that of the board itself."""
        return int(np.random.SeedSequence(self.seed, spawn_key=(_TWIN, self.number)).generate_state(1)[0])

    def generator(self, place: int) -> np.random.Generator | None:
        """Of one part; None where nothing is drawn."""
        if self.number == 0:
            return None
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(_TWIN, self.number, place)))


def common_errors(
    found: WipersCalibration,
    drives: DrivesCalibration | None,
    of_drives: Mapping[str, float],
    drawn: np.random.Generator,
) -> dict[str, float]:
    """By which all resistances at an output may be off together, relative; the outputs stay for all that.

    They were read over the output's drive resistor, and are off by as much as that is; what is left of their
    common uncertainty is drawn here.

    Parameters
    ----------
    drives, of_drives
        Drive resistors as calibrated, and by which each is off, relative.
    """
    errors: dict[str, float] = {}
    for output, scale in found.scales.items():
        drive = None if drives is None else drives.lines.get(output)
        own = 0.0 if drive is None else drive.uncertainty / drive.ohm
        left = sqrt(max(scale**2 - own**2, 0.0))
        errors[output] = left * float(drawn.normal()) + of_drives.get(output, 0.0)
    return errors


def curve_errors(
    found: WipersCalibration,
    branch: BranchCalibration,
    scale: float,
    codes: IntArray,
    drawn: np.random.Generator,
) -> FloatArray:
    """By which a branch may be off its calibrated curve by itself at each code, shape (C,), ohm.

    At the measured codes by their standard uncertainties; between them, as `uncertainties_at` has it, by a
    Brownian bridge of the mismatch of the steps, and beyond the outermost by a walk.

    Parameters
    ----------
    scale
        Relative standard uncertainty that the branch has in common with others, and that is left out.
    codes
        From 0 on, shape (C,).
    """
    doubts = _own(found, branch, scale)
    known = np.isfinite(doubts)
    knots = np.array(found.codes)[known]
    measured = doubts[known] * drawn.normal(size=len(knots))
    step = branch.end_to_end / found.steps
    walk = np.cumsum(found.mismatch * step * drawn.normal(size=len(codes)))
    return np.asarray(walk + np.interp(codes, knots, measured - walk[knots]), dtype=np.float64)


def level_error(
    found: WipersCalibration, branch: BranchCalibration, scale: float, drawn: np.random.Generator
) -> Ohms:
    """By which a branch that does not move may be off what was found of it by itself, ohm."""
    doubts = _own(found, branch, scale)
    return float(np.nanmedian(doubts) * drawn.normal()) if np.isfinite(doubts).any() else 0.0


def _own(found: WipersCalibration, branch: BranchCalibration, scale: float) -> FloatArray:
    """Standard uncertainties without what is common, at the measured codes, ohm."""
    straight = branch.wiper + branch.end_to_end * np.array(found.codes) / found.steps
    common = scale * (straight + np.array(branch.residuals))
    own: FloatArray = np.sqrt(np.maximum(np.array(branch.uncertainties) ** 2 - common**2, 0.0))
    return own


def converter(found: ConverterCalibration, drawn: np.random.Generator) -> tuple[float, float]:
    """Offset, V, and gain that a converter may have."""
    variance, both, of_gain = found.covariance
    offset, gain = drawn.multivariate_normal(
        [found.offset, found.gain], [[variance, both], [both, of_gain]], method="cholesky"
    )
    return float(offset), float(gain)
