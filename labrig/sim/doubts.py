"""What a calibration leaves open, drawn: boards that it cannot tell from the one that it is of."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import FloatArray, IntArray, Ohms
from labrig.config.calibration import BranchCalibration, ConverterCalibration, WipersCalibration

_TWIN = 20
"""Place of a twin's draws among the random streams of a seed."""


@dataclass(frozen=True, slots=True)
class Doubts:
    """One draw of the parts of a board.

    Errors of the branches at one output are drawn independently: a calibration does not keep what they have
    in common, by which all of them conduct more or less and the outputs stay.

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


def curve_errors(
    found: WipersCalibration, branch: BranchCalibration, codes: IntArray, drawn: np.random.Generator
) -> FloatArray:
    """By which a branch may be off its calibrated curve at each code, shape (C,), ohm.

    At the measured codes by their standard uncertainties; between them, as `uncertainties_at` has it, by a
    Brownian bridge of the mismatch of the steps, and beyond the outermost by a walk.

    Parameters
    ----------
    codes
        From 0 on, shape (C,).
    """
    doubts = np.array(branch.uncertainties)
    known = np.isfinite(doubts)
    knots = np.array(found.codes)[known]
    measured = doubts[known] * drawn.normal(size=len(knots))
    step = branch.end_to_end / found.steps
    walk = np.cumsum(found.mismatch * step * drawn.normal(size=len(codes)))
    return np.asarray(walk + np.interp(codes, knots, measured - walk[knots]), dtype=np.float64)


def level_error(branch: BranchCalibration, drawn: np.random.Generator) -> Ohms:
    """By which a branch that does not move may be off what was found of it, ohm."""
    doubts = np.array(branch.uncertainties)
    return float(np.nanmedian(doubts) * drawn.normal()) if np.isfinite(doubts).any() else 0.0


def converter(found: ConverterCalibration, drawn: np.random.Generator) -> tuple[float, float]:
    """Offset, V, and gain that a converter may have."""
    variance, both, of_gain = found.covariance
    offset, gain = drawn.multivariate_normal(
        [found.offset, found.gain], [[variance, both], [both, of_gain]], method="cholesky"
    )
    return float(offset), float(gain)
