"""Contrastive learning: outputs free against outputs forced to their targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from labrig.arrays import BranchArray
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import NetworkStates
from labrig.circuit.topology import Topology
from labrig.learning.evidence import Evidence, power_difference
from labrig.learning.rule import TWO_STATES
from labrig.learning.tasks import Batch


@dataclass(frozen=True, slots=True)
class Contrastive:
    """``Δg = −rate [(v^D)² − v²]`` with v^D at clamped, v at free outputs; rate in S/V².

    Descends Q = v^Dᵀ G v^D − vᵀ G v, whose gradient this is without a factor. Q is convex only where the
    network has no hidden nodes. With one random sample an update it is Algorithm 2.

    Huijzer, Chaffey, Besselink, van Waarde, arXiv:2503.00349, Algorithms 1 and 2.
    """

    phases: ClassVar[tuple[str, ...]] = TWO_STATES
    needs_currents: ClassVar[bool] = False

    def first(self, batch: Batch) -> Sequence[Boundary]:
        """Free and clamped state of each sample."""
        return [boundary for sample in batch.samples for boundary in (sample.free, sample.clamped)]

    def then(self, batch: Batch, states: NetworkStates) -> None:
        """Nothing: the clamped state is known beforehand."""
        del batch, states

    def contrast(self, topology: Topology, evidence: Evidence) -> BranchArray:
        """v² − (v^D)², shape (B,), V²."""
        return power_difference(topology, evidence)
