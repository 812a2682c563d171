"""Gauss-Newton on measured clamp currents, with the derivative that the latents' own model gives."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray
from labrig.circuit.boundary import Boundary
from labrig.circuit.solve import solve
from labrig.circuit.topology import Topology
from labrig.learning.bounds import Bounds
from labrig.learning.evidence import Evidence, States
from labrig.learning.steps import Forgetful

_RANK = 1e-10
_FURTHEST = 1.0
"""Largest change of ln g in one step."""


@dataclass(frozen=True, slots=True)
class GaussNewtonStep(Forgetful):
    """The shortest change of ln g by which, to first order, no clamp would carry a current.

    The current of the clamp at output o changes by v_k u_k with g_k: v the measured branch voltages of the
    clamped state, u those of the model when 1 V is imposed on o and all other driven nodes are at 0
    [derived]. Currents are measured, u follows from the latents alone: where branches are far from what they
    are told it is wrong, and so is the step. *Not proved* to converge; hidden nodes are allowed.
    """

    topology: Topology
    mask: BoolArray
    """True for branches that stay as they are, shape (B,)."""

    def wants(self) -> States:
        """Both states, and the currents of the clamps."""
        return States.BOTH_AND_CURRENTS

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """Proposal of one step on all usable samples; nothing moves where a current was not read."""
        del contrast
        slopes: list[FloatArray] = []
        currents: list[FloatArray] = []
        for row in np.flatnonzero(evidence.usable).tolist():
            nodes = evidence.batch.samples[row].target_nodes
            v = self.topology.branch_voltages(evidence.clamped.node_voltages[row])
            slopes.append(v * self._unit_voltages(latent, evidence, row))
            currents.append(evidence.clamped.clamp_currents[row, nodes])
        off = np.concatenate(currents) if currents else np.full(1, np.nan)
        if not np.isfinite(off).all():
            return latent
        step = shortest_step(np.vstack(slopes) * latent, -off, latent, bounds, ~self.mask)
        return np.asarray(latent * np.exp(np.clip(step, -_FURTHEST, _FURTHEST)))

    def _unit_voltages(self, latent: BranchArray, evidence: Evidence, row: int) -> FloatArray:
        """Branch voltages for 1 V on each targeted output in turn, (T, B)."""
        sample = evidence.batch.samples[row]
        nothing = dict.fromkeys([*sample.inputs, *sample.targets], 0.0)
        units = [Boundary({**nothing, node: 1.0}) for node in sample.targets]
        return self.topology.branch_voltages(solve(self.topology, latent, units).node_voltages)


def shortest_step(
    slopes: FloatArray, off: FloatArray, g: BranchArray, bounds: Bounds, free: BoolArray
) -> FloatArray:
    """The shortest step that comes nearest to slopes · step = off, not into a wall of the box.

    Parameters
    ----------
    slopes
        Derivatives by ln g, (M, B).
    off
        What shall be gained, (M,).
    g
        Where the step begins, (B,), S.
    free
        Branches that may move, (B,).
    """
    moves = free.copy()
    while True:
        step = np.zeros(len(g))
        step[moves] = np.linalg.lstsq(slopes[:, moves], off, rcond=_RANK)[0]
        blocked = moves & (((g <= bounds.floor) & (step < 0)) | ((g >= bounds.ceiling) & (step > 0)))
        if not blocked.any():
            return step
        moves &= ~blocked
