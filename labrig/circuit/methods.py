"""The method that a network's structure asks for.

===================================================  ================================================
every conducting branch has a forced end             closed form (`closed`)
few unknown nodes, few decades of conductance        Cholesky (`dense`)
many unknown nodes                                   conjugate gradients, with a proof (`sparse`)
any other, and where one of these declines           star–mesh elimination (`starmesh`)
===================================================  ================================================

Potentials and forced currents agree with exact arithmetic to 1e-9 relative.
"""

import numpy as np

from labrig.arrays import BranchArray, FloatArray
from labrig.circuit import closed, starmesh
from labrig.circuit.drives import Drives, Group
from labrig.circuit.islands import floating, refuse_floating
from labrig.circuit.multigraph import Multigraph

FEW = 200
"""Unknown nodes up to which Cholesky is the fastest."""
MANY = 1000
"""Unknown nodes above which conjugate gradients are the fastest, on graphs that spread quickly."""
CONTRAST = 1e5
"""Largest over smallest conductance, times nodes, up to which plain arithmetic is precise enough."""


def settle(graph: Multigraph, conductances: BranchArray, drives: Drives) -> tuple[FloatArray, FloatArray]:
    """Potentials and currents into the network at driven nodes (0 elsewhere), each (M, N).

    Raises
    ------
    CircuitError
        A node has no conducting path to a driven one.
    """
    shape = drives.fixed.shape
    potentials, currents = np.empty(shape), np.empty(shape)
    for stage in drives.stages():
        part = drives.at_stage(stage, potentials)
        relative, base = part.relative()
        settled, currents[stage] = _settle_stage(graph, conductances, relative)
        potentials[stage] = np.where(part.fixed, part.volts, settled + base)
    return potentials, currents


def _settle_stage(
    graph: Multigraph, conductances: BranchArray, drives: Drives
) -> tuple[FloatArray, FloatArray]:
    block = graph.block
    if (
        block is not None
        and closed.crossbar_applies(block, drives)
        and _contrast(conductances, drives.shunts) * len(graph.names) <= CONTRAST
    ):
        potentials = closed.crossbar_potentials(block, conductances, drives)
        unknown = np.isnan(potentials)
        if unknown.any():
            refuse_floating(graph.names, unknown[unknown.any(axis=1)][0])
        return potentials, closed.crossbar_currents(block, conductances, drives, potentials)
    potentials, currents = np.empty(drives.fixed.shape), np.empty(drives.fixed.shape)
    for rows, group in drives.groups():
        potentials[rows], currents[rows] = _settle_group(graph, conductances, group)
    return potentials, currents


def _settle_group(
    graph: Multigraph, conductances: BranchArray, group: Group
) -> tuple[FloatArray, FloatArray]:
    driven = group.fixed | (group.shunts > 0)
    refuse_floating(graph.names, floating(graph.ends, conductances, driven))
    unknown = int((~group.fixed).sum())
    touching = conductances[~group.fixed[graph.ends].all(axis=1)]
    precise = _contrast(touching, group.shunts[~group.fixed]) * unknown <= CONTRAST
    solution = None
    if precise and closed.applies(graph.ends, conductances, group):
        solution = closed.settle(graph.ends, conductances, group)
    elif unknown > MANY:
        from labrig.circuit import sparse

        solution = sparse.settle(graph.ends, conductances, group)
    elif precise and unknown <= FEW:
        from labrig.circuit import dense

        solution = dense.settle_group(graph.ends, conductances, group)
    return solution or starmesh.settle(graph.ends, conductances, group)


def _contrast(conductances: BranchArray, shunts: FloatArray) -> float:
    """Largest over smallest of the conductances that are not zero."""
    low = min(
        conductances.min(where=conductances > 0, initial=np.inf), shunts.min(where=shunts > 0, initial=np.inf)
    )
    high = max(conductances.max(initial=0.0), shunts.max(initial=0.0))
    return float(high / low) if high > 0 else 1.0
