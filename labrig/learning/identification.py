"""Several samples on a crossbar: learn what its branches really conduct, then plan for all at once."""

from collections.abc import Sequence

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray
from labrig.circuit.feasibility import Wanted, feasibility
from labrig.circuit.topology import Topology
from labrig.learning.bounds import Bounds
from labrig.learning.evidence import Evidence, States, trusted
from labrig.learning.steps import PolicyState, remembered, remind
from labrig.learning.tasks import Sample

_RANK = 1e-9
_LEAST = 1e-3
"""Of the largest factor of its column; none is below."""
_REMEMBERED = ("_x", "_factors")
_MET = 1e-8
"""Share of the largest input by which an output may be off while the other samples are looked at first."""
_PLANNED = 1e-9
"""The same by the factors, for a plan to meet its targets."""


class Identification:
    """Samples are read one by one at standing conductances; then one plan moves all branches.

    A free output x of a crossbar obeys Σ_i w_i g_i (p_i − x) = 0, g the latents and w_i the factors by which
    the branches really conduct more or less: each reading is one linear equation for its column's factors,
    whatever the scale. After N_I readings the factors are those nearest to what was thought before that
    satisfy the equations; the plan meets all targets of all samples with little change, or, where that
    leaves the box, by the linear programme of `feasibility`. The samples are then read on; where they are
    not met, as many readings as before identify the factors at the new conductances, and another plan
    follows.

    *Proved* where each w_i is a constant: with N_I samples whose inputs are independent the factors are
    found but for a common one of each column, and the plan meets every target that can be met. *Not proved*
    where factors change with g (wipers): each plan then starts from nearer. Readings are taken for exact.

    Parameters
    ----------
    topology
        A crossbar.
    samples
        Of the task, measured one by one in this order.
    mask
        True for branches that stay as they are, shape (B,).
    """

    def __init__(self, topology: Topology, samples: Sequence[Sample], mask: BoolArray) -> None:
        rows, columns = len(topology.inputs), len(topology.outputs)
        self._topology = topology
        self._samples = tuple(samples)
        self._mask = mask
        self._p = np.array([[sample.inputs[node] for node in topology.inputs] for sample in samples])
        self._factors = np.ones((rows, columns))
        """w."""
        self._x: FloatArray = np.full((len(samples), columns), np.nan)
        """What was read at the present conductances, NaN where nothing was, (S, N_O)."""
        self._y = np.array([[s.targets.get(node, np.nan) for node in topology.outputs] for s in samples])
        self._needed = min(rows, len(samples))
        """Readings before a plan."""

    def wants(self) -> States:
        """Free states alone."""
        return States.FREE

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        """The latents as they are, until enough was read for a plan."""
        del contrast
        outputs = list(self._topology.outputs)
        read = np.where(trusted(evidence.free), evidence.free.node_voltages, np.nan)[:, outputs]
        self._x[list(evidence.batch.indices)] = read
        count = np.count_nonzero(~np.isnan(self._x).all(axis=1))
        if count < self._needed or (count < len(self._samples) and self._are_met()):
            return latent
        self._identify(latent.reshape(self._factors.shape))
        self._x[:] = np.nan
        return self._plan(latent, bounds)

    def state(self) -> PolicyState:
        """What `restore` goes on with."""
        return remembered(self, _REMEMBERED)

    def restore(self, state: PolicyState) -> None:
        """Go on where `state` was taken."""
        if state:
            remind(self, _REMEMBERED, state)

    def _are_met(self) -> bool:
        """Whether no reading at the present conductances is off."""
        off = np.abs(self._x - self._y)
        return not bool(np.any(off > _MET * np.abs(self._p).max()))

    def _identify(self, g: FloatArray) -> None:
        """Move the factors of each column as little as its readings ask for."""
        for column in range(g.shape[1]):
            known = np.isfinite(self._x[:, column])
            pull = g[:, column] * (self._p[known] - self._x[known, column][:, None])
            factors: FloatArray = self._factors[:, column]
            change = shortest(pull, pull @ factors)
            self._factors[:, column] = np.maximum(factors - change, _LEAST * factors.max())

    def _plan(self, latent: BranchArray, bounds: Bounds) -> BranchArray:
        """Latents that meet all targets by the factors with little change, or as far as any in the box do."""
        shape = self._factors.shape
        floor = np.where(self._mask, latent, bounds.floor)
        ceiling = np.where(self._mask, latent, bounds.ceiling)
        planned, met = np.empty(shape), True
        for column, node in enumerate(self._topology.outputs):
            taught = [k for k, sample in enumerate(self._samples) if node in sample.targets]
            targets = np.array([self._samples[k].targets[node] for k in taught])
            pull = self._factors[:, column] * (self._p[taught] - targets[:, None])
            box = [bound.reshape(shape)[:, column] for bound in (floor, ceiling)]
            near = nearest(latent.reshape(shape)[:, column], pull, box[0], box[1])
            met &= near is not None
            planned[:, column] = latent.reshape(shape)[:, column] if near is None else near
        if met:
            return planned.ravel()
        factors = self._factors.ravel()
        wanted = [Wanted(sample.inputs, sample.targets) for sample in self._samples]
        tolerance = _PLANNED * float(np.abs(self._p).max())
        found = feasibility(self._topology, wanted, floor * factors, ceiling * factors, tolerance=tolerance)
        return np.asarray(found.conductances / factors)


def nearest(start: FloatArray, rows: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray | None:
    """A point of a box with rows · g = 0 and little change from a start; None where none was found.

    The shortest step is taken; what it carries out of the box is put on its wall and left there. That need
    not be the nearest point of all, and may fail where one exists.
    """
    g, moves = start.copy(), low < high
    size = np.abs(rows).max(initial=0.0) * np.abs(start).sum()
    for _ in range(len(start)):
        step = np.zeros(len(start))
        step[moves] = shortest(rows[:, moves], -(rows @ g))
        out = (g + step < low) | (g + step > high)
        g = np.clip(g + step, low, high)
        if not out.any():
            return g if np.abs(rows @ g).max(initial=0.0) <= _PLANNED * size else None
        moves &= ~out
    return None


def shortest(rows: FloatArray, sums: FloatArray) -> FloatArray:
    """The shortest of the vectors that come nearest to rows · v = sums."""
    return np.asarray(np.linalg.lstsq(rows, sums, rcond=_RANK)[0], dtype=np.float64)
