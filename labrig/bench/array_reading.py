"""All conductances of a crossbar from readings of its lines: as many states as there are inputs."""

import numpy as np

from labrig.arrays import BranchArray, FloatArray, Ohms, Volts
from labrig.circuit.boundary import Boundary
from labrig.circuit.topology import Topology


def reading_states(topology: Topology, low: Volts, read: Volts) -> list[Boundary]:
    """One input after the other is `read` above the rest; every line is held through its drive resistor."""
    rest = dict.fromkeys((*topology.inputs, *topology.outputs), low)
    return [Boundary({**rest, node: low + read}) for node in topology.inputs]


def solved_conductances(
    topology: Topology, volts: FloatArray, sources: FloatArray, drive: Ohms
) -> BranchArray:
    """Conductance of each branch, shape (B,), S, from both sides of the drive resistors in those states.

    What flows into output j comes through its own branches alone, sum_i g_ij (V_i - V_j) = (V_j - U_j) / R in
    each state, with R the drive resistor: as many equations as unknowns. NaN where they do not tell.

    Parameters
    ----------
    volts, sources
        Line side V and driver side U, shape (I, N), V.
    """
    inputs, outputs = list(topology.inputs), list(topology.outputs)
    over = volts[:, inputs][None] - volts[:, outputs].T[:, :, None]
    amperes = ((volts[:, outputs] - sources[:, outputs]) / drive).T[:, :, None]
    try:
        found = np.linalg.solve(over, amperes)[:, :, 0]
    except np.linalg.LinAlgError:
        return np.full(len(inputs) * len(outputs), np.nan)
    return np.asarray(found.T.reshape(-1), dtype=np.float64)
