"""Faults are for boards that labrig makes itself; a bench with faults is refused before a port opens."""

from typing import Any

import pytest

from labrig.bench.assembly import looked_at, open_bench
from labrig.circuit.boundary import Boundary
from labrig.config.rig import RigConfig
from labrig.errors import ConfigError

FLIP = {"kind": "flip", "rate": 1e-4}
OPEN = {"kind": "open", "branch": "in0-out0"}
MODEL: dict[str, Any] = {
    "elements": {"kind": "digipot", "part": "MCP4351-104"},
    "adc": {"bits": 12, "span": 5.0},
    "dac": {"bits": 12, "span": 5.0},
}
BENCH = {"kind": "firmware", "link": {"kind": "serial", "port": "/dev/none"}, "model": MODEL}


def rig(board: dict[str, Any], *faults: dict[str, Any]) -> RigConfig:
    network = {"kind": "crossbar", "inputs": 2, "outputs": 2}
    return RigConfig.model_validate({"network": network, "board": board, "faults": list(faults)})


@pytest.mark.parametrize("fault", [FLIP, OPEN], ids=["wire", "branch"])
def test_a_bench_is_not_opened_with_faults(fault: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="neither launched nor simulated"), open_bench(rig(BENCH, fault)):
        pass
    with pytest.raises(ConfigError, match="neither launched nor simulated"), looked_at(rig(BENCH, fault)):
        pass


def test_a_board_without_a_wire_has_no_wire_to_damage() -> None:
    board = {"kind": "simulated", **MODEL}
    for opened in (open_bench(rig(board, FLIP)), open_bench(rig(BENCH, FLIP), simulate=True)):
        with pytest.raises(ConfigError, match=r"'flip'.*it has no wire"), opened:
            pass


def test_a_board_without_a_processor_cannot_have_its_faults() -> None:
    board = {**BENCH, "link": None, "launch": {"target": "atmega2560"}}
    dipping = rig(board, {"kind": "hang", "after": 9})
    with pytest.raises(ConfigError, match=r"'hang'.*emulated processor"), open_bench(dipping, simulate=True):
        pass


@pytest.mark.parametrize(
    ("elements", "fault", "said"),
    [
        ({"kind": "ideal"}, {"kind": "short", "branch": "in0-out0"}, "can be 'open' or 'aging'"),
        (MODEL["elements"], {"kind": "stuck", "branch": "in0-out0", "code": 300}, "codes .* are 0 to 256"),
    ],
)
def test_elements_break_as_their_kind_can(elements: dict[str, Any], fault: dict[str, Any], said: str) -> None:
    board = {"kind": "simulated", "elements": elements}
    with pytest.raises(ConfigError, match=f"faults: in0-out0 is .*{said}"), open_bench(rig(board, fault)):
        pass


def test_a_converter_that_is_stuck_on_a_line_reads_its_driver() -> None:
    fault = {"kind": "adc-stuck", "node": "in1", "code": 7}
    with open_bench(rig({"kind": "simulated", **MODEL, "drive": 100.0}, fault)) as bench:
        scans = bench.scan([Boundary({0: 1.0, 1: 3.0})])
    assert scans.volts[0, 1] == 7 * 5 / 4095
    assert scans.sources[0, 1] == pytest.approx(3.0, abs=5 / 4095)


@pytest.mark.parametrize(
    ("model", "fault", "said"),
    [
        (
            MODEL,
            {"kind": "adc-stuck", "node": "in1", "code": 4096},
            "stuck at 4096 for in1; codes .* 0 to 4095",
        ),
        (
            {"elements": {"kind": "ideal"}},
            {"kind": "adc-stuck", "node": "in1", "code": 9},
            "stuck at 9 for in1; there is no adc",
        ),
    ],
)
def test_a_converter_is_stuck_at_a_code_that_it_has(
    model: dict[str, Any], fault: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said), open_bench(rig({"kind": "simulated", **model}, fault)):
        pass


def test_an_open_branch_of_ideal_elements_carries_nothing() -> None:
    board = {"kind": "simulated", "elements": {"kind": "ideal"}}
    with open_bench(rig(board, OPEN, {"kind": "open", "branch": "in1-out1"})) as bench:
        states = bench.settle([Boundary({0: 1.0, 1: 3.0})])
    # Only in1 reaches out0, and only in0 reaches out1.
    assert states.node_voltages[0].tolist() == [1.0, 3.0, 3.0, 1.0]
