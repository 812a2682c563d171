"""Conductances around a node that nothing drives, from voltages alone: its currents sum to zero.

A released node and its neighbours are read in several states. Each state is one linear equation,
``Σ g_k (p_k - x) = 0``, and the conductances are the vector that solves them all: known up to one factor a
node, since no current is measured. It does not matter whether a neighbour is driven or floats as well.
"""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, FloatArray, IntArray, Volts
from labrig.circuit.topology import Topology

_LOST = 20.0
"""Sum of currents over what readings leave open: beyond it the law does not hold with these neighbours."""
_LIFTED = 0.5


@dataclass(frozen=True, slots=True)
class Precision:
    """How well a difference of two readings is known, V."""

    bound: Volts
    """Not exceeded, by rounding and five standard deviations of the noise."""

    @classmethod
    def of(cls, lsb: Volts, noise: Volts) -> "Precision":
        """Of a converter with this step, and readings with this standard deviation."""
        return cls(lsb + 5 * float(np.sqrt(2)) * noise)


@dataclass(frozen=True, slots=True)
class Star:
    """A released node and the branches at it, d of them."""

    node: int
    branches: IntArray
    """Shape (d,)."""
    ends: IntArray
    """The node at the other end of each, shape (d,)."""
    shares: FloatArray
    """Conductances over their sum, shape (d,); NaN where the states do not determine them."""
    bounds: FloatArray
    """How far off each share may be, shape (d,)."""
    silent: bool
    """It did not move with all that is driven: nothing conducts to it."""

    @property
    def known(self) -> bool:
        """The states determine the shares."""
        return bool(np.isfinite(self.shares).all())


def observe(topology: Topology, node: int, changes: FloatArray, lifted: Volts, precision: Precision) -> Star:
    """What a node's readings say of its branches.

    Parameters
    ----------
    changes
        Voltage of each node in each state less that in a state in which nothing carries current, shape
        (M, N), V; the node is released in all of them.
    lifted
        Share of the way that the node went when all that is driven went, 1 where anything conducts to it.
    """
    ends = topology.ends
    branches = np.flatnonzero((ends == node).any(axis=1))
    others: IntArray = ends[branches].sum(axis=1) - node
    unknown = np.full(len(branches), np.nan)
    if lifted < _LIFTED:
        return Star(node, branches, others, unknown, unknown, silent=True)
    across = changes[:, others] - changes[:, node, None]
    if len(branches) < 2 or len(across) < len(branches) - 1:
        return Star(node, branches, others, unknown, unknown, silent=False)
    _, sizes, rows = np.linalg.svd(across, full_matrices=True)
    sizes = np.pad(sizes, (0, len(branches) - len(sizes)))
    shares = rows[-1] / rows[-1].sum() if rows[-1].sum() else rows[-1]
    doubt = precision.bound * float(np.sqrt(1 + shares @ shares))
    if sizes[-2] <= _LOST * doubt or np.abs(across @ shares).max() > _LOST * doubt:
        return Star(node, branches, others, unknown, unknown, silent=False)
    bounds = 2 * doubt * np.sqrt((rows[:-1] ** 2 / sizes[:-1, None] ** 2).sum(axis=0))
    return Star(node, branches, others, shares, bounds, silent=False)


def odds(star: Star, branch: int, change: FloatArray, precision: Precision) -> tuple[float, float]:
    """A branch's conductance over that of the rest of its star, and how far off that may be.

    Only `branch` may have changed since the shares were found.

    Parameters
    ----------
    change
        Voltage of each node less that in a state without currents, shape (N,), V.
    """
    mine = star.branches == branch
    rest = star.shares[~mine]
    drawn = change[star.node] - change[star.ends[~mine]]
    over = float((change[star.ends[mine]] - change[star.node])[0])
    if abs(over) <= 2 * precision.bound:
        return np.nan, np.inf
    weight = float(np.abs(rest).sum())
    found = float(rest @ drawn) / (over * weight)
    bound = precision.bound * (2 + 2 * abs(found)) / (abs(over) - precision.bound)
    return found, bound


def best_states(star: Star, changes: FloatArray) -> BranchArray:
    """For each branch of a star, the state in which the most voltage lies over it, shape (d,)."""
    return np.asarray(np.abs(changes[:, star.ends] - changes[:, star.node, None]).argmax(axis=0))
