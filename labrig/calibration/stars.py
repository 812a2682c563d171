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
        What `into` is per volt between driver and node, shape (M,), S; 0 where that is released.
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
    of it: (Σ g + t)² + Σ g² + t² for the node, its neighbours and its driver, t siemens away. A constant
    current is an unknown as well, and another where the node is held: converters may be off each other.
    """
    drops, into = readings.drops, readings.into
    held = readings.through > 0
    guess = np.abs(into[held] / drops[held].sum(axis=1)).mean() if held.any() else 1.0
    constants = np.column_stack([np.ones(len(into)), held]).astype(np.float64)
    design = np.hstack([drops, constants if held.any() else constants[:, :1]])
    count = drops.shape[1]
    found = np.full(count, guess)
    solution, weights = found, np.ones(len(into))
    for _ in range(_ROUNDS):
        at_node = found.sum() + readings.through
        weights = 1 / np.sqrt(at_node**2 + (found**2).sum() + readings.through**2)
        solution = np.asarray(
            np.linalg.lstsq(design * weights[:, None], into * weights, rcond=None)[0], dtype=np.float64
        )
        found = solution[:count]
    scaled = design * weights[:, None]
    residuals = scaled @ solution - into * weights
    covariance = np.asarray(np.linalg.pinv(scaled.T @ scaled, hermitian=True), dtype=np.float64)
    left = len(into) - design.shape[1]
    return StarFit(found, covariance[:count, :count], float(residuals @ residuals), left)


def pooled_variance(excess: float, left: int, rounding: Volts) -> float:
    """Variance of a reading from what the fits left over, V²; no less than the steps of its converter give.

    Parameters
    ----------
    rounding
        One step of the converter, V.
    """
    least = rounding**2 / 12
    return max(excess / left, least) if left > 0 else least
