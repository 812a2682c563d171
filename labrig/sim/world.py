"""One circuit on which every simulated device acts: what one forces, the others read."""

from collections.abc import Sequence

import numpy as np

from labrig.arrays import BoolArray, BranchArray, FloatArray
from labrig.circuit.boundary import Boundary
from labrig.circuit.islands import floating
from labrig.circuit.solve import solve
from labrig.circuit.topology import Topology


class CircuitWorld:
    """A network of lines with its true conductances.

    Parameters
    ----------
    topology
        On board lines.
    conductances
        At power-up, shape (B,), S; 0 is an open branch.
    """

    def __init__(self, topology: Topology, conductances: BranchArray) -> None:
        self.topology = topology
        self.conductances = conductances

    def settle(self, boundaries: Sequence[Boundary]) -> FloatArray:
        """Voltage of every line in each settled state, (M, L) V; 0 V where no source of voltage reaches."""
        volts = np.zeros((len(boundaries), len(self.topology.nodes)))
        driven = [k for k, boundary in enumerate(boundaries) if boundary.voltages or boundary.nudges]
        if driven:
            imposed = [self._grounded(boundaries[k]) for k in driven]
            volts[driven] = solve(self.topology, self.conductances, imposed).node_voltages
        return volts

    def _grounded(self, boundary: Boundary) -> Boundary:
        """The same, and every island that would float is held at 0 V, as by the leak of its converters."""
        if self.conductances.all():
            return boundary
        lost = {int(line) for line in np.flatnonzero(self._floating(boundary))}
        return Boundary(
            {**boundary.voltages, **dict.fromkeys(lost, 0.0)},
            {line: amperes for line, amperes in boundary.currents.items() if line not in lost},
            boundary.nudges,
        )

    def _floating(self, boundary: Boundary) -> BoolArray:
        sourced = np.zeros(len(self.topology.nodes), dtype=np.bool_)
        sourced[[*boundary.voltages, *boundary.nudges]] = True
        return floating(self.topology.ends, self.conductances, sourced)
