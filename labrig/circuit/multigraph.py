"""Branches between numbered nodes, as the solvers see them: no inputs or outputs, in any number of pieces."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from labrig.arrays import BranchArray, FloatArray, IntArray
from labrig.errors import CircuitError

NodeIndex: TypeAlias = slice | IntArray


@dataclass(frozen=True, slots=True)
class CrossbarBlock:
    """Every row joined to every column once, branches row by row."""

    rows: NodeIndex
    columns: NodeIndex
    shape: tuple[int, int]
    """Rows and columns."""


@dataclass(frozen=True, slots=True)
class Multigraph:
    """B branches over N nodes. Parallel branches add."""

    names: tuple[str, ...]
    """Of the nodes, as errors call them."""
    ends: IntArray
    """Two node numbers a branch, shape (B, 2)."""
    block: CrossbarBlock | None = None
    """The crossbar that the branches form, where they form one."""

    def branch_name(self, branch: int) -> str:
        """Name a branch by its ends, ``in3-out7``."""
        a, b = self.ends[branch]
        return f"{self.names[a]}-{self.names[b]}"


def node_index(nodes: tuple[int, ...]) -> NodeIndex:
    """Index of these nodes: a slice, which is cheaper, where they follow each other."""
    if nodes and nodes == tuple(range(nodes[0], nodes[0] + len(nodes))):
        return slice(nodes[0], nodes[0] + len(nodes))
    return np.asarray(nodes, dtype=np.int64)


def checked_conductances(graph: Multigraph, conductances: BranchArray) -> BranchArray:
    """Conductances as a float array of one value a branch, each zero (an open branch) or positive.

    Raises
    ------
    CircuitError
        The shape is not (B,), or a value is negative, NaN or infinite; the branch is named.
    """
    g = np.asarray(conductances, dtype=np.float64)
    if g.shape != (len(graph.ends),):
        msg = f"conductances have shape {g.shape}; the network has {len(graph.ends)} branches, one value each"
        raise CircuitError(msg)
    if g.size and not (g.min() >= 0 and g.max() < np.inf):
        branch = int(np.flatnonzero(~((g >= 0) & (g < np.inf)))[0])
        msg = (
            f"branch {graph.branch_name(branch)} has conductance {g[branch]} S; "
            "it must be zero (open) or positive, and finite"
        )
        raise CircuitError(msg)
    return g


def sum_by_index(index: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Add up the values that share an index in 0…size-1, (size,)."""
    return np.asarray(np.bincount(index, weights=values, minlength=size), dtype=np.float64)


def leaving_currents(ends: IntArray, conductances: BranchArray, potentials: FloatArray) -> FloatArray:
    """Sum the currents that leave each node into the branches: potentials (M, N) V to (M, N) A."""
    first, second = ends[:, 0], ends[:, 1]
    nodes = potentials.shape[1]
    currents = np.empty(potentials.shape)
    for state, level in enumerate(potentials):
        flow = conductances * (level[first] - level[second])
        currents[state] = sum_by_index(first, flow, nodes) - sum_by_index(second, flow, nodes)
    return currents
