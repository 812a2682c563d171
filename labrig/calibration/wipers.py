"""From conductances of all branches at some codes to curves, residuals and verdicts."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, FloatArray, IntArray
from labrig.calibration.curves import CurveFits, fit_curves
from labrig.calibration.verdicts import Repeated, Sizes, judge
from labrig.config.calibration import BranchCalibration, Verdict, WipersCalibration

_MOVABLE = ("sound", "noisy", "non-monotone")


@dataclass(frozen=True, slots=True)
class Table:
    """K codes of B branches, each measured R times.

    Parameters
    ----------
    codes
        Shape (K,), ascending.
    conductances, variances
        Shape (R, K, B), S and S^2.
    """

    codes: IntArray
    conductances: FloatArray
    variances: FloatArray

    @classmethod
    def of(cls, codes: IntArray, conductances: FloatArray, variances: FloatArray) -> "Table":
        """Of S settings: codes (S,), the others (S, B); each code as often as any other."""
        each = np.unique(codes)
        rows = np.array([np.flatnonzero(codes == code) for code in each]).T
        return cls(each, conductances[rows], variances[rows])


def calibrate_wipers(table: Table, names: list[str], sizes: Sizes) -> WipersCalibration:
    """Curves of all branches; those that do not move keep what they have at every code.

    Resistances are means over the repeats, each as uncertain as the readings make it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # rows of NaN and conductances of 0 are an open branch's
        verdicts: list[Verdict] = [
            judge(Repeated(table.codes, table.conductances[:, :, k], table.variances[:, :, k]), sizes)
            for k in range(len(names))
        ]
        resistances = 1 / np.nanmean(table.conductances, axis=0).T
        variances = resistances**4 * np.nanmean(table.variances, axis=0).T / len(table.conductances)
    sound = np.array([verdict == "sound" for verdict in verdicts])
    fits = _fits(table.codes, resistances, variances, sound, sizes)
    return WipersCalibration(
        codes=tuple(table.codes.tolist()),
        steps=sizes.steps,
        mismatch=0.0 if fits is None else fits.mismatch,
        branches={
            name: _branch(k, table.codes, resistances[k], variances[k], verdicts[k], sound, fits, sizes)
            for k, name in enumerate(names)
        },
    )


def uncertain_together(found: WipersCalibration, relative: Mapping[str, float]) -> WipersCalibration:
    """The same with the uncertainty of a factor that all resistances of a branch have in common.

    Parameters
    ----------
    relative
        Standard uncertainty of that factor, by branch.
    """
    branches = {name: _together(branch, found, relative[name]) for name, branch in found.branches.items()}
    return found.model_copy(update={"branches": branches})


def _together(branch: BranchCalibration, found: WipersCalibration, relative: float) -> BranchCalibration:
    parameters = np.array([branch.wiper, branch.end_to_end])
    resistances = parameters @ [np.ones(len(found.codes)), np.array(found.codes) / found.steps]
    resistances = resistances + np.array(branch.residuals)
    both = np.outer(parameters, parameters)[[0, 0, 1], [0, 1, 1]]
    return branch.model_copy(
        update={
            "covariance": tuple((np.array(branch.covariance) + relative**2 * both).tolist()),
            "uncertainties": tuple(np.hypot(branch.uncertainties, relative * resistances).tolist()),
        }
    )


def _fits(
    codes: IntArray, resistances: FloatArray, variances: FloatArray, which: BoolArray, sizes: Sizes
) -> CurveFits | None:
    return fit_curves(codes, resistances[which], variances[which], sizes.steps) if which.any() else None


def _branch(
    k: int,
    codes: IntArray,
    resistances: FloatArray,
    variances: FloatArray,
    verdict: Verdict,
    sound: BoolArray,
    fits: CurveFits | None,
    sizes: Sizes,
) -> BranchCalibration:
    row = int(np.count_nonzero(sound[:k]))
    if verdict in _MOVABLE and not sound[k]:
        fits, row = fit_curves(codes, resistances[None], variances[None], sizes.steps), 0
    if verdict not in _MOVABLE or fits is None:
        usable = resistances[np.isfinite(resistances) & (resistances > 0)]
        middle = float(np.median(usable)) if usable.size and verdict != "open" else float("nan")
        parameters, covariance = np.nan_to_num([middle, 0.0]), np.full((2, 2), np.nan)
        residuals = resistances - middle
    else:
        parameters, covariance = fits.parameters[row], fits.covariances[row]
        residuals = fits.residuals[row]
    return BranchCalibration(
        verdict=verdict,
        wiper=float(parameters[0]),
        end_to_end=float(parameters[1]),
        covariance=tuple(covariance[[0, 0, 1], [0, 1, 1]].tolist()),
        residuals=tuple(residuals.tolist()),
        uncertainties=tuple(np.sqrt(variances).tolist()),
    )
