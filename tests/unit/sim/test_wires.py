"""Boards whose lines have a resistance: what they read, and who may have them."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import labrig
from labrig.circuit.boundary import Boundary
from labrig.circuit.topology import Topology
from labrig.config.boards import WiresConfig
from labrig.config.rig import RigConfig
from labrig.sim.wires import draw_wires

WIRES = {"rows": {"end": "3 ohm", "segment": "1 ohm"}, "columns": {"end": "7 ohm"}}


def rig(wires: Any, network: dict[str, Any] | None = None) -> dict[str, Any]:
    board = {"kind": "simulated", "elements": {"kind": "ideal"}, "drive": "100 ohm", "wires": wires}
    return {"network": network or {"kind": "crossbar", "inputs": 1, "outputs": 1}, "board": board}


def test_a_line_drops_what_its_current_makes_over_its_end() -> None:
    with labrig.open_bench(RigConfig.model_validate(rig(WIRES))) as bench:
        states = bench.settle([Boundary({0: 1.0, 1: 0.0})], program=np.array([1 / 90]), currents=True)
    # 100 ohm, 3 ohm, the branch of 90 ohm, 7 ohm, 100 ohm: 1 V over 300 ohm.
    assert states.node_voltages[0] == pytest.approx([200 / 300, 100 / 300])
    assert states.clamp_currents[0] == pytest.approx([1 / 300, -1 / 300])


def test_the_far_end_of_a_row_lies_behind_its_segments() -> None:
    network = {"kind": "crossbar", "inputs": 1, "outputs": 2}
    wires = {"rows": {"segment": "10 ohm"}}
    with labrig.open_bench(RigConfig.model_validate(rig(wires, network))) as bench:
        states = bench.settle([Boundary({0: 1.0, 2: 0.0})], program=np.array([1 / 90, 1 / 90]))
    # 100 ohm, the first column's branch aside, which carries nothing, 10 ohm of wire, 90 ohm, 100 ohm.
    assert states.node_voltages[0] == pytest.approx([200 / 300, 200 / 300, 100 / 300])


def test_lines_differ_by_their_spread_and_by_the_seed_alone() -> None:
    config = WiresConfig.model_validate({**WIRES, "spread": "20 %"})
    lines = Topology.crossbar(30, 20)
    found, other = draw_wires(config, lines, 1), draw_wires(config, lines, 2)
    assert np.array_equal(found.ends, draw_wires(config, lines, 1).ends)
    assert not np.array_equal(found.ends, other.ends)
    assert np.all(np.abs(found.ends[:30] / 3 - 1) <= 0.2)
    assert np.allclose(found.segments[:30] / found.ends[:30], 1 / 3)
    assert np.ptp(found.ends[30:]) > 0.2 * 7


def test_only_a_crossbar_has_such_lines() -> None:
    graph = {
        "kind": "graph",
        "nodes": ["a", "b"],
        "branches": [["a", "b"]],
        "inputs": ["a"],
        "outputs": ["b"],
    }
    with pytest.raises(ValidationError, match="only lines of a crossbar have them"):
        RigConfig.model_validate(rig(WIRES, graph))


@pytest.mark.parametrize("beside", [{"wires": WIRES}, {"environment": {"temperature": "30 degC"}}])
def test_memristors_have_no_such_lines_and_no_climate(beside: dict[str, Any]) -> None:
    described = rig(None)
    described["board"] |= {"elements": {"kind": "memristor", "part": "CMO-HFOX"}, **beside}
    with pytest.raises(ValidationError, match="found beside memristors"):
        RigConfig.model_validate(described)


def test_launched_firmware_has_no_such_lines() -> None:
    model = {
        "elements": {"kind": "digipot", "part": "MCP4351-104"},
        "adc": {"bits": 16, "span": "5 V"},
        "dac": {"bits": 16, "span": "5 V"},
        "wires": WIRES,
    }
    board = {"kind": "firmware", "launch": {"target": "host"}, "model": model}
    with pytest.raises(ValidationError, match="have no resistance: simulate the board"):
        RigConfig.model_validate({**rig(None), "board": board})
