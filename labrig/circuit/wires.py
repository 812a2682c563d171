"""A crossbar whose wires have a resistance: nodes inside its lines, and the pieces of wire between them.

A row is read at its left end and a column at its lower end: the first branch of a row is that to the first
column, and the first branch of a column is that to the last row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray, IntArray, Siemens
from labrig.circuit.topology import Topology

_LEAST: Siemens = 1e-15
"""Of a branch, so that nothing inside a line is cut off."""


@dataclass(frozen=True, slots=True)
class Wires:
    """Resistances of the lines of a crossbar, by node.

    Parameters
    ----------
    ends
        From where a line is read to its first branch, shape (N,), ohm.
    segments
        From each branch of a line to the next, shape (N,), ohm.
    """

    ends: FloatArray
    segments: FloatArray


@dataclass(frozen=True)
class Mesh:
    """A crossbar with the nodes inside its lines: the N nodes of its topology first, then those inside.

    Parameters
    ----------
    nodes
        How many there are in all.
    terminals
        N.
    branches
        Nodes that each branch joins, shape (B, 2).
    pieces
        Nodes that each piece of wire joins, shape (E, 2).
    line
        Node of the topology whose line each piece belongs to, shape (E,).
    at_end
        Which pieces lie between a reading and the first branch, shape (E,); the others lie between branches.
    """

    nodes: int
    terminals: int
    branches: IntArray
    pieces: IntArray
    line: IntArray
    at_end: BoolArray

    @classmethod
    def of(
        cls,
        topology: Topology,
        rows: Sequence[int],
        columns: Sequence[int],
        ends: BoolArray,
        segments: BoolArray,
    ) -> "Mesh":
        """Of a crossbar in which some pieces of wire have a resistance.

        Parameters
        ----------
        rows, columns
            Inputs from top to bottom and outputs from left to right.
        ends, segments
            Nodes whose line has a resistance there, shape (N,).
        """
        pieces: list[tuple[int, int, int, bool]] = []
        fresh = count(len(topology.nodes))
        at: dict[tuple[int, int], int] = {}
        for lines, others in ((rows, columns), (columns, rows[::-1])):
            for line in lines:
                node = line
                for k, other in enumerate(others):
                    if (ends if k == 0 else segments)[line]:
                        before, node = node, next(fresh)
                        pieces.append((before, node, line, k == 0))
                    at[line, other] = node
        found = np.array([[at[a, b], at[b, a]] for a, b in topology.branches], dtype=np.int64)
        return cls(
            nodes=len(topology.nodes) + len(pieces),
            terminals=len(topology.nodes),
            branches=found,
            pieces=np.array([piece[:2] for piece in pieces], dtype=np.int64).reshape(-1, 2),
            line=np.array([piece[2] for piece in pieces], dtype=np.int64),
            at_end=np.array([piece[3] for piece in pieces], dtype=np.bool_),
        )

    @cached_property
    def ends(self) -> IntArray:
        """Nodes that branches and then pieces join, shape (B + E, 2)."""
        return np.vstack([self.branches, self.pieces])

    def conductances(self, wires: Wires) -> FloatArray:
        """Of the pieces, shape (E,), S."""
        return np.asarray(1 / np.where(self.at_end, wires.ends[self.line], wires.segments[self.line]))

    def seen(self, conductances: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What the terminals see of these conductances of branches and pieces, (B + E,) S.

        Returns
        -------
        admittances
            Currents into the terminals by their voltages, shape (N, N), S.
        drops
            Voltage over each branch and piece by the voltages of the terminals, shape (B + E, N).
        """
        first, second = self.ends.T
        matrix = np.zeros((self.nodes, self.nodes))
        np.add.at(matrix, (first, first), conductances)
        np.add.at(matrix, (second, second), conductances)
        np.add.at(matrix, (first, second), -conductances)
        np.add.at(matrix, (second, first), -conductances)
        outer = self.terminals
        potentials = np.eye(self.nodes, outer)
        potentials[outer:] = -np.linalg.solve(matrix[outer:, outer:], matrix[outer:, :outer])
        drops: FloatArray = potentials[first] - potentials[second]
        return matrix[:outer] @ potentials, drops


def meshed(topology: Topology, wires: Wires) -> Mesh:
    """Of a crossbar whose inputs and outputs lie in their order."""
    return Mesh.of(topology, topology.inputs, topology.outputs, wires.ends > 0, wires.segments > 0)


def inner_drops(mesh: Mesh, wires: Wires, branches: BranchArray, volts: FloatArray) -> FloatArray:
    """Voltage over each branch itself by the voltages at the ends of the lines, (M, N) V to (M, B) V."""
    _, drops = mesh.seen(np.concatenate([np.maximum(branches, _LEAST), mesh.conductances(wires)]))
    return volts @ drops[: len(branches)].T
