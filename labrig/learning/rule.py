"""What a learning rule is asked: what to impose, and the contrast of what was measured. Arithmetic only."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from labrig.arrays import BranchArray
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import NetworkStates
from labrig.circuit.topology import Topology
from labrig.learning.evidence import Evidence
from labrig.learning.tasks import Batch

TWO_STATES = ("free", "clamped")


class LearningRule(Protocol):
    """A local rule on states of the same network. Rules never call the network; the loop does."""

    phases: ClassVar[tuple[str, ...]]
    """Names of a sample's states in the order in which they are imposed; the first one is free."""
    needs_currents: ClassVar[bool]
    """Whether `then` needs the currents that the clamps of the first exchange supply."""

    def first(self, batch: Batch) -> Sequence[Boundary]:
        """Boundaries of the first exchange: all states of each sample that can be told beforehand, in turn.

        Free, clamped, free, clamped …, and `then` is None; or those that the others wait for. A function of
        the batch alone: the loop asks once.
        """
        ...

    def then(self, batch: Batch, states: NetworkStates) -> Sequence[Boundary] | None:
        """The other states of each sample in turn, where they depend on those of the first exchange."""
        ...

    def contrast(self, topology: Topology, evidence: Evidence) -> BranchArray:
        """Give the direction d of ``Δg = rate * d``, shape (B,): its mean over usable samples."""
        ...
