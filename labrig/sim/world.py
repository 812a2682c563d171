"""One circuit on which every simulated device acts: what one forces, the others read."""

from collections.abc import Sequence

import numpy as np

from labrig.arrays import BranchArray, FloatArray
from labrig.circuit.boundary import Boundary
from labrig.circuit.solve import solve
from labrig.circuit.topology import Topology


class CircuitWorld:
    """A network of lines with its true conductances.

    Parameters
    ----------
    topology
        On board lines.
    conductances
        At power-up, shape (B,), S.
    """

    def __init__(self, topology: Topology, conductances: BranchArray) -> None:
        self.topology = topology
        self.conductances = conductances

    def settle(self, boundaries: Sequence[Boundary]) -> FloatArray:
        """Voltage of every line in each settled state, (M, L) V; 0 V where nothing is driven at all."""
        volts = np.zeros((len(boundaries), len(self.topology.nodes)))
        driven = [k for k, boundary in enumerate(boundaries) if boundary.voltages or boundary.nudges]
        if driven:
            states = solve(self.topology, self.conductances, [boundaries[k] for k in driven])
            volts[driven] = states.node_voltages
        return volts
