"""Nodes on lines, branches on wipers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labrig.bench.assembly import open_bench
from labrig.bench.wiring import WiringMap, as_wired, resolve_wiring
from labrig.boards.base import BoardInfo, CodeRange
from labrig.circuit import IdealNetwork
from labrig.circuit.boundary import Boundary, ThroughConductance
from labrig.circuit.build import build_topology
from labrig.circuit.network import Nudging
from labrig.circuit.topology import Topology
from labrig.config.loading import load_rig
from labrig.config.rig import Wiring
from labrig.errors import ConfigError

TOPOLOGY = Topology.graph(
    ["a", "h", "b", "x", "y"],
    [("a", "h"), ("h", "b"), ("h", "x"), ("b", "y")],
    inputs=["b", "a"],
    outputs=["x", "y"],
)
INFO = BoardInfo(
    kind="firmware",
    serial_number="A7F3",
    firmware="",
    fingerprint=None,
    inputs=3,
    outputs=2,
    hidden=2,
    branches=6,
    codes=CodeRange(0, 256, 9),
    part="MCP4351-104",
    adc=None,
    dac=None,
    drive=0.0,
    nudging=Nudging(),
    heartbeat=1.0,
)
LINE = {"dac": 0, "adc": 3, "sense": 5}


def lines_of(wiring: WiringMap) -> dict[str, int]:
    return dict(zip(TOPOLOGY.nodes, wiring.line_of_node.tolist(), strict=True))


def test_without_a_word_in_the_rig_all_is_wired_in_order() -> None:
    found = resolve_wiring(Wiring(), TOPOLOGY, INFO)
    assert lines_of(found) == {"b": 0, "a": 1, "x": 3, "y": 4, "h": 5}
    np.testing.assert_array_equal(found.wiper_of_branch, [0, 1, 2, 3])
    assert found.wipers == 6


def test_names_go_where_the_rig_says() -> None:
    wiring = Wiring(
        inputs={"a": "dac0", "b": "dac2"},
        outputs={"x": "adc1", "y": "adc0"},
        hidden={"h": "sense1"},
        branches={"a-h": 5, "h-b": 3, "h-x": 0, "b-y": 1},
    )
    found = resolve_wiring(wiring, TOPOLOGY, INFO)
    assert lines_of(found) == {"a": 0, "b": 2, "x": 4, "y": 3, "h": 6}
    np.testing.assert_array_equal(found.wiper_of_branch, [5, 3, 0, 1])


def test_a_boundary_of_nodes_becomes_the_same_boundary_of_lines() -> None:
    a, _, b, x, y = range(5)
    nudge = ThroughConductance(1.0, 1e-6)
    found = resolve_wiring(Wiring(), TOPOLOGY, INFO).to_lines(
        Boundary({a: 1.0, b: 2.0}, {x: 3e-6}, {y: nudge})
    )
    assert found == Boundary({1: 1.0, 0: 2.0}, {3: 3e-6}, {4: nudge})


@pytest.mark.parametrize(
    ("wiring", "words"),
    [
        ({"inputs": {"a": "dac1", "b": "dac1"}}, ["wiring.inputs: a and b are both on dac1"]),
        ({"branches": {"a-h": 1}}, ["wiring.branches: h-b and a-h are both on wiper1"]),
        ({"inputs": {"a": "dac3", "b": "dac0"}}, ["wiring.inputs.a: found 'dac3', allowed dac0 … dac2"]),
        ({"outputs": {"x": "adc2"}}, ["wiring.outputs.x: found 'adc2', allowed adc0 … adc1"]),
        ({"hidden": {"h": "sense2"}}, ["wiring.hidden.h: found 'sense2', allowed sense0 … sense1"]),
        ({"branches": {"a-h": 6}}, ["wiring.branches.a-h: found 6, allowed wiper0 … wiper5"]),
        ({"inputs": {"z": "dac0"}}, ["wiring.inputs.z: the network has no such name; it has b, a"]),
    ],
)
def test_a_wrong_wiring_is_one_sentence(wiring: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        resolve_wiring(Wiring(**wiring), TOPOLOGY, INFO)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("smaller", "group", "has"),
    [
        (replace(INFO, inputs=1), "wiring.inputs", "the network has 2, board A7F3 has 1"),
        (replace(INFO, outputs=1), "wiring.outputs", "the network has 2, board A7F3 has 1"),
        (replace(INFO, hidden=0), "wiring.hidden", "the network has 1, board A7F3 has 0"),
        (replace(INFO, branches=3), "wiring.branches", "the network has 4, board A7F3 has 3"),
    ],
)
def test_a_board_that_is_too_small_is_refused(smaller: BoardInfo, group: str, has: str) -> None:
    with pytest.raises(ConfigError, match=f"{group}: {has}; take a larger board or a smaller network"):
        resolve_wiring(Wiring(), TOPOLOGY, smaller)


RIG = """
network:
  kind: graph
  nodes: [a, h, b, x, y, k]
  branches: [[a, h], [h, b], [h, x], [b, y], [k, x], [k, a]]
  inputs: [b, a]
  outputs: [x, y]
board: {kind: simulated, elements: {kind: ideal}}
wiring:
  inputs: {b: dac1, a: dac0}
  outputs: {x: adc1, y: adc0}
  hidden: {h: sense1, k: sense0}
  branches: {a-h: 2, h-b: 3, h-x: 0, b-y: 5, k-x: 1, k-a: 4}
"""


def test_a_rig_is_rehearsed_with_the_wiring_of_its_bench(tmp_path: Path) -> None:
    (tmp_path / "rig.yaml").write_text(RIG)
    config = load_rig(tmp_path / "rig.yaml")
    topology = build_topology(config.network)
    program = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    boundary = Boundary({0: 1.0, 2: -2.0})
    with open_bench(config) as bench:
        bench.restrict((0.1, None), span=3.0)
        found = bench.settle([boundary], program=program)
    expected = IdealNetwork(topology).settle([boundary], program=program)
    np.testing.assert_allclose(found.node_voltages, expected.node_voltages, rtol=1e-9)
    np.testing.assert_array_equal(found.conductances, program)


def test_a_simulated_board_is_built_of_lines_and_wipers() -> None:
    wiring = Wiring(inputs={"b": "dac1", "a": "dac0"}, branches={"a-h": 3, "b-y": 0})
    found = as_wired(wiring, TOPOLOGY)
    assert found.nodes == ("a", "b", "x", "y", "h")
    assert [found.branch_name(wiper) for wiper in range(4)] == ["b-y", "h-b", "h-x", "a-h"]
