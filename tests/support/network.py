"""The network that boards under contract stand on, in the order of a rig file and in the order of lines."""

from labrig.circuit.topology import Topology

INPUTS = tuple(f"in{k}" for k in range(4))
OUTPUTS = tuple(f"out{k}" for k in range(3))
HIDDEN = ("hid1", "hid2", "hid0")
INPUT_LINES = range(4)
OUTPUT_LINES = range(4, 7)
HIDDEN_LINES = range(7, 10)

_BRANCHES = [(a, b) for a in INPUTS for b in (*HIDDEN, *OUTPUTS)] + [(a, b) for a in HIDDEN for b in OUTPUTS]
# Inputs and outputs are numbered in the order in which a rig names them as such, hidden nodes in this one.
_SHUFFLED = ("hid1", "in2", "out0", "in0", "hid2", "out2", "in3", "out1", "hid0", "in1")


def as_described() -> Topology:
    """Nodes in no order at all, as a rig file may name them."""
    return Topology.graph(_SHUFFLED, _BRANCHES, INPUTS, OUTPUTS)


def on_lines() -> Topology:
    """Node k is line k of the board: inputs, then outputs, then hidden nodes."""
    return Topology.graph((*INPUTS, *OUTPUTS, *HIDDEN), _BRANCHES, INPUTS, OUTPUTS)
