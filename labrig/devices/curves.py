"""From a calibrated curve, measured at some codes, to every code of a branch."""

import numpy as np

from labrig.arrays import FloatArray, IntArray, Ohms


def resistances_at(
    codes: IntArray, measured: IntArray, parameters: tuple[Ohms, Ohms], residuals: FloatArray, steps: int
) -> FloatArray:
    """R_W + R_AB code / steps + residual at each code, shape (C,), ohm; residuals in straight lines between.

    Between two codes that were measured, the straight line is what is to be expected of a string of
    independent steps.

    Parameters
    ----------
    codes
        Shape (C,).
    measured, residuals
        Codes at which the residuals are known, ascending, and these, shape (K,), ohm; NaN is left out.
    parameters
        R_W and R_AB.
    """
    wiper, end_to_end = parameters
    known = np.isfinite(residuals)
    between = np.interp(codes, measured[known], residuals[known]) if known.any() else 0.0
    return np.asarray(wiper + end_to_end * codes / steps + between, dtype=np.float64)


def uncertainties_at(
    codes: IntArray, measured: IntArray, uncertainties: FloatArray, step: Ohms, mismatch: float
) -> FloatArray:
    """Standard uncertainty of `resistances_at`, shape (C,), ohm.

    Between two measured codes a and b it grows by what the steps between them may be off: a Brownian bridge
    of variance (c - a)(b - c) / (b - a) steps²; beyond the outermost one by that of a walk.

    Parameters
    ----------
    step
        Mean resistance of one step.
    mismatch
        Standard deviation of one step over the mean.
    """
    known = np.isfinite(uncertainties)
    knots, variances = measured[known], uncertainties[known] ** 2
    right = np.searchsorted(knots, codes).clip(0, len(knots) - 1)
    left = np.maximum(right - (knots[right] > codes), 0)
    first, last = knots[left], knots[right]
    away = np.where(
        first == last,
        np.abs(codes - first),
        (codes - first) * (last - codes) / np.maximum(last - first, 1),
    )
    share = np.where(first == last, 0.0, (codes - first) / np.maximum(last - first, 1))
    measured_variance = (1 - share) ** 2 * variances[left] + share**2 * variances[right]
    return np.asarray(np.sqrt(measured_variance + (mismatch * step) ** 2 * np.abs(away)), dtype=np.float64)
