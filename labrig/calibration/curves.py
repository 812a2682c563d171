"""Wiper resistance and end-to-end resistance of potentiometers from their resistances at some codes."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import FloatArray, IntArray

_MOST_MISMATCH = 0.5
"""Standard deviation of a step over its mean that is looked for at most."""
_UNMEASURED = 1e9
"""Uncertainty that is given to a resistance that was not measured, over R_AB: it then weighs nothing."""


@dataclass(frozen=True, slots=True)
class CurveFits:
    """R = R_W + R_AB code / steps + residual, of B branches at K codes.

    Parameters
    ----------
    parameters
        R_W and R_AB, shape (B, 2), ohm.
    covariances
        Of the two, shape (B, 2, 2), ohm^2.
    residuals
        What each resistance differs from the straight line, shape (B, K), ohm; NaN where it was not measured.
    mismatch
        Standard deviation of one step of the strings over a mean step: what the residuals add up from.
    """

    parameters: FloatArray
    covariances: FloatArray
    residuals: FloatArray
    mismatch: float


def fit_curves(codes: IntArray, resistances: FloatArray, variances: FloatArray, steps: int) -> CurveFits:
    """Generalised least squares, branch by branch.

    The steps of a resistor string are matched, but not alike: with independent steps of relative standard
    deviation s, and R_AB as what all of them add up to, the deviations from the straight line are a Brownian
    bridge over the codes, whose covariance is (R_AB / steps)² s² min(c, c') (1 - max(c, c') / steps). It is
    the same s for all strings of a board, found by restricted maximum likelihood over all of them (Patterson
    and Thompson, Biometrika 58 (1971) 545), and goes into the intervals of R_W and R_AB.

    Parameters
    ----------
    codes
        Shape (K,), ascending.
    resistances, variances
        Shape (B, K), ohm and ohm^2; NaN where there is no measurement. At least three are needed a branch.
    steps
        Code steps over R_AB.
    """
    from scipy.optimize import minimize_scalar

    design = np.column_stack([np.ones(len(codes)), codes / steps])
    bridge = np.minimum.outer(codes, codes) * (1 - np.maximum.outer(codes, codes) / steps)
    measured = np.isfinite(resistances)
    values = np.where(measured, resistances, 0.0)
    rough = np.nanmax(resistances, axis=1)
    errors = np.where(measured, variances, (_UNMEASURED * rough[:, None]) ** 2)
    slopes = _solve(design, errors[:, :, None] * np.eye(len(codes)), values)[0][:, 1]
    structure = ((slopes / steps) ** 2)[:, None, None] * bridge

    def solved(mismatch: float) -> tuple[FloatArray, FloatArray, float]:
        return _solve(design, mismatch**2 * structure + errors[:, :, None] * np.eye(len(codes)), values)

    def doubt(mismatch: float) -> float:
        return solved(mismatch)[2]

    best = minimize_scalar(doubt, bounds=(0.0, _MOST_MISMATCH), method="bounded", options={"xatol": 1e-5})
    mismatch = float(best.x) if doubt(float(best.x)) < doubt(0.0) else 0.0
    parameters, covariances, _ = solved(mismatch)
    return CurveFits(parameters, covariances, resistances - parameters @ design.T, mismatch)


def _solve(
    design: FloatArray, covariances: FloatArray, values: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Estimates, their covariances and minus twice the restricted log-likelihood but for a constant.

    Design (K, 2), covariances (B, K, K), values (B, K).
    """
    lower = np.linalg.cholesky(covariances)
    stacked = np.concatenate(
        [np.broadcast_to(design, (len(values), *design.shape)), values[:, :, None]], axis=2
    )
    white = np.linalg.solve(lower, stacked)
    of_design, of_values = white[:, :, :2], white[:, :, 2:]
    inner = of_design.transpose(0, 2, 1) @ of_design
    inverse = np.linalg.inv(inner)
    estimates = inverse @ (of_design.transpose(0, 2, 1) @ of_values)
    left = of_values - of_design @ estimates
    logs = 2 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum() + np.linalg.slogdet(inner)[1].sum()
    return estimates[:, :, 0], np.asarray(inverse, dtype=np.float64), float(logs + (left**2).sum())
