"""How well a network does, without teaching it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray, Volts
from labrig.circuit.network import NetworkStates, PhysicalNetwork
from labrig.learning.evidence import Evidence, sample_errors, total_error, trusted
from labrig.learning.tasks import Batch, Sample


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One pass over samples with inputs only: one exchange, S measurements."""

    states: NetworkStates
    """S rows."""
    outputs: FloatArray
    """Voltage of the topology's outputs, shape (S, O), V; NaN where a reading was flagged or missing."""
    errors: FloatArray
    """‖x − y‖ of each sample, shape (S,), V; NaN where a targeted output was not measured."""

    @property
    def error(self) -> Volts:
        """‖x − y‖ over outputs and samples."""
        return total_error(self.errors)


def evaluate(
    network: PhysicalNetwork, samples: Sequence[Sample], *, program: BranchArray | None = None
) -> Evaluation:
    """Apply the inputs of every sample and read the outputs; nothing is clamped or learned.

    Parameters
    ----------
    samples
        A sample without targets has error 0.
    program
        Conductances to set first, shape (B,), S; None leaves them.
    """
    states = network.settle([sample.free for sample in samples], program=program)
    known = trusted(states)
    outputs = np.asarray(network.topology.outputs, dtype=np.int64)
    volts = np.where(known, states.node_voltages, np.nan)[:, outputs]
    return Evaluation(states, volts, sample_errors(Batch.whole(samples), states, known))


class LastErrors:
    """Error over all samples of a task, each at its last free measurement.

    Where an update sees one sample only, this is the error to show; while the samples were measured at
    different conductances, a stop by error needs `evaluate` to confirm it.

    Parameters
    ----------
    samples
        How many samples the task has.
    """

    def __init__(self, samples: int) -> None:
        self.errors: FloatArray = np.full(samples, np.nan)
        """V of each sample, shape (S,); NaN where it was never measured. Part of the checkpoint."""

        self._latent: BranchArray | None = None
        self._here: BoolArray = np.zeros(samples, dtype=np.bool_)

    def take(self, evidence: Evidence, latent: BranchArray) -> Volts:
        """Note what was measured at these latents; what could not be measured keeps its last error."""
        if self._latent is None or not np.array_equal(self._latent, latent):
            self._latent, self._here[:] = latent, False
        measured = np.asarray(evidence.batch.indices)[~np.isnan(evidence.errors)]
        self.errors[measured] = evidence.errors[~np.isnan(evidence.errors)]
        self._here[measured] = True
        return self.error

    @property
    def at_once(self) -> bool:
        """Whether every sample was measured at the present latents."""
        return bool(self._here.all())

    @property
    def error(self) -> Volts:
        """‖x − y‖ over all samples, V; NaN until each was measured once."""
        return total_error(self.errors)
