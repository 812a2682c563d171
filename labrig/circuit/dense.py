"""Cholesky on the matrix of conductances: small networks of any shape, a simulated board's inner loop."""

import numpy as np
from scipy.linalg.lapack import dposv

from labrig.arrays import BoolArray, BranchArray, FloatArray, IntArray
from labrig.circuit import starmesh
from labrig.circuit.drives import Group
from labrig.circuit.islands import floating_dense
from labrig.circuit.multigraph import leaving_currents, sum_by_index

LONGEST_WALK = 1e5
"""Steps of a random walk above which `settle_group` gives up."""


def conductance_matrix(ends: IntArray, conductances: BranchArray, nodes: int) -> FloatArray:
    """Sum of the conductances between each two nodes, (N, N) S, symmetric with a zero diagonal."""
    upper = sum_by_index(ends[:, 0] * nodes + ends[:, 1], conductances, nodes * nodes).reshape(nodes, nodes)
    return upper + upper.T


def settle(
    ends: IntArray,
    conductances: BranchArray,
    *,
    fixed: BoolArray,
    volts: FloatArray,
    shunts: FloatArray,
    sources: FloatArray,
    injected: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Settle a network given in arrays, without checks: the inner loop of a simulated board.

    Parameters
    ----------
    ends
        Two node numbers a branch, (B, 2).
    conductances
        (B,), S, zero or positive.
    fixed, volts
        Which nodes are forced, and to what, (..., N) V.
    shunts, sources
        Conductance from each node to a source of its own, S (0: none), and that source's voltage, V;
        (..., N).
        A drive resistor R is a shunt of 1/R. Ignored at a forced node.
    injected
        Current into each node, (..., N) A. Ignored at a forced node.

    Returns
    -------
    potentials, currents
        (..., N): V, NaN where no conducting path leads to a forced node or a shunt; and A, into the
        network at forced nodes and through shunts, 0 at others.
    """
    shape = fixed.shape
    nodes = shape[-1]
    matrix = conductance_matrix(ends, conductances, nodes)
    states = [array.reshape(-1, nodes) for array in (fixed, volts, shunts, sources, injected)]
    potentials, currents = np.empty((len(states[0]), nodes)), np.empty((len(states[0]), nodes))
    for k, (held, level, shunt, source, current) in enumerate(zip(*states, strict=True)):
        lost = floating_dense(matrix, held | (shunt > 0))
        one = Group(held | lost, shunt, np.where(held, level, 0.0)[None], source[None], current[None])
        solution = _potentials(matrix, one)
        if solution is None:
            solution, _ = starmesh.settle(ends, conductances, one)
        potentials[k] = solution[0]
        currents[k] = shunt * (source - potentials[k])
        if held.any():
            currents[k, held] = leaving_currents(ends, conductances, solution)[0, held]
        if lost.any():
            potentials[k, lost] = np.nan
            currents[k, lost] = 0.0
    return potentials.reshape(shape), currents.reshape(shape)


def settle_group(
    ends: IntArray, conductances: BranchArray, group: Group
) -> tuple[FloatArray, FloatArray] | None:
    """Potentials and currents into the network at driven nodes, each (M, N); None where digits were lost.

    Every unknown node must have a conducting path to a driven one. The loss is the most steps that a random
    walk over the network takes on average before it ends at a driven node, ``max M⁻¹ diag(M)``: potentials
    are good to about machine precision times it (it is half of Skeel's condition number of an M-matrix).
    """
    matrix = conductance_matrix(ends, conductances, len(group.fixed))
    system, right, unknown = _system(matrix, group)
    solution = _solve_positive(system, np.column_stack([right, system.diagonal()]))
    if solution is None or not solution[:, -1].max(initial=1.0) < LONGEST_WALK:
        return None
    potentials = group.volts.copy()
    potentials[:, unknown] = solution[:, :-1].T
    currents = np.where(
        group.fixed,
        leaving_currents(ends, conductances, potentials),
        group.shunts * (group.sources - potentials),
    )
    return potentials, currents


def _potentials(matrix: FloatArray, group: Group) -> FloatArray | None:
    system, right, unknown = _system(matrix, group)
    solution = _solve_positive(system, right)
    if solution is None:
        return None
    potentials = group.volts.copy()
    potentials[:, unknown] = solution.T
    return potentials


def _system(matrix: FloatArray, group: Group) -> tuple[FloatArray, FloatArray, IntArray]:
    """Laplacian of the unknown nodes (U, U), right-hand sides (U, M), and the unknown nodes."""
    unknown = np.flatnonzero(~group.fixed)
    shunts = group.shunts[unknown]
    right = (shunts * group.sources[:, unknown] + group.injected[:, unknown]).T
    rows = matrix
    if len(unknown) < len(matrix):
        forced = np.flatnonzero(group.fixed)
        rows = matrix[unknown]
        right += rows[:, forced] @ group.volts[:, forced].T
        system = -rows[:, unknown]
    else:
        system = -matrix
    system.flat[:: len(unknown) + 1] = rows.sum(axis=1) + shunts
    return system, right, unknown


def _solve_positive(system: FloatArray, right: FloatArray) -> FloatArray | None:
    """Solution by Cholesky; None where the matrix is not positive definite to machine precision."""
    if not len(system):
        return right
    _, solution, info = dposv(system.T, right, overwrite_a=True)
    return solution if info == 0 else None
