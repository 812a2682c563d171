"""A network's settled states, checked and labelled."""

from collections.abc import Sequence

import numpy as np

from labrig.arrays import BranchArray, FloatArray
from labrig.circuit.boundary import Boundary
from labrig.circuit.drives import Drives
from labrig.circuit.lower import lower
from labrig.circuit.methods import settle
from labrig.circuit.multigraph import checked_conductances
from labrig.circuit.network import NetworkStates, Origin, OriginArray
from labrig.circuit.topology import Topology

_COMMANDED, _MODELLED = np.uint8(Origin.COMMANDED), np.uint8(Origin.MODELLED)


def solve(topology: Topology, conductances: BranchArray, boundaries: Sequence[Boundary]) -> NetworkStates:
    """Settle a network under each boundary.

    Parameters
    ----------
    topology
        N nodes and B branches.
    conductances
        Of the branches, (B,), S; zero is an open branch.
    boundaries
        M boundaries; all are complete, and a `TowardTarget` refers to an earlier one of them.

    Returns
    -------
    NetworkStates
        Forced potentials are commanded, all others modelled; clamp currents are modelled at forced and
        nudged nodes, commanded where injected, NaN elsewhere.

    Raises
    ------
    CircuitError
        A conductance is negative, NaN or infinite; a node is driven twice; a node has no conducting path to a
        driven one.
    """
    graph = topology.multigraph
    g = checked_conductances(graph, conductances)
    drives = lower(graph.names, boundaries)
    potentials, currents = settle(graph, g, drives)
    return as_states(g, drives, potentials, currents)


def as_states(
    conductances: BranchArray, drives: Drives, potentials: FloatArray, currents: FloatArray
) -> NetworkStates:
    """Label potentials and currents (M, N) with their origin; currents of released nodes become NaN."""
    origin = drives.current_origin
    injected = origin == Origin.COMMANDED
    currents = np.where(injected, drives.injected, currents)
    currents[origin == Origin.UNKNOWN] = np.nan
    return NetworkStates(
        node_voltages=potentials,
        voltage_origin=voltage_origin(drives),
        clamp_currents=currents,
        current_origin=origin,
        flags=np.zeros(potentials.shape, dtype=np.uint8),
        conductances=conductances,
    )


def voltage_origin(drives: Drives) -> OriginArray:
    """COMMANDED where forced, MODELLED elsewhere, (M, N)."""
    return np.where(drives.fixed, _COMMANDED, _MODELLED)
