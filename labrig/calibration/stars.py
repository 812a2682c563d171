"""The conductances at one node from Kirchhoff's current law, in states whose readings are known."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import FloatArray, Volts

_ROUNDS = 3
"""Of weighing the states by the conductances found, on which the weights hardly depend."""


@dataclass(frozen=True, slots=True)
class StarReadings:
    """M states around one node, by branches to n others that are driven.

    Parameters
    ----------
    drops
        Node minus far end of each branch, shape (M, n), V.
    into
        Current into the node from its driver, shape (M,), A; 0 where that is released.
    through
        Uncertainty of `into` for readings that are uncertain by 1 V, shape (M,), S; 0 where it is released.
    """

    drops: FloatArray
    into: FloatArray
    through: FloatArray


@dataclass(frozen=True, slots=True)
class StarFit:
    """Conductances of the branches at a node.

    Parameters
    ----------
    conductances
        Shape (n,), S.
    covariance
        For readings that are uncertain by 1 V, shape (n, n), S^2/V^2.
    excess
        Sum of the squared weighted residuals, V^2: over `left` it is the variance of a reading.
    left
        Degrees of freedom.
    """

    conductances: FloatArray
    covariance: FloatArray
    excess: float
    left: int


def fit_star(readings: StarReadings) -> StarFit:
    """Weighted least squares of Σ g_b (v - v_b) = I over the states.

    The law is linear in g; the readings of both ends of a branch are uncertain, by what the conductances make
    of it: (Σ g)² + Σ g² for the node and its neighbours, and the current beside it.
    """
    drops, into = readings.drops, readings.into
    driven = readings.through > 0
    guess = np.abs(into[driven] / drops[driven].sum(axis=1)).mean() if driven.any() else 1.0
    found = np.full(drops.shape[1], guess)
    weights = np.ones(len(into))
    for _ in range(_ROUNDS):
        weights = 1 / np.sqrt(found.sum() ** 2 + (found**2).sum() + readings.through**2)
        found = np.asarray(
            np.linalg.lstsq(drops * weights[:, None], into * weights, rcond=None)[0], dtype=np.float64
        )
    scaled = drops * weights[:, None]
    residuals = scaled @ found - into * weights
    left = len(into) - len(found)
    covariance = np.asarray(np.linalg.pinv(scaled.T @ scaled, hermitian=True), dtype=np.float64)
    return StarFit(found, covariance, float(residuals @ residuals), left)


def pooled_variance(excess: float, left: int, rounding: Volts) -> float:
    """Variance of a reading from what the fits left over, V²; no less than the steps of its converter give.

    Parameters
    ----------
    rounding
        One step of the converter, V.
    """
    least = rounding**2 / 12
    return max(excess / left, least) if left > 0 else least
