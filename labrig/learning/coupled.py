"""Coupled learning: outputs free against outputs clamped part of the way to their targets."""

from collections.abc import Sequence
from dataclasses import dataclass

from labrig.arrays import BranchArray
from labrig.circuit.boundary import Boundary, TowardTarget
from labrig.circuit.network import NetworkStates
from labrig.circuit.topology import Topology
from labrig.learning.evidence import Evidence, power_difference, trusted
from labrig.learning.tasks import Batch


@dataclass(frozen=True, slots=True)
class Coupled:
    """``Δg = −(rate / 2η) [(v^C)² − (v^F)²]``, outputs clamped at x + η(y − x) by the board; rate in S/V².

    At η = 1 it is half of contrastive learning's update. As η → 0 it tends to −∇(½ eᵀSe) + ½w² with S the
    Schur complement of the Laplacian on the outputs and w the branch voltages when e is imposed there and the
    inputs are at 0. (Some programs write 1/η.)

    Stern, Hexner, Rocks, Liu, PRX 11, 021045 (2021), eqs. 2 and 5.
    """

    nudge: float
    """η, 0 < η ≤ 1."""

    def first(self, batch: Batch) -> Sequence[Boundary]:
        """Free state of each sample, and at once the clamped one that refers to it."""
        boundaries: list[Boundary] = []
        for sample in batch.samples:
            reference = len(boundaries)
            nudges = {n: TowardTarget(y, self.nudge, reference) for n, y in sample.targets.items()}
            boundaries += [sample.free, Boundary(sample.inputs, nudges=nudges)]
        return boundaries

    def then(self, batch: Batch, states: NetworkStates) -> None:
        """Nothing: the board finds the clamp by itself."""
        del batch, states

    def contrast(self, topology: Topology, evidence: Evidence) -> BranchArray:
        """[(v^F)² − (v^C)²] / 2η, shape (B,), V²."""
        return power_difference(topology, evidence) / (2 * self.nudge)


@dataclass(frozen=True, slots=True)
class CoupledByHost:
    """`Coupled` where the board cannot nudge: the host computes the clamps from the measured free state."""

    nudge: float
    """η, 0 < η ≤ 1."""

    def first(self, batch: Batch) -> Sequence[Boundary]:
        """Free state of each sample."""
        return [sample.free for sample in batch.samples]

    def then(self, batch: Batch, states: NetworkStates) -> Sequence[Boundary]:
        """Clamps at x + η(y − x); an output whose x is not known stays free."""
        known = trusted(states)
        boundaries: list[Boundary] = []
        for row, sample in enumerate(batch.samples):
            x = states.node_voltages[row]
            clamps = {
                n: float(x[n] + self.nudge * (y - x[n])) for n, y in sample.targets.items() if known[row, n]
            }
            boundaries.append(Boundary({**sample.inputs, **clamps}))
        return boundaries

    def contrast(self, topology: Topology, evidence: Evidence) -> BranchArray:
        """[(v^F)² − (v^C)²] / 2η, shape (B,), V²."""
        return power_difference(topology, evidence) / (2 * self.nudge)
