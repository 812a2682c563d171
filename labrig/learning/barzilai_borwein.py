"""Steps whose length is told by how the last one changed the contrast."""

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray
from labrig.learning.bounds import Bounds
from labrig.learning.evidence import Evidence, States
from labrig.learning.steps import PolicyState, remembered, remind

_REMEMBERED = ("_rate", "_latent", "_contrast")


class BarzilaiBorweinStep:
    """``Δg = γ d`` with γ = ‖s‖² / s·(d_before − d), s the last change of g: the long step.

    d is the rule's contrast but for what a bound blocks. γ is the inverse of the curvature along the last
    step; where that was not positive, γ stays. The rate of the first step is given. *Not proved* on a box;
    the short step, s·Δd/‖Δd‖², was found to fail on targets near the ends of what can be reached.

    J. Barzilai, J. M. Borwein, IMA J. Numer. Anal. 8, 141 (1988), eq. 5.

    Parameters
    ----------
    rate
        γ of the first step, in the rule's unit.
    columns
        Number of outputs of a crossbar, each of which takes steps of its own; 1: the whole network.
    mask
        True for branches that stay as they are, shape (B,).
    """

    def __init__(self, rate: float, columns: int, mask: BoolArray) -> None:
        self._mask = mask
        self._rate: FloatArray = np.full(columns, rate)
        self._latent: FloatArray = np.full(mask.shape, np.nan)
        self._contrast: FloatArray = np.full(mask.shape, np.nan)

    def wants(self) -> States:
        """Both states."""
        return States.BOTH

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """Proposal of one step; nothing moves where no sample was usable."""
        if not evidence.usable.any():
            return latent
        blocked = self._mask | ((latent <= bounds.floor) & (contrast < 0))
        blocked |= (latent >= bounds.ceiling) & (contrast > 0)
        direction = np.where(blocked, 0.0, contrast)
        change, bend = latent - self._latent, self._contrast - contrast
        moved = np.isfinite(change) & ~blocked
        square = self._sums(np.where(moved, change**2, 0.0))
        curvature = self._sums(np.where(moved, change * bend, 0.0))
        told = (square > 0) & (curvature > 0)
        self._rate = np.where(told, square / np.where(told, curvature, 1.0), self._rate)
        self._latent, self._contrast = latent.copy(), contrast.copy()
        return np.asarray(latent + (direction.reshape(-1, len(self._rate)) * self._rate).ravel())

    def state(self) -> PolicyState:
        """What `restore` goes on with."""
        return remembered(self, _REMEMBERED)

    def restore(self, state: PolicyState) -> None:
        """Go on where `state` was taken."""
        if state:
            remind(self, _REMEMBERED, state)

    def _sums(self, values: FloatArray) -> FloatArray:
        total: FloatArray = values.reshape(-1, len(self._rate)).sum(axis=0)
        return total
