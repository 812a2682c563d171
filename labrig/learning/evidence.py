"""What was measured for one update."""

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray, Volts
from labrig.circuit.network import NetworkStates, Origin
from labrig.circuit.topology import Topology
from labrig.learning.tasks import Batch


class States(Enum):
    """Which states a step policy needs in the next exchange."""

    FREE = auto()
    BOTH = auto()
    BOTH_AND_CURRENTS = auto()
    """The second ones with the currents that their clamps supply."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The states of every sample of one update. S samples, N nodes."""

    step: int
    """Updates applied before these measurements."""
    batch: Batch
    free: NetworkStates
    """S rows: inputs only."""
    clamped: NetworkStates
    """S rows: outputs clamped or nudged; NaN throughout where only free states were wanted."""
    errors: FloatArray
    """Shape (S,), V: ‖x − y‖ of each sample in its free state; NaN where an output was not measured."""
    usable: BoolArray
    """Shape (S,): the states that were wanted have a trustworthy voltage at every node."""
    third: NetworkStates | None = None
    """S rows, where the rule has a third state."""

    @property
    def states(self) -> tuple[NetworkStates, ...]:
        """Of all phases."""
        return (self.free, self.clamped) if self.third is None else (self.free, self.clamped, self.third)


def gather(
    step: int, batch: Batch, free: NetworkStates, clamped: NetworkStates, third: NetworkStates | None = None
) -> Evidence:
    """Errors of the samples, and which samples may be used."""
    known = trusted(free)
    all_known = known & trusted(clamped)
    if third is not None:
        all_known &= trusted(third)
    usable = np.all(all_known, axis=1)
    return Evidence(step, batch, free, clamped, sample_errors(batch, free, known), usable, third)


def gather_free(step: int, batch: Batch, free: NetworkStates) -> Evidence:
    """The same where only free states were wanted."""
    known = trusted(free)
    usable: BoolArray = np.all(known, axis=1)
    return Evidence(step, batch, free, unknown(free), sample_errors(batch, free, known), usable)


def trusted(states: NetworkStates) -> BoolArray:
    """Voltages that may be used, shape (M, N): finite, and no reading that its converter or source flagged.

    A flag on a voltage that is commanded or modelled says nothing against it.
    """
    finite = np.isfinite(states.node_voltages)
    if not states.flags.any():
        return finite
    refused = (states.flags != 0) & (states.voltage_origin == Origin.MEASURED)
    return np.asarray(finite & ~refused)


def known_outputs(batch: Batch, states: NetworkStates) -> list[dict[int, float]]:
    """Voltages of the targeted outputs of each sample that may be used."""
    known = trusted(states)
    return [
        {node: float(states.node_voltages[row, node]) for node in sample.targets if known[row, node]}
        for row, sample in enumerate(batch.samples)
    ]


def untrusted_nodes(evidence: Evidence) -> list[int]:
    """Nodes that kept a sample from being used, ascending."""
    known = np.all([trusted(states) for states in evidence.states], axis=0)
    return [int(node) for node in np.flatnonzero(~known.all(axis=0))]


def sample_errors(batch: Batch, free: NetworkStates, known: BoolArray) -> FloatArray:
    """‖x − y‖ over the targeted outputs of each sample, shape (S,), V; NaN where one of them is not known."""
    errors = np.empty(len(batch.samples))
    for row, sample in enumerate(batch.samples):
        nodes = sample.target_nodes
        distance = free.node_voltages[row, nodes] - sample.target_volts
        errors[row] = np.sqrt(distance @ distance) if known[row, nodes].all() else np.nan
    return errors


def total_error(errors: FloatArray) -> Volts:
    """‖x − y‖ over samples, V; NaN where a sample was not measured, so that it passes for no convergence."""
    return float(np.sqrt(errors @ errors))


def power_difference(topology: Topology, evidence: Evidence) -> BranchArray:
    """Mean of v_free² − v_clamped² over the usable samples, shape (B,), V²; zero where there is none."""
    return squares_apart(topology, evidence.free, evidence.clamped, evidence.usable)


def squares_apart(
    topology: Topology, one: NetworkStates, other: NetworkStates, usable: BoolArray
) -> BranchArray:
    """Mean of v² − u² of two states over the usable samples, shape (B,), V²; zero where there is none."""
    if not usable.any():
        return np.zeros(len(topology.branches))
    v = topology.branch_voltages(one.node_voltages[usable])
    u = topology.branch_voltages(other.node_voltages[usable])
    return np.asarray(((v - u) * (v + u)).mean(axis=0))


def phases_of(states: NetworkStates, samples: int) -> list[NetworkStates]:
    """Of states that were imposed sample by sample, those of each phase."""
    count = len(states.node_voltages) // samples
    return [rows(states, slice(k, None, count)) for k in range(count)]


def rows(states: NetworkStates, which: slice) -> NetworkStates:
    """Take some of the states of an exchange."""
    return NetworkStates(
        node_voltages=states.node_voltages[which],
        voltage_origin=states.voltage_origin[which],
        clamp_currents=states.clamp_currents[which],
        current_origin=states.current_origin[which],
        flags=states.flags[which],
        conductances=states.conductances,
    )


def unknown(states: NetworkStates) -> NetworkStates:
    """As many states, of which nothing is known."""
    shape = states.node_voltages.shape
    return NetworkStates(
        node_voltages=np.full(shape, np.nan),
        voltage_origin=np.full(shape, Origin.UNKNOWN, dtype=np.uint8),
        clamp_currents=np.full(shape, np.nan),
        current_origin=np.full(shape, Origin.UNKNOWN, dtype=np.uint8),
        flags=np.zeros(shape, dtype=np.uint8),
        conductances=states.conductances,
    )
