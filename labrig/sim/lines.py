"""The circuit as a board sees it: lines instead of nodes."""

from labrig.circuit.topology import Topology


def line_topology(topology: Topology) -> Topology:
    """The same network with its nodes in the order of board lines: inputs, outputs, hidden."""
    order = (*topology.inputs, *topology.outputs, *topology.hidden)
    line = {node: k for k, node in enumerate(order)}
    first_output, first_hidden = len(topology.inputs), len(topology.inputs) + len(topology.outputs)
    return Topology(
        nodes=tuple(topology.nodes[node] for node in order),
        branches=tuple((line[a], line[b]) for a, b in topology.branches),
        inputs=tuple(range(first_output)),
        outputs=tuple(range(first_output, first_hidden)),
    )
