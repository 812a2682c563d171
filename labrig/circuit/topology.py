"""Which node is joined to which, and which nodes are inputs, outputs and hidden."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from labrig.arrays import FloatArray, IntArray
from labrig.circuit.multigraph import CrossbarBlock, Multigraph, node_index
from labrig.errors import CircuitError


@dataclass(frozen=True)
class Topology:
    """A connected graph of resistive branches.

    Parameters
    ----------
    nodes
        Name of each node; a node's number is its place here.
    branches
        Two node numbers a branch, shape (B, 2). A branch's voltage is first minus second.
    inputs, outputs
        Numbers of the nodes that are driven, and of those that are trained. The rest are hidden.

    Raises
    ------
    CircuitError
        A branch joins a node to itself or names a node that is not there, a node is both input and output, a
        name occurs twice, or the graph is not connected.
    """

    nodes: tuple[str, ...]
    branches: tuple[tuple[int, int], ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_names(self)
        _check_connected(self)

    @classmethod
    def crossbar(cls, inputs: int, outputs: int) -> "Topology":
        """Complete bipartite graph: nodes in0…, out0…; branch ``i * outputs + j`` joins row i to column j."""
        names = tuple(f"in{i}" for i in range(inputs)) + tuple(f"out{j}" for j in range(outputs))
        pairs = tuple((i, inputs + j) for i in range(inputs) for j in range(outputs))
        return cls(names, pairs, tuple(range(inputs)), tuple(range(inputs, inputs + outputs)))

    @classmethod
    def graph(
        cls,
        nodes: Sequence[str],
        branches: Sequence[tuple[str, str]],
        inputs: Sequence[str],
        outputs: Sequence[str],
    ) -> "Topology":
        """Any connected graph, by node names."""
        number = {name: k for k, name in enumerate(nodes)}
        for name in [*inputs, *outputs, *(end for pair in branches for end in pair)]:
            if name not in number:
                msg = f"node {name!r} is not among the nodes of the network"
                raise CircuitError(msg)
        return cls(
            tuple(nodes),
            tuple((number[a], number[b]) for a, b in branches),
            tuple(number[name] for name in inputs),
            tuple(number[name] for name in outputs),
        )

    @cached_property
    def hidden(self) -> tuple[int, ...]:
        """Numbers of the nodes that are neither input nor output, ascending."""
        return tuple(sorted(set(range(len(self.nodes))) - set(self.inputs) - set(self.outputs)))

    @cached_property
    def ends(self) -> IntArray:
        """Branch ends as an array, shape (B, 2)."""
        return np.asarray(self.branches, dtype=np.int64).reshape(-1, 2)

    @cached_property
    def crossbar_shape(self) -> tuple[int, int] | None:
        """(rows, columns) where the branches are exactly those of `crossbar`, in its order; else None."""
        rows, columns = len(self.inputs), len(self.outputs)
        if len(self.nodes) != rows + columns or len(self.branches) != rows * columns:
            return None
        expected = [(i, j) for i in self.inputs for j in self.outputs]
        return (rows, columns) if list(self.branches) == expected else None

    @cached_property
    def incidence(self) -> FloatArray:
        """D, shape (N, B): 1 at the first end of each branch, −1 at the second."""
        whole = np.zeros((len(self.nodes), len(self.branches)))
        branch = np.arange(len(self.branches))
        whole[self.ends[:, 0], branch] = 1.0
        whole[self.ends[:, 1], branch] = -1.0
        return whole

    @cached_property
    def multigraph(self) -> Multigraph:
        """The branches as the solvers take them."""
        block = None
        if self.crossbar_shape is not None:
            block = CrossbarBlock(node_index(self.inputs), node_index(self.outputs), self.crossbar_shape)
        return Multigraph(self.nodes, self.ends, block)

    def branch_voltages(self, node_voltages: FloatArray) -> FloatArray:
        """Voltage over each branch, (…, N) V to (…, B) V."""
        return node_voltages[..., self.ends[:, 0]] - node_voltages[..., self.ends[:, 1]]

    def branch_name(self, branch: int) -> str:
        """Name a branch as people write it, ``in3-out7``."""
        a, b = self.branches[branch]
        return f"{self.nodes[a]}-{self.nodes[b]}"


def _check_names(topology: Topology) -> None:
    seen: set[str] = set()
    for name in topology.nodes:
        if name in seen:
            msg = f"node {name!r} is named twice"
            raise CircuitError(msg)
        seen.add(name)
    both = set(topology.inputs) & set(topology.outputs)
    if both:
        names = ", ".join(topology.nodes[node] for node in sorted(both))
        msg = f"{names}: a node is either an input or an output, not both"
        raise CircuitError(msg)
    for a, b in topology.branches:
        if not (0 <= a < len(topology.nodes) and 0 <= b < len(topology.nodes)):
            msg = f"branch ({a}, {b}) names a node that is not there; nodes are 0…{len(topology.nodes) - 1}"
            raise CircuitError(msg)
        if a == b:
            msg = f"a branch joins {topology.nodes[a]} to itself"
            raise CircuitError(msg)


def _check_connected(topology: Topology) -> None:
    neighbours: list[list[int]] = [[] for _ in topology.nodes]
    for a, b in topology.branches:
        neighbours[a].append(b)
        neighbours[b].append(a)
    reached = {0}
    frontier = [0]
    while frontier:
        for node in neighbours[frontier.pop()]:
            if node not in reached:
                reached.add(node)
                frontier.append(node)
    lost = [name for node, name in enumerate(topology.nodes) if node not in reached]
    if lost:
        msg = (
            f"the network is not connected: no branch leads from {topology.nodes[0]} to {', '.join(lost[:8])}"
        )
        raise CircuitError(msg)
