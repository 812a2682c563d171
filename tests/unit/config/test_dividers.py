"""Boards of dividers as a file describes them, and what they cannot be."""

from typing import Any

import pytest
from pydantic import ValidationError

from labrig.config.boards import FirmwareBoard
from labrig.config.rig import RigConfig

ELEMENTS = {"kind": "digipot", "part": "MCP4351-104", "arrangement": "divider"}
CROSSBAR = {"kind": "crossbar", "inputs": 4, "outputs": 2}


def rig(board: dict[str, Any] | None = None, **others: Any) -> dict[str, Any]:
    return {
        "network": CROSSBAR,
        "board": {"kind": "simulated", "elements": ELEMENTS, **(board or {})},
        **others,
    }


def refusals(keys: dict[str, Any]) -> dict[tuple[str | int, ...], str]:
    with pytest.raises(ValidationError) as refused:
        RigConfig.model_validate(keys)
    return {found["loc"]: found["msg"] for found in refused.value.errors()}


def test_potentiometers_are_rheostats_unless_a_rig_says_otherwise() -> None:
    board = RigConfig.model_validate(rig({"elements": {"kind": "digipot", "part": "MCP4351-104"}})).board
    assert not getattr(board, "dividers", True)
    assert getattr(RigConfig.model_validate(rig()).board, "dividers", False)


def test_dividers_lie_between_two_rows_of_a_crossbar() -> None:
    graph = {
        "kind": "graph",
        "nodes": ["a", "b"],
        "branches": [["a", "b"]],
        "inputs": ["a"],
        "outputs": ["b"],
    }
    found = refusals(rig(network=graph))
    assert "on a network of kind graph" in found["board", "elements", "arrangement"]
    found = refusals(rig(network={**CROSSBAR, "inputs": 3}))
    assert "found 3; each divider lies between two rows" in found["network", "inputs"]


def test_lines_with_a_resistance_are_refused() -> None:
    found = refusals(rig({"wires": {"rows": {"end": "1 ohm"}}}))
    assert [text for text in found.values() if "found beside dividers" in text]


def test_a_tempco_of_shares_is_of_dividers_alone() -> None:
    elements = {**ELEMENTS, "vices": {"ratio_tempco": "15 ppm/K"}}
    RigConfig.model_validate(rig({"elements": elements}))
    found = refusals(rig({"elements": {**elements, "arrangement": "rheostat"}}))
    assert [text for text in found.values() if "found beside rheostats, which part no voltage" in text]


@pytest.mark.parametrize(
    ("group", "lines"),
    [
        ("inputs", {"in0": "dac1", "in1": "dac0", "in2": "dac2", "in3": "dac3"}),  # turns a pair
        ("inputs", {"in0": "dac3", "in1": "dac0", "in2": "dac1", "in3": "dac2"}),  # splits both
        ("outputs", {"out0": "adc1", "out1": "adc0"}),
        ("branches", {f"in{i}-out{j}": 2 * i + j for i in range(4) for j in range(2)}),
    ],
)
def test_dividers_are_wired_in_order(group: str, lines: dict[str, str | int]) -> None:
    found = refusals(rig(wiring={group: lines}))
    assert list(found) == [("wiring", group)]
    assert (
        "found beside dividers, whose pairs of rows and wipers are wired in order" in found["wiring", group]
    )


def test_both_branches_of_a_wiper_are_masked_or_none() -> None:
    found = refusals(rig(mask=["in2-out1"]))
    assert "found 'in2-out1' without 'in3-out1'" in found["mask", 0]
    RigConfig.model_validate(rig(mask=["in3-out1", "in2-out1"]))


def test_faults_of_branches_are_refused_and_those_of_converters_are_not() -> None:
    found = refusals(rig(faults=[{"kind": "open", "branch": "in0-out0"}]))
    assert "found 'open', of a branch" in found["faults", 0]
    RigConfig.model_validate(rig(faults=[{"kind": "adc-offset", "node": "out0", "offset": "1 mV"}]))


@pytest.mark.parametrize(
    "reached",
    [{"serial_number": "A7F3"}, {"launch": {"target": "host"}}, {"launch": {"target": "atmega2560"}}],
)
def test_firmware_has_no_dividers(reached: dict[str, Any]) -> None:
    converters = {"adc": {"bits": 16, "span": "5 V"}, "dac": {"bits": 16, "span": "5 V"}}
    with pytest.raises(ValidationError) as refused:
        FirmwareBoard.model_validate({**reached, "model": {"elements": ELEMENTS, **converters}})
    (found,) = refused.value.errors()
    assert found["loc"] == ("model", "elements", "arrangement")
    assert found["msg"] == "found divider; firmware drives rheostats only: let the board be of kind simulated"
