"""Wiper resistances that depend on the voltage at the wiper."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import labrig
from labrig.circuit.boundary import Boundary
from labrig.config.rig import RigConfig
from labrig.sim.switches import Switches


def board(bow: float, **others: Any) -> dict[str, Any]:
    vices = {"matching": 0, "wiper_spread": 0, "nonlinearity": 0, "wiper_bow": bow}
    elements = {"kind": "digipot", "part": "MCP4351-103", "tolerance": 0, "vices": vices}
    return {"elements": elements, "drive": "100 ohm", **others}


def rig(bow: float) -> RigConfig:
    network = {"kind": "crossbar", "inputs": 1, "outputs": 1}
    limits = {"branch_current": "1 A", "voltage": "5 V"}
    return RigConfig.model_validate(
        {"network": network, "board": {"kind": "simulated", **board(bow)}, "limits": limits}
    )


def test_a_wiper_resists_most_half_way_between_the_rails() -> None:
    switches = Switches(np.array([75.0, 75.0, 75.0]), 0.4, np.array([0, 1, 2]))
    found = 1 / switches.conductances(np.full(3, 1 / 1000), np.array([0.0, 2.5, 5.0]))
    assert found == pytest.approx([1000, 1000 + 0.4 * 75, 1000])


def test_conductances_and_voltages_of_a_board_belong_to_each_other() -> None:
    with labrig.open_bench(rig(0.5)) as bench:
        bench.settle([Boundary({})])
        found = bench.scan([Boundary({0: 2.7, 1: 2.5})], codes=np.array([2]))
    (row, column), source = found.volts[0], found.sources[0]
    current = (source[0] - row) / 100
    share = column / 5
    resistance = 75 * (1 + 0.5 * 4 * share * (1 - share)) + 10e3 * 2 / 256
    assert (row - column) / current == pytest.approx(resistance, rel=1e-8)


def test_launched_firmware_has_no_such_wipers() -> None:
    converters = {"adc": {"bits": 16, "span": "5 V"}, "dac": {"bits": 16, "span": "5 V"}}
    launched = {"kind": "firmware", "launch": {"target": "host"}, "model": board(0.3, **converters)}
    with pytest.raises(ValidationError, match="the same at any voltage: simulate the board"):
        RigConfig.model_validate(
            {"network": {"kind": "crossbar", "inputs": 1, "outputs": 1}, "board": launched}
        )
