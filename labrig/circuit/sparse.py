"""Conjugate gradients for large networks, with a proof of the precision reached.

On graphs that spread quickly (random graphs, expanders) direct factors fill up, while the number of
iterations hardly grows.
"""

import numpy as np
from scipy.sparse import coo_array, csr_array

from labrig.arrays import BranchArray, FloatArray, IntArray
from labrig.circuit.drives import Group
from labrig.circuit.multigraph import leaving_currents, sum_by_index

TOLERANCE = 1e-9
"""Relative error that must be proved, of potentials against the largest, and of each current."""
_ROUNDS = 4
_ITERATIONS = 400
"""Of one round; where they do not suffice, elimination is faster."""
_EPSILON = float(np.finfo(np.float64).eps)


def settle(ends: IntArray, conductances: BranchArray, group: Group) -> tuple[FloatArray, FloatArray] | None:
    """Potentials and currents into the network at driven nodes, each (M, N); None where not proved precise.

    Every unknown node must have a conducting path to a driven one. The proof: the Laplacian M of the unknown
    nodes has a non-negative inverse, so a residual r changes potentials by at most ``max|r / diag(M)|`` times
    ``max M⁻¹ diag(M)``, and the latter is solved for as one more right-hand side.
    """
    nodes = len(group.fixed)
    unknown = np.flatnonzero(~group.fixed)
    laplacian, to_forced, diagonal = _system(ends, conductances, group)
    right = to_forced @ group.volts.T + (group.shunts * group.sources + group.injected)[:, unknown].T
    right = np.column_stack([right, diagonal])
    solution = np.zeros_like(right)
    residual = right
    for _ in range(_ROUNDS):
        correction = conjugate_gradients(laplacian, diagonal, residual)
        if correction is None:
            return None
        solution += correction
        residual = right - laplacian @ solution
        if (np.abs(residual) <= _EPSILON * diagonal[:, None] * np.abs(solution).max(axis=0)).all():
            break
    potentials = group.volts.copy()
    potentials[:, unknown] = solution[:, :-1].T
    currents = np.where(
        group.fixed,
        leaving_currents(ends, conductances, potentials),
        group.shunts * (group.sources - potentials),
    )
    scaled = np.abs(residual / diagonal[:, None]).max(axis=0)
    if not scaled[-1] < 0.5:
        return None
    walk = 2 * solution[:, -1].max()
    largest = np.abs(potentials).max(axis=1)
    error = (scaled[:-1] + _EPSILON * largest) * walk
    reach = (
        sum_by_index(ends[:, 0], conductances * ~group.fixed[ends[:, 1]], nodes)
        + sum_by_index(ends[:, 1], conductances * ~group.fixed[ends[:, 0]], nodes)
    ) * group.fixed + group.shunts
    sizes = np.abs(currents)
    sizes = np.maximum(sizes, 1e-3 * sizes.max(axis=1, keepdims=True))
    proved = (error <= TOLERANCE * largest).all() and (reach * error[:, None] <= TOLERANCE * sizes).all()
    return (potentials, currents) if proved else None


def _system(
    ends: IntArray, conductances: BranchArray, group: Group
) -> tuple[csr_array, csr_array, FloatArray]:
    """Laplacian of the unknown nodes (U, U), conductances from them to every node (U, N), diagonal."""
    nodes = len(group.fixed)
    first, second = ends[:, 0], ends[:, 1]
    between = coo_array(
        (
            np.concatenate([conductances, conductances]),
            (np.concatenate([first, second]), np.concatenate([second, first])),
        ),
        shape=(nodes, nodes),
    ).tocsr()
    unknown = np.flatnonzero(~group.fixed)
    rows = between[unknown]
    diagonal = np.asarray(rows.sum(axis=1)).ravel() + group.shunts[unknown]
    inner = (-rows[:, unknown]).tocoo()
    laplacian = coo_array(
        (
            np.concatenate([inner.data, diagonal]),
            (
                np.concatenate([inner.row, np.arange(len(unknown))]),
                np.concatenate([inner.col, np.arange(len(unknown))]),
            ),
        ),
        shape=(len(unknown), len(unknown)),
    ).tocsr()
    return laplacian, rows, diagonal


def conjugate_gradients(matrix: csr_array, diagonal: FloatArray, right: FloatArray) -> FloatArray | None:
    """Jacobi-preconditioned, each column (U, K) by itself, to 1e-8 of its residual; None if slow."""
    solution = np.zeros_like(right)
    residual = right.copy()
    inverse = 1 / diagonal[:, None]
    preconditioned = inverse * residual
    direction = preconditioned.copy()
    power = (residual * preconditioned).sum(axis=0)
    goal = power * 1e-16
    for _ in range(_ITERATIONS):
        active = power > goal
        if not active.any():
            return solution
        image = matrix @ direction
        curvature = (direction * image).sum(axis=0)
        step = np.divide(power, curvature, out=np.zeros_like(power), where=active & (curvature > 0))
        solution += step * direction
        residual -= step * image
        preconditioned = inverse * residual
        previous, power = power, (residual * preconditioned).sum(axis=0)
        direction *= np.divide(power, previous, out=np.zeros_like(power), where=previous > 0)
        direction += preconditioned
    return None
