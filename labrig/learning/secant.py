"""One number an output of a crossbar, found by the secant of what was measured; free states only."""

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray
from labrig.learning.bounds import Bounds
from labrig.learning.evidence import Evidence, States
from labrig.learning.line_search import readings
from labrig.learning.steps import PolicyState, remembered, remind
from labrig.learning.tasks import Sample

_REMEMBERED = ("_way", "_slope", "_error")
_FURTHEST = 10.0
"""Times the last change of λ, at most."""


class SecantStep:
    """``Δg_ij = −Δλ_j (p_i − y_j)``, Δλ_j = e_j / k_j with k_j = Δe/Δλ of the last two readings.

    The first step has Δλ = rate · e. Where k is not positive, the last one stays. *Not proved*: the error
    falls along λ, so a root is met where there is one, but the secant alone may overshoot, and nothing here
    brackets it (`LineSearch` does).

    Parameters
    ----------
    sample
        The only one, on a crossbar.
    rate
        Of the first step, S/V².
    """

    def __init__(
        self, sample: Sample, inputs: tuple[int, ...], outputs: tuple[int, ...], rate: float, mask: BoolArray
    ) -> None:
        self._outputs = list(outputs)
        self._mask = mask
        self._y = np.array([sample.targets.get(node, np.nan) for node in outputs])
        self._pull = np.array([sample.inputs[node] for node in inputs])[:, None] - self._y
        columns = len(outputs)
        self._way: FloatArray = np.full(columns, np.nan)
        """Last change of λ."""
        self._slope: FloatArray = np.full(columns, 1 / rate)
        self._error: FloatArray = np.full(columns, np.nan)

    def wants(self) -> States:
        """Free states alone."""
        return States.FREE

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """Proposal of one secant step an output; outputs without a target or a reading stay."""
        del contrast, bounds
        error = readings(evidence, self._outputs) - self._y
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (self._error - error) / self._way
        told = np.isfinite(slope) & (slope > 0)
        self._slope = np.where(told, slope, self._slope)
        way = error / self._slope
        limit = _FURTHEST * np.abs(self._way)
        way = np.where(limit > 0, np.clip(way, -limit, limit), way)
        known = np.isfinite(error)
        self._error = np.where(known, error, self._error)
        self._way = np.where(known, way, self._way)
        change = np.where(known, -way * self._pull, 0.0)
        return np.where(self._mask, latent, latent + change.ravel())

    def state(self) -> PolicyState:
        """What `restore` goes on with."""
        return remembered(self, _REMEMBERED)

    def restore(self, state: PolicyState) -> None:
        """Go on where `state` was taken."""
        if state:
            remind(self, _REMEMBERED, state)
