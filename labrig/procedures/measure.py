"""Use a board, trained or not: apply inputs, read outputs, compare with targets where there are some."""

from collections.abc import Sequence
from dataclasses import dataclass

from labrig.arrays import FloatArray, Volts
from labrig.circuit.network import Flag, PhysicalNetwork
from labrig.config.tasks import Sample as NamedSample
from labrig.learning.evaluation import evaluate
from labrig.procedures.training.plan import number_samples


@dataclass(frozen=True, slots=True)
class Measurement:
    """What the outputs read. S samples, O outputs."""

    outputs: FloatArray
    """Shape (S, O), V; NaN where a reading was flagged."""
    errors: FloatArray
    """‖x − y‖ of each sample, shape (S,), V; 0 without targets, NaN where an output was not measured."""
    error: Volts
    """Over all samples, V."""
    saturated: int
    """Readings within 1 % of a rail."""


def measure(network: PhysicalNetwork, samples: Sequence[NamedSample]) -> Measurement:
    """Apply the inputs of each sample and read the outputs in one exchange; no branch is written.

    The last sample stays imposed until the bench is left or made safe.
    """
    found = evaluate(network, number_samples(network.topology, samples))
    flags = found.states.flags[:, list(network.topology.outputs)]
    return Measurement(found.outputs, found.errors, found.error, int((flags & Flag.SATURATED != 0).sum()))
