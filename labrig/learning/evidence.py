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


def gather(step: int, batch: Batch, free: NetworkStates, clamped: NetworkStates) -> Evidence:
    """Errors of the samples, and which samples may be used."""
    known = trusted(free)
    usable = np.all(known & trusted(clamped), axis=1)
    return Evidence(step, batch, free, clamped, sample_errors(batch, free, known), usable)


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


def untrusted_nodes(evidence: Evidence) -> list[int]:
    """Nodes that kept a sample from being used, ascending."""
    both = trusted(evidence.free) & trusted(evidence.clamped)
    return [int(node) for node in np.flatnonzero(~both.all(axis=0))]


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
    usable = evidence.usable
    if not usable.any():
        return np.zeros(len(topology.branches))
    free = topology.branch_voltages(evidence.free.node_voltages[usable])
    clamped = topology.branch_voltages(evidence.clamped.node_voltages[usable])
    return np.asarray(((free - clamped) * (free + clamped)).mean(axis=0))


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
