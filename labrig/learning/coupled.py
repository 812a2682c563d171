"""Coupled learning: outputs free against outputs clamped part of the way to their targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labrig.arrays import BranchArray, Volts
from labrig.circuit.boundary import Boundary, TowardTarget
from labrig.circuit.network import NetworkStates
from labrig.circuit.topology import Topology
from labrig.learning.evidence import Evidence, known_outputs, power_difference, trusted
from labrig.learning.rule import TWO_STATES
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

    phases: ClassVar[tuple[str, ...]] = TWO_STATES
    needs_currents: ClassVar[bool] = False

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
    """η; above 1 the clamps are beyond the targets."""

    phases: ClassVar[tuple[str, ...]] = TWO_STATES
    needs_currents: ClassVar[bool] = False

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


@dataclass(frozen=True, slots=True)
class OverClamped:
    """`CoupledByHost` whose η grows as the error shrinks, so that the largest nudge keeps its size.

    η' = max(η, amplitude / max|y − x|) of each sample, up to a largest value; the update is divided by 2η',
    so that it goes on shrinking with the error. Small nudges drown in noise and in a bias b of the readings,
    which leaves an error of b/2η' in the update: with a nudge that keeps its size that falls with the error
    [derived]. The idea of nudging beyond the target is that of Dillavou, Guzman, Liu, Durian,
    arXiv:2505.22887 (over-clamping); their schedule was not at hand, and this one need not be theirs.
    """

    nudge: float
    """η, the least, 0 < η ≤ 1."""
    amplitude: Volts
    """Of the largest nudge of a sample."""
    largest: float = 100.0
    """η' at most."""

    phases: ClassVar[tuple[str, ...]] = TWO_STATES
    needs_currents: ClassVar[bool] = False

    def first(self, batch: Batch) -> Sequence[Boundary]:
        """Free state of each sample."""
        return [sample.free for sample in batch.samples]

    def then(self, batch: Batch, states: NetworkStates) -> Sequence[Boundary]:
        """Clamps at x + η'(y − x); an output whose x is not known stays free."""
        nudges = self._nudges(batch, states)
        boundaries: list[Boundary] = []
        for sample, x, nudge in zip(batch.samples, known_outputs(batch, states), nudges, strict=True):
            clamps = {n: x[n] + nudge * (sample.targets[n] - x[n]) for n in x}
            boundaries.append(Boundary({**sample.inputs, **clamps}))
        return boundaries

    def contrast(self, topology: Topology, evidence: Evidence) -> BranchArray:
        """Mean of [(v^F)² − (v^C)²] / 2η', shape (B,), V²."""
        usable = evidence.usable
        if not usable.any():
            return np.zeros(len(topology.branches))
        v = topology.branch_voltages(evidence.free.node_voltages[usable])
        u = topology.branch_voltages(evidence.clamped.node_voltages[usable])
        nudges = np.array(self._nudges(evidence.batch, evidence.free))[usable]
        return np.asarray(((v - u) * (v + u) / (2 * nudges[:, None])).mean(axis=0))

    def _nudges(self, batch: Batch, states: NetworkStates) -> list[float]:
        """η' of each sample."""
        found: list[float] = []
        for sample, x in zip(batch.samples, known_outputs(batch, states), strict=True):
            away = max((abs(sample.targets[n] - x[n]) for n in x), default=0.0)
            wanted = self.amplitude / away if away > 0 else self.largest
            found.append(max(self.nudge, min(wanted, self.largest)))
        return found
