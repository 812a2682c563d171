"""Adjoint coupled learning: outputs at their targets against outputs pushed on by their clamp currents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labrig.arrays import BranchArray, Ohms
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import NetworkStates
from labrig.circuit.topology import Topology
from labrig.learning.evidence import Evidence, squares_apart
from labrig.learning.tasks import Batch


@dataclass(frozen=True, slots=True)
class AdjointCoupled:
    """``Δg = (rate / 2η) [v(y)² − v(y + ηj)²]``, j the currents that clamps at y supply; rate in S²/A².

    Descends ½‖j‖² as η → 0, with a bias of −ηu²/2, u the branch voltages when j is imposed on the outputs and
    the inputs are at 0. Where j is zero the network comes to its targets by itself. Its fixed points with an
    unreachable target are not the mirror images of contrastive learning. Derived for labrig, and checked
    against finite differences; a rule of this name is in the literature, whose own definition was not at
    hand. It needs clamp currents: those of a model mislead where branches are not what they are told.
    """

    nudge: Ohms
    """η, volts of clamp for an ampere of clamp current."""

    phases: ClassVar[tuple[str, ...]] = ("free", "clamped", "pushed")
    needs_currents: ClassVar[bool] = True

    def first(self, batch: Batch) -> Sequence[Boundary]:
        """Free and clamped state of each sample."""
        return [boundary for sample in batch.samples for boundary in (sample.free, sample.clamped)]

    def then(self, batch: Batch, states: NetworkStates) -> Sequence[Boundary]:
        """Clamps at y + ηj; an output whose current is not known stays at y."""
        boundaries: list[Boundary] = []
        for row, sample in enumerate(batch.samples):
            current = np.nan_to_num(states.clamp_currents[2 * row + 1])
            clamps = {n: float(y + self.nudge * current[n]) for n, y in sample.targets.items()}
            boundaries.append(Boundary({**sample.inputs, **clamps}))
        return boundaries

    def contrast(self, topology: Topology, evidence: Evidence) -> BranchArray:
        """[v(y)² − v(y + ηj)²] / 2η, shape (B,), V²/Ω."""
        if evidence.third is None:
            raise AssertionError
        return squares_apart(topology, evidence.clamped, evidence.third, evidence.usable) / (2 * self.nudge)
