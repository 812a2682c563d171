"""Topologies, and what their wires are, from their configuration."""

from collections.abc import Sequence

import numpy as np

from labrig.circuit.topology import Topology
from labrig.circuit.wires import Wires
from labrig.config.calibration import WireCalibration, WiresCalibration
from labrig.config.network import CrossbarNetwork, NetworkConfig


def build_topology(network: NetworkConfig) -> Topology:
    """Nodes and branches of a rig's network."""
    if isinstance(network, CrossbarNetwork):
        return Topology.crossbar(network.inputs, network.outputs)
    return Topology.graph(network.nodes, network.branches, network.inputs, network.outputs)


def build_wires(found: WiresCalibration, names: Sequence[str]) -> Wires:
    """Resistances of the lines of these nodes, as they were calibrated; none of a node that was not."""
    none = WireCalibration(end=0.0, end_uncertainty=0.0, segment=0.0, segment_uncertainty=0.0)
    lines = [found.lines.get(name, none) for name in names]
    return Wires(np.array([line.end for line in lines]), np.array([line.segment for line in lines]))
