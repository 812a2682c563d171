"""Steps whose length is measured: as far as the error and the clamp currents say that the solutions are."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray
from labrig.circuit.topology import Topology
from labrig.learning.bounds import Bounds
from labrig.learning.evidence import Evidence, States
from labrig.learning.steps import Forgetful


@dataclass(frozen=True, slots=True)
class PolyakStep(Forgetful):
    """``g ← P(g + c (Q / ‖d‖²) d)``, d = v² − (v^D)² of contrastive learning but for what a bound blocks.

    Q = Σ (y − x) · j with j the currents that the clamps supply: both are measured, and no conductance needs
    to be known. *Proved* for one sample, no hidden nodes, exact readings, 0 < c ≤ 2 and targets that some g*
    in the box gives: Q is convex, −d its gradient, and so ‖g − g*‖ never increases, for any such g*. On a
    crossbar it holds column by column. *Not proved* with hidden nodes, where Q need not be convex, and with
    several samples, whose mean Q need not come to zero.

    B. T. Polyak, *Minimization of unsmooth functionals*, USSR Comput. Math. Math. Phys. 9 (3), 14 (1969),
    with the least value of Q known to be 0.
    """

    topology: Topology
    relaxation: float
    """c."""
    per_output: bool
    """Each column of a crossbar takes a step of its own."""
    mask: BoolArray
    """True for branches that stay as they are, shape (B,)."""

    def wants(self) -> States:
        """Both states, and the currents of the clamps."""
        return States.BOTH_AND_CURRENTS

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """Proposal of one measured step; nothing moves where a current was not read."""
        at_floor, at_ceiling = latent <= bounds.floor, latent >= bounds.ceiling
        blocked = self.mask | (at_floor & (contrast < 0)) | (at_ceiling & (contrast > 0))
        direction = np.where(blocked, 0.0, contrast)
        power = clamp_power(self.topology, evidence)
        if self.per_output:
            columns = direction.reshape(-1, len(self.topology.outputs))
            return np.asarray(latent + (columns * self._length(power, columns)).ravel())
        return np.asarray(latent + direction * self._length(power.sum(), direction))

    def _length(self, power: FloatArray, direction: FloatArray) -> FloatArray:
        square = (direction**2).sum(axis=0)
        usable = np.isfinite(power) & (square > 0)
        return np.where(usable, self.relaxation * power / np.where(square > 0, square, 1.0), 0.0)


def clamp_power(topology: Topology, evidence: Evidence) -> FloatArray:
    """(y − x) · j of each output, mean over usable samples, shape (O,), W; zero where it has no target."""
    power = np.zeros(len(topology.outputs))
    place = {node: k for k, node in enumerate(topology.outputs)}
    rows = np.flatnonzero(evidence.usable).tolist()
    for row in rows:
        sample = evidence.batch.samples[row]
        nodes = sample.target_nodes
        error = evidence.free.node_voltages[row, nodes] - sample.target_volts
        columns = [place[node] for node in nodes.tolist()]
        power[columns] -= error * evidence.clamped.clamp_currents[row, nodes] / len(rows)
    return power
