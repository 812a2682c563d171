"""Conductances of the branches at a node, code by code, from fits under many programs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from labrig.arrays import BoolArray, FloatArray, IntArray

APART = -1
"""Place of a branch that is in no order with itself: it is not the same in two settings."""


@dataclass(frozen=True, slots=True)
class Node:
    """Branches at one node, in S settings.

    Parameters
    ----------
    name
        Of the node.
    branches
        Which of the board's they are, shape (n,).
    conductances
        Shape (S, n), S.
    covariances
        Of each setting's, shape (S, n, n), S^2.
    doubt
        Relative standard uncertainty that all of them have in common whatever the settings: of what their
        currents were read over.
    """

    name: str
    branches: IntArray
    conductances: FloatArray
    covariances: FloatArray
    doubt: float = 0.0

    def scaled(self, scale: float) -> "Node":
        """All conductances so many times as large."""
        return replace(self, conductances=scale * self.conductances, covariances=scale**2 * self.covariances)


@dataclass(frozen=True, slots=True)
class Tied:
    """What all settings tell of U conductances together.

    Parameters
    ----------
    conductances
        Shape (U,), S; NaN where no setting told.
    variances
        Shape (U,), S^2.
    scale
        Relative standard uncertainty that they have in common, as a part of `variances`.
    """

    conductances: FloatArray
    variances: FloatArray
    scale: float


def tie(node: Node, places: IntArray, count: int) -> Tied:
    """Generalised least squares over the settings, in each of which branches are read together.

    While a node is free, what is read is how its branches divide a voltage, to the noise of a reading over
    the volts that are applied; what they conduct in all is read as a current, over a drive resistor, with far
    fewer volts. So the errors of one setting are nearly one factor. Settings in which one branch is at one
    code and the next at another tie the codes to each other as well: what is left is one factor for all that
    was read at the node, and of each conductance a little of its own.

    That factor has the relative variance 1 / (gᵀ V⁻¹ g), with V the covariance of all conductances g. It is
    what a single factor would be known to if nothing else were unknown, and the largest that can be split off
    all of them: V - s² g gᵀ is positive semidefinite as long as s² is no larger (its Schur complement).

    Parameters
    ----------
    places
        Which of the U conductances each branch has in each setting, shape (S, n); `APART`: none of them.
    count
        U.
    """
    weights, pull = np.zeros((count, count)), np.zeros(count)
    for conductances, information, where in _told(node, places):
        weights[np.ix_(where, where)] += information
        pull[where] += information @ conductances
    known = np.diag(weights) > 0
    found, variances = np.full((2, count), np.nan)
    if not known.any():
        return Tied(found, variances, 0.0)
    told = weights[np.ix_(known, known)]
    covariance = np.linalg.inv(told)
    found[known], variances[known] = covariance @ pull[known], np.diag(covariance)
    together = float(found[known] @ told @ found[known])
    return Tied(found, variances, 1 / np.sqrt(together))


def _told(node: Node, places: IntArray) -> Iterator[tuple[FloatArray, FloatArray, IntArray]]:
    """Of each setting the conductances that are tied, the inverse of their covariance, and their places."""
    for conductances, covariance, where in zip(node.conductances, node.covariances, places, strict=True):
        taken: BoolArray = (where != APART) & np.isfinite(conductances)
        if taken.any():
            told = covariance[np.ix_(taken, taken)]
            information: FloatArray = np.asarray(np.linalg.pinv(told, hermitian=True), dtype=np.float64)
            yield conductances[taken], information, where[taken]
