"""Steps onto the conductances that would carry no clamp current: one projection an output."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray
from labrig.circuit.topology import Topology
from labrig.learning.bounds import Bounds
from labrig.learning.evidence import Evidence, States
from labrig.learning.steps import Forgetful


@dataclass(frozen=True, slots=True)
class KaczmarzStep(Forgetful):
    """``Δg_ij = c j_j (p_i − y_j) / ‖p − y_j‖²``, j_j the current that the clamp of output j supplies.

    Clamped at its target an output of a crossbar draws Σ_i g_ij (y_j − p_i), linear in its column: the step
    projects the column onto where that would be zero (over branches that a bound does not block). The
    currents are measured, so no conductance needs to be known. *Proved* for exact readings, 0 < c < 2 and
    targets that some g* in the box gives: ‖g − g*‖ never increases. With one random sample an update it is
    the randomised method of Strohmer and Vershynin; the mean over several is Cimmino's.

    S. Kaczmarz, Bull. Int. Acad. Polon. Sci. A 35, 355 (1937); T. Strohmer, R. Vershynin, J. Fourier Anal.
    Appl. 15, 262 (2009).
    """

    topology: Topology
    """A crossbar."""
    relaxation: float
    """c."""
    mask: BoolArray
    """True for branches that stay as they are, shape (B,)."""

    def wants(self) -> States:
        """Both states, and the currents of the clamps."""
        return States.BOTH_AND_CURRENTS

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """Proposal of the mean projection over usable samples; nothing moves where a current was not read."""
        del contrast
        inputs, outputs = list(self.topology.inputs), list(self.topology.outputs)
        shape = (len(inputs), len(outputs))
        at_floor, at_ceiling = (
            at.reshape(shape) for at in (latent <= bounds.floor, latent >= bounds.ceiling)
        )
        usable = np.flatnonzero(evidence.usable).tolist()
        change = np.zeros(shape)
        for row in usable:
            sample = evidence.batch.samples[row]
            y = np.array([sample.targets.get(node, np.nan) for node in outputs])
            pull = evidence.clamped.node_voltages[row, inputs][:, None] - y
            current = evidence.clamped.clamp_currents[row, outputs]
            wanted = np.nan_to_num(current * pull)
            blocked = self.mask.reshape(shape) | (at_floor & (wanted < 0)) | (at_ceiling & (wanted > 0))
            change += _projection(np.where(blocked, 0.0, pull), current) / len(usable)
        return latent + self.relaxation * change.ravel()


def _projection(pull: FloatArray, current: FloatArray) -> FloatArray:
    """Shortest change of each column by which its clamp current would vanish; 0 where nothing is known."""
    square = (pull**2).sum(axis=0)
    usable = np.isfinite(current) & (square > 0)
    return np.asarray(np.where(usable, pull * current / np.where(usable, square, 1.0), 0.0))
