"""Currents that drivers supply: over a resistor where its far side was read, else by Kirchhoff's law."""

import numpy as np

from labrig.arrays import BranchArray, FloatArray
from labrig.circuit.boundary import Boundary, ThroughConductance
from labrig.circuit.topology import Topology
from labrig.devices.dividers import DividerLaw


def driver_currents(
    boundary: Boundary, drives: FloatArray, sources: FloatArray, volts: FloatArray
) -> FloatArray:
    """Current into each node by the drop over what drives it, shape (N,), A; NaN where that was not read.

    Parameters
    ----------
    drives
        Drive resistor of each node, shape (N,), ohm; 0: there is no drop to read.
    sources, volts
        Driver side and node side, shape (N,), V.
    """
    siemens = np.full(volts.shape, np.nan)
    driven = [node for node in (*boundary.voltages, *boundary.nudges) if drives[node] > 0]
    siemens[driven] = 1 / drives[driven]
    for node, nudge in boundary.nudges.items():
        if isinstance(nudge, ThroughConductance):
            siemens[node] = nudge.conductance
    return np.asarray((sources - volts) * siemens)


def injected(topology: Topology, conductances: BranchArray, volts: FloatArray) -> FloatArray:
    """Current into each node that these conductances and voltages imply, shape (N,), A."""
    through = topology.branch_voltages(volts) * conductances
    count = len(topology.nodes)
    outward = np.bincount(topology.ends[:, 0], through, count)
    inward = np.bincount(topology.ends[:, 1], through, count)
    return np.asarray(outward - inward, dtype=np.float64)


def injected_across(
    topology: Topology, law: DividerLaw, conductances: BranchArray, volts: FloatArray
) -> FloatArray:
    """Current into each row of a crossbar that dividers carry on to the other row of its pair, (N,), A."""
    rows = volts[topology.ends[:, 0]]
    through = law.across(conductances) * (rows - rows[law.partner])
    into = np.bincount(topology.ends[:, 0], through, len(topology.nodes))
    return np.asarray(into, dtype=np.float64)
