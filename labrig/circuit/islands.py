"""Nodes that no conducting path joins to a driven node: their potential is anything."""

from collections.abc import Sequence

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray, IntArray
from labrig.errors import CircuitError


def floating(ends: IntArray, conductances: BranchArray, driven: BoolArray) -> BoolArray:
    """Which nodes, shape (N,), have no path of non-zero conductance to a driven one."""
    live = ends[conductances > 0]
    first, second = live[:, 0], live[:, 1]
    reached = driven.copy()
    for _ in range(4):
        reached[second[reached[first]]] = True
        reached[first[reached[second]]] = True
        if reached.all():
            return ~reached
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes = len(driven)
    adjacency = coo_array((np.ones(len(live), dtype=np.int8), (first, second)), shape=(nodes, nodes))
    _, component = connected_components(adjacency, directed=False)
    return ~np.isin(component, component[driven])


def floating_dense(matrix: FloatArray, driven: BoolArray) -> BoolArray:
    """As `floating`, from a matrix of conductances between nodes, (N, N)."""
    reached = driven
    while not reached.all():
        wider = (matrix @ reached > 0) | reached
        if np.array_equal(wider, reached):
            break
        reached = wider
    return ~reached


def refuse_floating(names: Sequence[str], lost: BoolArray) -> None:
    """Name the floating nodes.

    Raises
    ------
    CircuitError
        There are some.
    """
    if not lost.any():
        return
    nodes = [names[node] for node in np.flatnonzero(lost).tolist()]
    shown = ", ".join(nodes[:8]) + (f" and {len(nodes) - 8} more" if len(nodes) > 8 else "")
    msg = (
        f"{shown}: no path of non-zero conductance leads from here to a driven node, so the potential is "
        "undetermined; drive a node of this island or join it to the rest"
    )
    raise CircuitError(msg)
