"""Topologies from their configuration."""

from labrig.circuit.topology import Topology
from labrig.config.network import CrossbarNetwork, NetworkConfig


def build_topology(network: NetworkConfig) -> Topology:
    """Nodes and branches of a rig's network."""
    if isinstance(network, CrossbarNetwork):
        return Topology.crossbar(network.inputs, network.outputs)
    return Topology.graph(network.nodes, network.branches, network.inputs, network.outputs)
