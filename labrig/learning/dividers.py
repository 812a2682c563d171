"""Learning where two branches share a code: along the curve on which both conductances move.

A rule's contrast is a derivative by conductances. That by the code of a divider is the sum over both
branches, dQ/dc = Σ (∂Q/∂g_k) (dg_k/dc). What is followed here is the same derivative by the length of the
curve of (g_WA, g_WB), which is the component of the contrast along it. So a rate has the unit that it has
everywhere, and a step is as long near the ends, where a code moves conductances much, as in the middle. On
the curve Q need not be convex: what is proved of boxes is not proved here.
"""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, FloatArray
from labrig.devices.dividers import DividerLaw, potentiometers
from labrig.learning.bounds import Bounds


@dataclass(frozen=True, slots=True)
class DividerBounds(Bounds):
    """The part of the box that dividers can come to; ε holds for both branches of each.

    Parameters
    ----------
    law
        Of the codes that may be written: `floor` and `ceiling` are its own.
    """

    law: DividerLaw

    def project(self, conductances: BranchArray) -> BranchArray:
        """Into the box branch by branch, and then onto the curve, where both are in the same ratio."""
        return self.law.at(self.law.shares(Bounds.project(self, conductances)))

    def along(self, conductances: BranchArray, directions: FloatArray) -> FloatArray:
        """Component along the curve, at conductances on it, (B,) S, of directions, (…, B)."""
        slopes = self.law.slopes(self.law.shares(conductances))
        tangent = slopes / np.hypot(slopes, slopes[self.law.partner])
        moved = tangent * directions
        return np.asarray(tangent * (moved + moved[..., self.law.partner]))


@dataclass(frozen=True, slots=True)
class DividerWays:
    """The shares s of P potentiometers, by which a search finds its way.

    Parameters
    ----------
    lowest, highest
        Shape (P,).
    """

    law: DividerLaw
    lowest: FloatArray
    highest: FloatArray

    @classmethod
    def within(cls, law: DividerLaw, floor: BranchArray, ceiling: BranchArray) -> "DividerWays":
        """Those with conductances in a box whose ends lie on the curve, (B,) S."""
        at_a = law.at_a
        lowest, highest = (
            law.shares(np.where(at_a, *ends))[at_a] for ends in ((floor, ceiling), (ceiling, floor))
        )
        return cls(law, lowest, highest)

    def conductances(self, parameters: FloatArray) -> BranchArray:
        """At these shares, (P,) to (B,) S."""
        return self.law.at(self._of_branches(parameters))

    def slopes(self, parameters: FloatArray, derivatives: FloatArray) -> FloatArray:
        """Derivatives by shares, (K, P), from those by conductances, (K, B): sums over both branches."""
        moved = derivatives * self.law.slopes(self._of_branches(parameters))
        return np.asarray(moved[:, self.law.at_a] + moved[:, ~self.law.at_a])

    def _of_branches(self, parameters: FloatArray) -> FloatArray:
        return np.asarray(parameters[potentiometers(len(self.law.wiper), self.law.columns)])
