"""A network in memory whose branches take any conductance and whose readings are exact."""

from collections.abc import Sequence

import numpy as np

from labrig.arrays import BranchArray
from labrig.circuit import closed, islands
from labrig.circuit.boundary import Boundary, TowardTarget
from labrig.circuit.drives import Drives
from labrig.circuit.lower import lower
from labrig.circuit.methods import settle
from labrig.circuit.multigraph import checked_conductances
from labrig.circuit.network import NetworkStates, Nudging, Origin
from labrig.circuit.solve import as_states, voltage_origin
from labrig.circuit.topology import Topology
from labrig.errors import CircuitError


class IdealNetwork:
    """A `PhysicalNetwork` that solves instead of measuring.

    Parameters
    ----------
    topology
        N nodes and B branches.
    conductances
        At the start, (B,), S; all 1 S where not given.
    nudging
        What to say that it can do; a nudge beyond it is refused, as a board refuses it.
    """

    def __init__(
        self,
        topology: Topology,
        conductances: BranchArray | None = None,
        nudging: Nudging = Nudging(),  # noqa: B008 - frozen
    ) -> None:
        self._topology = topology
        self._nudging = nudging
        self._conductances = np.ones(len(topology.branches))
        if conductances is not None:
            self._conductances = checked_conductances(topology.multigraph, conductances).copy()
        self.exchanges = 0
        """Calls of `settle`."""
        self.measurements = 0
        """Settled states."""

    @property
    def topology(self) -> Topology:
        """Nodes and branches."""
        return self._topology

    @property
    def nudging(self) -> Nudging:
        """Which second states can ride in the same exchange as the first."""
        return self._nudging

    @property
    def conductances(self) -> BranchArray:
        """Present conductances, (B,), S, a copy."""
        return self._conductances.copy()

    def settle(
        self,
        boundaries: Sequence[Boundary],
        *,
        program: BranchArray | None = None,
        currents: bool = False,
    ) -> NetworkStates:
        """One exchange: set the branches, then settle each boundary.

        Raises
        ------
        CircuitError
            As `labrig.circuit.solve`; or a nudge that `nudging` excludes.
        """
        graph = self._topology.multigraph
        if program is not None:
            self._conductances = checked_conductances(graph, program).copy()
        for row, boundary in enumerate(boundaries):
            if boundary.nudges or boundary.currents:
                self._refuse_beyond(row, boundary)
        drives = lower(graph.names, boundaries)
        self.exchanges += 1
        self.measurements += len(boundaries)
        if currents:
            potentials, flows = settle(graph, self._conductances, drives)
            return as_states(self._conductances, drives, potentials, flows)
        return self._without_currents(drives)

    def _without_currents(self, drives: Drives) -> NetworkStates:
        graph = self._topology.multigraph
        if graph.block is not None and closed.crossbar_applies(graph.block, drives):
            potentials = np.empty(drives.fixed.shape)
            for stage in drives.stages():
                part = drives.at_stage(stage, potentials)
                potentials[stage] = closed.crossbar_potentials(graph.block, self._conductances, part)
            unknown = np.isnan(potentials)
            if unknown.any():
                islands.refuse_floating(graph.names, unknown[unknown.any(axis=1)][0])
        else:
            potentials, _ = settle(graph, self._conductances, drives)
        return NetworkStates(
            node_voltages=potentials,
            voltage_origin=voltage_origin(drives),
            clamp_currents=np.full(potentials.shape, np.nan),
            current_origin=np.full(potentials.shape, Origin.UNKNOWN, dtype=np.uint8),
            flags=np.zeros(potentials.shape, dtype=np.uint8),
            conductances=self._conductances,
        )

    def _refuse_beyond(self, row: int, boundary: Boundary) -> None:
        can = self._nudging
        reason = None
        if boundary.currents and not can.inject:
            reason = "injects a current"
        for nudge in boundary.nudges.values():
            if isinstance(nudge, TowardTarget):
                if not can.toward_target:
                    reason = "clamps toward a target"
            elif can.through is None or not can.through[0] <= nudge.conductance <= can.through[1]:
                reason = f"nudges through {nudge.conductance} S"
        if reason is not None:
            msg = f"boundary {row} {reason}, which this network cannot do; it says {can}"
            raise CircuitError(msg)
