"""Equilibrium propagation: outputs gently pulled toward their targets, and away from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from labrig.arrays import BranchArray, Siemens
from labrig.circuit.boundary import Boundary, ThroughConductance
from labrig.circuit.network import NetworkStates
from labrig.circuit.topology import Topology
from labrig.learning.evidence import Evidence, known_outputs, power_difference, squares_apart, trusted
from labrig.learning.rule import TWO_STATES
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

    phases: ClassVar[tuple[str, ...]] = TWO_STATES
    needs_currents: ClassVar[bool] = False

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

    phases: ClassVar[tuple[str, ...]] = TWO_STATES
    needs_currents: ClassVar[bool] = False

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


@dataclass(frozen=True, slots=True)
class _BothWays:
    """Free, nudged toward the targets, nudged away from them."""

    nudge: Siemens
    """β, S: ampere a volt."""

    phases: ClassVar[tuple[str, ...]] = ("free", "toward", "away")
    needs_currents: ClassVar[bool] = False

    def first(self, batch: Batch) -> Sequence[Boundary]:
        """Free state of each sample."""
        return [sample.free for sample in batch.samples]

    def contrast(self, topology: Topology, evidence: Evidence) -> BranchArray:
        """[(v^{−β})² − (v^{+β})²] / 4β, shape (B,), V²/S."""
        if evidence.third is None:
            raise AssertionError
        away, toward = evidence.third, evidence.clamped
        return squares_apart(topology, away, toward, evidence.usable) / (4 * self.nudge)


@dataclass(frozen=True, slots=True)
class SymmetricEquilibrium(_BothWays):
    """``Δg = −(rate / 4β) [(v^{+β})² − (v^{−β})²]``, outputs joined through β to their targets and to 2x − y.

    The mirror image of a target about the free output pulls away from it as strongly, through the same
    passive conductance. On a linear network both states lie evenly about the free one, so that what is even
    in β cancels: of the one-sided rule's bias what is left is that the current is β(y − x^β), and not that
    of the free state. An offset that all readings share cancels as well. Rate in S²/V². The board must be
    able to drive 2x − y.

    Laborieux, Ernoult, Scellier, Bengio, Grollier, Querlioz, Front. Neurosci. 15, 633674 (2021), who nudge
    both ways by ±β; the mirrored source stands for their −β, which no passive part has [derived].
    """

    def then(self, batch: Batch, states: NetworkStates) -> Sequence[Boundary]:
        """Pulled to y and to 2x − y; an output whose x is not known is left alone in both."""
        boundaries: list[Boundary] = []
        for sample, x in zip(batch.samples, known_outputs(batch, states), strict=True):
            for sources in ({n: sample.targets[n] for n in x}, {n: 2 * x[n] - sample.targets[n] for n in x}):
                nudges = {n: ThroughConductance(y, self.nudge) for n, y in sources.items()}
                boundaries.append(Boundary(sample.inputs, nudges=nudges))
        return boundaries


@dataclass(frozen=True, slots=True)
class SymmetricEquilibriumByCurrent(_BothWays):
    """`SymmetricEquilibrium` by currents ±βe of the measured free state: no bias at all on a linear network.

    The states are v ± βu with u the voltages that the currents −e give alone, so the contrast is −v u, the
    gradient of −½‖e‖² itself, for any β [derived].
    """

    def then(self, batch: Batch, states: NetworkStates) -> Sequence[Boundary]:
        """Currents β(y − x) and −β(y − x); an output whose x is not known gets none."""
        boundaries: list[Boundary] = []
        for sample, x in zip(batch.samples, known_outputs(batch, states), strict=True):
            for sign in (1, -1):
                currents = {n: sign * self.nudge * (sample.targets[n] - x[n]) for n in x}
                boundaries.append(Boundary(sample.inputs, currents))
        return boundaries
