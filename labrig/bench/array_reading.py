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
    topology: Topology, volts: FloatArray, sources: FloatArray, drive: Ohms, resolution: Volts = 0.0
) -> tuple[BranchArray, BranchArray]:
    """Conductance of each branch and its standard uncertainty, shape (B,) each, S, from those states.

    What flows into output j comes through its own branches alone, sum_i g_ij (V_i - V_j) = (V_j - U_j) / R
    in each state, with R the drive resistor: as many equations as unknowns. NaN where they do not tell.

    Readings that are off by dV and dU move their equation by (1/R + sum_i g_ij) dV_j - sum_i g_ij dV_i
    - dU_j / R. Those of a state are taken as independent, that of U_j, which rests, as wrong alike in all.

    Parameters
    ----------
    volts, sources
        Line side V and driver side U of the drive resistors, shape (I, N), V.
    resolution
        Standard uncertainty of a reading, V.
    """
    inputs, outputs = list(topology.inputs), list(topology.outputs)
    over = volts[:, inputs][None] - volts[:, outputs].T[:, :, None]
    amperes = ((volts[:, outputs] - sources[:, outputs]) / drive).T[:, :, None]
    try:
        inverse = np.linalg.inv(over)
    except np.linalg.LinAlgError:
        unknown = np.full(len(inputs) * len(outputs), np.nan)
        return unknown, unknown
    found = (inverse @ amperes)[:, :, 0]
    own = (1 / drive + found.sum(axis=1)) ** 2 + (found**2).sum(axis=1)
    variances = (inverse**2).sum(axis=2) * own[:, None] + (inverse.sum(axis=2) / drive) ** 2
    doubts = resolution * np.sqrt(variances)
    return found.T.reshape(-1), doubts.T.reshape(-1)
