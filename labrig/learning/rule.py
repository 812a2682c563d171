"""What a learning rule is asked: what to impose, and the contrast of what was measured. Arithmetic only."""

from collections.abc import Sequence
from typing import Protocol

from labrig.arrays import BranchArray
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import NetworkStates
from labrig.circuit.topology import Topology
from labrig.learning.evidence import Evidence
from labrig.learning.tasks import Batch


class LearningRule(Protocol):
    """A local rule on two states of the same network. Rules never call the network; the loop does."""

    def first(self, batch: Batch) -> Sequence[Boundary]:
        """Boundaries of the first exchange.

        Where both states can be told beforehand: free, clamped, free, clamped … of the samples in turn, and
        `then` is None. Else the free state of each sample. A function of the batch alone: the loop asks once.
        """
        ...

    def then(self, batch: Batch, states: NetworkStates) -> Sequence[Boundary] | None:
        """Second state of each sample, where it depends on the measured first one."""
        ...

    def contrast(self, topology: Topology, evidence: Evidence) -> BranchArray:
        """Give the direction d of ``Δg = rate * d``, shape (B,): its mean over usable samples."""
        ...
