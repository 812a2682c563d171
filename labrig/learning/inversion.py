"""The fewest measurements on any graph: fit the model to what was read, then ask it for conductances."""

from collections.abc import Callable, Sequence

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray
from labrig.circuit.coercivity import output_derivative
from labrig.circuit.solve import solve
from labrig.circuit.topology import Topology
from labrig.learning.bounds import Bounds
from labrig.learning.evidence import Evidence, States, trusted
from labrig.learning.gauss_newton import shortest_step
from labrig.learning.steps import PolicyState
from labrig.learning.tasks import Sample

_TURNS = 50
_HALVINGS = 30
_FURTHEST = 2.0
"""Largest change of a logarithm in one step."""
_ROUNDING = 1e-13
_REMEMBERED = 5
"""Readings to which the model is fitted."""


class ModelInversion:
    """Each branch is taken to conduct w g, g its latent; w is fitted to readings, and g planned by it.

    After each reading the factors are those nearest to 1, by their logarithms, with which the model gives
    what was read at the last few latents; then conductances in the box are looked for that give the targets
    by it, with little change from the best latents so far. Both are shortest Gauss-Newton steps in
    logarithms. Where a reading was not the best one, only part of the way from the best is asked for, half
    as much for each in a row. Free states alone; hidden nodes are allowed.

    Where branches conduct what they are told, one step is exact. *Not proved*: that it converges where they
    do not; with hidden nodes a search may also end in a valley of its own. On boards that are off by ±20 %
    no failure was seen in 100 trainings each of two networks (``tests/unit/learning/test_inversion.py``,
    ``scripts/bench measurements``).

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
        self._boundaries = [sample.free for sample in samples]
        self._free = ~mask
        self._y = np.concatenate([sample.target_volts for sample in samples])
        self._readings: list[tuple[BranchArray, FloatArray]] = []
        """Latents and what was read, the latest last."""
        self._best: tuple[BranchArray, FloatArray] | None = None
        self._worse = 0

    def wants(self) -> States:
        """Free states alone."""
        return States.FREE

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """Latents that bring every output to its target as far as is known."""
        del contrast
        x = self._read(evidence)
        if not np.isfinite(x).all():
            return latent
        self._readings = [*self._readings, (latent.copy(), x)][-_REMEMBERED:]
        if self._best is None or np.linalg.norm(x - self._y) < np.linalg.norm(self._best[1] - self._y):
            self._best, self._worse = self._readings[-1], 0
        else:
            self._worse += 1
        g, nearest = self._best
        factors = self._factors()
        aim = nearest + (self._y - nearest) / 2.0**self._worse
        box = Bounds(bounds.floor * factors, bounds.ceiling * factors)
        planned = _bring(self._outputs, self._slopes, g * factors, aim, box, self._free)
        return np.where(self._free, planned / factors, latent)

    def state(self) -> PolicyState:
        """What `restore` goes on with."""
        return {
            "worse": self._worse,
            "readings": [_plain(reading) for reading in self._readings],
            "best": None if self._best is None else _plain(self._best),
        }

    def restore(self, state: PolicyState) -> None:
        """Go on where `state` was taken."""
        if not state:
            return
        self._worse = state["worse"]
        self._readings = [(np.array(g), np.array(x)) for g, x in state["readings"]]
        if state["best"] is not None:
            g, x = state["best"]
            self._best = np.array(g), np.array(x)

    def _read(self, evidence: Evidence) -> FloatArray:
        """Targeted outputs of all samples, NaN where one cannot be trusted."""
        x = np.where(trusted(evidence.free), evidence.free.node_voltages, np.nan)
        return np.concatenate([x[row, sample.target_nodes] for row, sample in enumerate(self._samples)])

    def _factors(self) -> BranchArray:
        """w, (B,): the nearest to 1 with which the model gives what was read."""
        latents = [g for g, _ in self._readings]
        read = np.concatenate([x for _, x in self._readings])
        count = len(self._free)

        def outputs(factors: BranchArray) -> FloatArray:
            return np.concatenate([self._outputs(g * factors) for g in latents])

        def slopes(factors: BranchArray) -> FloatArray:
            return np.vstack([self._slopes(g * factors) for g in latents])

        anywhere = Bounds.uniform(count, 1e-9, 1e9)
        return _bring(outputs, slopes, np.ones(count), read, anywhere, np.ones(count, dtype=np.bool_))

    def _outputs(self, conductances: BranchArray) -> FloatArray:
        """By the model."""
        volts = solve(self._topology, conductances, self._boundaries).node_voltages
        return np.concatenate([volts[row, s.target_nodes] for row, s in enumerate(self._samples)])

    def _slopes(self, g: BranchArray) -> FloatArray:
        """Their derivatives by ln g."""
        rows = [
            output_derivative(self._topology, g, s.inputs, s.target_nodes.tolist()) for s in self._samples
        ]
        return np.asarray(np.vstack(rows) * g)


def _bring(
    outputs: Callable[[BranchArray], FloatArray],
    slopes: Callable[[BranchArray], FloatArray],
    start: BranchArray,
    wanted: FloatArray,
    box: Bounds,
    free: BoolArray,
) -> BranchArray:
    """Move conductances, or factors, as little as their outputs need to become those that are wanted.

    Shortest Gauss-Newton steps in logarithms, halved while they do not help; not into a wall of the box.
    """
    g = start
    off = wanted - outputs(g)
    for _ in range(_TURNS):
        if np.linalg.norm(off) <= _ROUNDING * np.linalg.norm(wanted):
            break
        step = np.clip(shortest_step(slopes(g), off, g, box, free), -_FURTHEST, _FURTHEST)
        for halving in range(_HALVINGS):
            trial = np.where(free, box.project(g * np.exp(step / 2.0**halving)), g)
            left = wanted - outputs(trial)
            if np.linalg.norm(left) < np.linalg.norm(off):
                break
        else:
            break
        g, off = trial, left
    return g


def _plain(reading: tuple[BranchArray, FloatArray]) -> list[list[float]]:
    return [values.tolist() for values in reading]
