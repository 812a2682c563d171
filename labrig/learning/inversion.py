"""The fewest measurements on any graph: ask the latent model for outputs, and correct what is asked for."""

from collections.abc import Sequence

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray
from labrig.circuit.boundary import Boundary
from labrig.circuit.coercivity import output_derivative
from labrig.circuit.solve import solve
from labrig.circuit.topology import Topology
from labrig.learning.bounds import Bounds
from labrig.learning.evidence import Evidence, States, trusted
from labrig.learning.gauss_newton import shortest_step
from labrig.learning.steps import PolicyState, remembered, remind
from labrig.learning.tasks import Sample

_TURNS = 50
_HALVINGS = 30
_FURTHEST = 2.0
"""Largest change of ln g in one step."""
_REMEMBERED = ("_slope", "_best", "_best_error", "_best_model", "_model", "_error")


class ModelInversion:
    """Conductances are looked for that give, by the latents alone, what is asked of them; free states only.

    h(g) are the outputs that the latents would give, x(g) those of the board, y the targets, over all
    samples. From the best reading so far, the next h is asked for at h − s K⁻¹ (x − y), K ≈ ∂x/∂h: the unit
    matrix at first, then corrected by each reading (Broyden's rank-one update), s halved for each reading
    in a row that was not the best. Shortest Gauss-Newton steps in ln g, begun at the best latents, find
    conductances in the box that give it.

    Where branches conduct what they are told, x = h, and one step is exact. *Not proved*: that it converges
    where they do not; with hidden nodes a search may also end in a valley of its own. On boards that are off
    by ±20 % no failure was seen in 50 trainings each of two networks
    (``tests/unit/learning/test_inversion.py``).

    C. G. Broyden, *A class of methods for solving nonlinear simultaneous equations*, Math. Comp. 19, 577
    (1965).

    Parameters
    ----------
    samples
        All of the task; each update measures all of them.
    mask
        True for branches that stay as they are, shape (B,).
    """

    def __init__(self, topology: Topology, samples: Sequence[Sample], mask: BoolArray) -> None:
        self._topology = topology
        self._samples = tuple(samples)
        self._free = ~mask
        self._y = np.concatenate([sample.target_volts for sample in samples])
        count = len(self._y)
        self._slope = np.eye(count)
        """K."""
        self._error: FloatArray = np.full(count, np.nan)
        """x − y and h at the last reading."""
        self._model = self._error.copy()
        self._best: FloatArray = np.zeros(0)
        """Latents of the best reading, with its x − y and h."""
        self._best_error = self._error.copy()
        self._best_model = self._error.copy()
        self._worse = 0

    def wants(self) -> States:
        """Free states alone."""
        return States.FREE

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """Latents that bring every output to its target as far as is known."""
        del contrast
        error = self._read(evidence)
        if not np.isfinite(error).all():
            return latent
        model = self._outputs(latent)
        self._correct(error, model)
        self._error, self._model = error, model
        if not self._best.size or np.linalg.norm(error) < np.linalg.norm(self._best_error):
            self._best, self._best_error, self._best_model = latent.copy(), error, model
            self._worse = 0
        else:
            self._worse += 1
        step = np.linalg.lstsq(self._slope, self._best_error, rcond=None)[0] / 2.0**self._worse
        return self._invert(self._best_model - step, bounds)

    def state(self) -> PolicyState:
        """What `restore` goes on with."""
        return {"worse": self._worse} | dict(remembered(self, _REMEMBERED))

    def restore(self, state: PolicyState) -> None:
        """Go on where `state` was taken."""
        if not state:
            return
        self._worse = state["worse"]
        remind(self, _REMEMBERED, state)

    def _read(self, evidence: Evidence) -> FloatArray:
        """X − y over all samples."""
        x = np.where(trusted(evidence.free), evidence.free.node_voltages, np.nan)
        read = [x[row, sample.target_nodes] for row, sample in enumerate(self._samples)]
        return np.asarray(np.concatenate(read) - self._y)

    def _correct(self, error: FloatArray, model: FloatArray) -> None:
        """Broyden's update of K by the last two readings."""
        along = model - self._model
        square = float(along @ along)
        if np.isfinite(square) and square > 0:
            self._slope += np.outer(error - self._error - self._slope @ along, along) / square

    def _outputs(self, conductances: BranchArray) -> FloatArray:
        """By the model, h."""
        volts = solve(self._topology, conductances, self._boundaries).node_voltages
        return np.concatenate([volts[row, s.target_nodes] for row, s in enumerate(self._samples)])

    @property
    def _boundaries(self) -> list[Boundary]:
        return [sample.free for sample in self._samples]

    def _invert(self, wanted: FloatArray, bounds: Bounds) -> BranchArray:
        """Conductances in the box that give these outputs by the model, with little change from the best.

        Gauss-Newton steps in ln g, the shortest ones; branches at a wall are left out of steps into it.
        """
        g = self._best
        off = wanted - self._outputs(g)
        for _ in range(_TURNS):
            slopes = self._slopes(g)
            step = shortest_step(slopes, off, g, bounds, self._free)
            for halving in range(_HALVINGS):
                trial = bounds.project(g * np.exp(np.clip(step / 2.0**halving, -_FURTHEST, _FURTHEST)))
                left = wanted - self._outputs(trial)
                if np.linalg.norm(left) < np.linalg.norm(off):
                    break
            else:
                break
            g, off = trial, left
        return g

    def _slopes(self, g: BranchArray) -> FloatArray:
        """∂h/∂ln g."""
        rows = [
            output_derivative(self._topology, g, s.inputs, s.target_nodes.tolist()) for s in self._samples
        ]
        return np.asarray(np.vstack(rows) * g)
