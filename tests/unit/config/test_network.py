"""Networks as a file describes them."""

from typing import Any

import pytest
from pydantic import ValidationError

from labrig.config.network import (
    CrossbarNetwork,
    GraphNetwork,
    branch_names,
    hidden_names,
    input_names,
    listing,
    output_names,
)

BRIDGE: dict[str, Any] = {
    "nodes": ("a", "b", "c", "d"),
    "branches": (("a", "c"), ("b", "c"), ("c", "d")),
    "inputs": ("a", "b"),
    "outputs": ("d",),
}


def test_a_crossbar_names_its_branches_row_by_row() -> None:
    network = CrossbarNetwork(inputs=2, outputs=3)
    assert input_names(network) == ("in0", "in1")
    assert output_names(network) == ("out0", "out1", "out2")
    assert hidden_names(network) == ()
    assert branch_names(network)[:4] == ("in0-out0", "in0-out1", "in0-out2", "in1-out0")


def test_nodes_of_a_graph_that_are_neither_input_nor_output_are_hidden() -> None:
    network = GraphNetwork.model_validate(BRIDGE)
    assert hidden_names(network) == ("c",)
    assert branch_names(network) == ("a-c", "b-c", "c-d")


@pytest.mark.parametrize(
    ("changes", "place", "said"),
    [
        ({"nodes": ("a", "b", "c", "d", "a")}, ("nodes", 4), "node 'a' a second time"),
        ({"outputs": ("z",)}, ("outputs", 0), "'z', which is no node; nodes are a, b, c, d"),
        ({"inputs": ("a", "a")}, ("inputs", 1), "'a', which is already among the inputs"),
        ({"outputs": ("b",)}, ("outputs", 0), "'b', which is already among the inputs"),
        ({"branches": (("a", "c"), ("b", "x"))}, ("branches", 1, 1), "'x', which is no node"),
        ({"branches": (("a", "c"), ("c", "c"))}, ("branches", 1), "from 'c' to itself"),
        ({"branches": (("a", "c"), ("c", "a"))}, ("branches", 1), "second branch between 'c' and 'a'"),
        ({"branches": (("a", "c"), ("b", "d"))}, ("branches",), "no path from 'a' to b, d"),
        ({"branches": (("a", "b"), ("b", "c"))}, ("branches",), "no path from 'a' to d"),
    ],
)
def test_what_is_no_connected_network_is_refused_where_it_stands(
    changes: dict[str, Any], place: tuple[str | int, ...], said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        GraphNetwork.model_validate(BRIDGE | changes)
    (found,) = refused.value.errors()
    assert found["loc"] == place
    assert said in found["msg"]


@pytest.mark.parametrize("name", ["a b", "a-b", "1a", "", "ä"])
def test_a_node_name_is_such_that_a_branch_name_can_be_taken_apart(name: str) -> None:
    with pytest.raises(ValidationError, match=r"nodes\.0"):
        GraphNetwork.model_validate(BRIDGE | {"nodes": (name, "b", "c", "d")})


def test_a_long_list_of_names_is_shortened_but_keeps_its_last() -> None:
    names = [f"in{k}" for k in range(40)]
    assert listing(names) == "in0, in1, in2, in3, in4, in5, in6, in7, in8, in9, … in39"
    assert listing(names[:12]).count(",") == 11
