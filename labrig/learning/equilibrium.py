"""One-sided equilibrium propagation: outputs free against outputs gently pulled toward their targets."""

from collections.abc import Sequence
from dataclasses import dataclass

from labrig.arrays import BranchArray, Siemens
from labrig.circuit.boundary import Boundary, ThroughConductance
from labrig.circuit.network import NetworkStates
from labrig.circuit.topology import Topology
from labrig.learning.evidence import Evidence, power_difference, trusted
from labrig.learning.tasks import Batch


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """``Δg = −(rate / 2β) [(v^β)² − (v^0)²]``, outputs joined to their targets through β; rate in S²/V².

    Descends ½‖e‖² as β → 0, with a bias of order β: the nudging current is β(y − x^β), not −βe of the free
    state.

    Kendall, Pantone, Manickavasagam, Bengio, Scellier, arXiv:2006.01981, which has the same factor 1/2β.
    """

    nudge: Siemens
    """β, the conductance between each output and its target."""

    def first(self, batch: Batch) -> Sequence[Boundary]:
        """Free and nudged state of each sample."""
        boundaries: list[Boundary] = []
        for sample in batch.samples:
            nudges = {n: ThroughConductance(y, self.nudge) for n, y in sample.targets.items()}
            boundaries += [sample.free, Boundary(sample.inputs, nudges=nudges)]
        return boundaries

    def then(self, batch: Batch, states: NetworkStates) -> None:
        """Nothing: the nudged state is known beforehand."""
        del batch, states

    def contrast(self, topology: Topology, evidence: Evidence) -> BranchArray:
        """[(v^0)² − (v^β)²] / 2β, shape (B,), V²/S."""
        return power_difference(topology, evidence) / (2 * self.nudge)


@dataclass(frozen=True, slots=True)
class EquilibriumByCurrent:
    """`Equilibrium` where the board cannot nudge: the current −βe of the measured free state is injected."""

    nudge: Siemens
    """β, S: ampere a volt of error."""

    def first(self, batch: Batch) -> Sequence[Boundary]:
        """Free state of each sample."""
        return [sample.free for sample in batch.samples]

    def then(self, batch: Batch, states: NetworkStates) -> Sequence[Boundary]:
        """Currents β(y − x); an output whose x is not known gets none."""
        known = trusted(states)
        boundaries: list[Boundary] = []
        for row, sample in enumerate(batch.samples):
            x = states.node_voltages[row]
            currents = {n: float(self.nudge * (y - x[n])) for n, y in sample.targets.items() if known[row, n]}
            boundaries.append(Boundary(sample.inputs, currents))
        return boundaries

    def contrast(self, topology: Topology, evidence: Evidence) -> BranchArray:
        """[(v^0)² − (v^β)²] / 2β, shape (B,), V²/S."""
        return power_difference(topology, evidence) / (2 * self.nudge)
