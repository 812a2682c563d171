"""Closed forms, where no conducting branch joins two unknown nodes: every unknown is a weighted mean."""

import numpy as np

from labrig.arrays import BranchArray, FloatArray, IntArray
from labrig.circuit.drives import Drives, Group
from labrig.circuit.multigraph import CrossbarBlock, leaving_currents, sum_by_index


def applies(ends: IntArray, conductances: BranchArray, group: Group) -> bool:
    """Whether each conducting branch has at least one forced end."""
    joined = ~(group.fixed[ends[:, 0]] | group.fixed[ends[:, 1]])
    return not bool((joined & (conductances > 0)).any())


def settle(ends: IntArray, conductances: BranchArray, group: Group) -> tuple[FloatArray, FloatArray]:
    """Potentials and currents into the network at driven nodes, each (M, N), where `applies`."""
    nodes = len(group.fixed)
    first, second = ends[:, 0], ends[:, 1]
    total = (
        sum_by_index(first, conductances, nodes) + sum_by_index(second, conductances, nodes) + group.shunts
    )
    potentials = group.volts.copy()
    unknown = ~group.fixed
    for row, volts in enumerate(group.volts):
        drawn = (
            sum_by_index(first, conductances * volts[second], nodes)
            + sum_by_index(second, conductances * volts[first], nodes)
            + group.shunts * group.sources[row]
            + group.injected[row]
        )
        potentials[row, unknown] = drawn[unknown] / total[unknown]
    currents = np.where(
        group.fixed,
        leaving_currents(ends, conductances, potentials),
        group.shunts * (group.sources - potentials),
    )
    return potentials, currents


def crossbar_applies(block: CrossbarBlock, drives: Drives) -> bool:
    """Whether every row of the crossbar is forced in every state."""
    return bool(drives.fixed[:, block.rows].all())


def crossbar_potentials(block: CrossbarBlock, conductances: BranchArray, drives: Drives) -> FloatArray:
    """Potentials (M, N) of a crossbar with every row forced; NaN at a column that nothing drives.

    ``x_j = (Σ_i g_ij p_i + shunt_j source_j + current_j) / (Σ_i g_ij + shunt_j)``
    """
    g = conductances.reshape(block.shape)
    columns = block.columns
    shunts = drives.shunts[:, columns]
    total = g.sum(axis=0) + shunts
    # Not ``@``: BLAS rounds a state differently with the number of states beside it.
    drawn = np.einsum("mi,ij->mj", drives.volts[:, block.rows], g)
    drawn += shunts * drives.sources[:, columns]
    drawn += drives.injected[:, columns]
    means = np.full(drawn.shape, np.nan)
    np.divide(drawn, total, out=means, where=total > 0)
    potentials = drives.volts.copy()
    potentials[:, columns] = np.where(drives.fixed[:, columns], drives.volts[:, columns], means)
    return potentials


def crossbar_currents(
    block: CrossbarBlock, conductances: BranchArray, drives: Drives, potentials: FloatArray
) -> FloatArray:
    """Currents (M, N) into a crossbar with every row forced, at its driven nodes; 0 at others."""
    g = conductances.reshape(block.shape)
    rows, columns = potentials[:, block.rows], potentials[:, block.columns]
    currents = drives.shunts * (drives.sources - potentials)
    currents[:, block.rows] = rows * g.sum(axis=1) - columns @ g.T
    forced = columns * g.sum(axis=0) - rows @ g
    currents[:, block.columns] = np.where(drives.fixed[:, block.columns], forced, currents[:, block.columns])
    return currents
