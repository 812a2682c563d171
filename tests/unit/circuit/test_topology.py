import numpy as np
import pytest

from labrig.circuit import Topology
from labrig.errors import CircuitError


def test_a_crossbar_joins_every_row_to_every_column_row_by_row() -> None:
    topology = Topology.crossbar(2, 3)
    assert topology.nodes == ("in0", "in1", "out0", "out1", "out2")
    assert topology.branches == ((0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4))
    assert topology.crossbar_shape == (2, 3)
    assert topology.hidden == ()
    assert topology.branch_name(4) == "in1-out1"


def test_a_complete_bipartite_graph_is_a_crossbar_whatever_its_node_numbers() -> None:
    pairs = [("p", "x"), ("p", "y"), ("q", "x"), ("q", "y")]
    assert Topology.graph("xpyq", pairs, "pq", "xy").crossbar_shape == (2, 2)
    assert Topology.graph("xpyq", pairs[::-1], "pq", "xy").crossbar_shape is None
    assert Topology.graph("xpyq", pairs[:3], "pq", "xy").crossbar_shape is None


def test_branch_voltages_are_first_minus_second() -> None:
    topology = Topology.graph("abc", [("a", "b"), ("c", "b")], "a", "c")
    assert topology.branch_voltages(np.array([[3.0, 1.0, 5.0]])).tolist() == [[2.0, 4.0]]


def test_nodes_that_are_neither_input_nor_output_are_hidden() -> None:
    assert Topology.graph("abcd", [("a", "b"), ("b", "c"), ("c", "d")], "a", "c").hidden == (1, 3)


@pytest.mark.parametrize(
    ("nodes", "branches", "inputs", "outputs", "complaint"),
    [
        ("aab", [("a", "b")], "a", "b", "node 'a' is named twice"),
        ("ab", [("a", "a"), ("a", "b")], "a", "b", "joins a to itself"),
        ("ab", [("a", "c")], "a", "b", "node 'c' is not among"),
        ("ab", [("a", "b")], "ab", "b", "b: a node is either"),
        ("abcd", [("a", "b"), ("c", "d")], "a", "b", "no branch leads from a to c, d"),
    ],
)
def test_what_is_no_network_is_refused_by_name(
    nodes: str, branches: list[tuple[str, str]], inputs: str, outputs: str, complaint: str
) -> None:
    with pytest.raises(CircuitError, match=complaint):
        Topology.graph(nodes, branches, inputs, outputs)


def test_a_branch_to_a_node_number_that_is_not_there_is_refused() -> None:
    with pytest.raises(CircuitError, match=r"branch \(0, 2\) names a node that is not there; nodes are 0…1"):
        Topology(("a", "b"), ((0, 2),), (0,), (1,))
