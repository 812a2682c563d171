"""Lines of a simulated crossbar: found, taken off the wipers, and rebuilt by the twin."""

from typing import Any

import numpy as np
import pytest

import labrig
from labrig.arrays import FloatArray
from labrig.bench.bench import Bench
from labrig.circuit.boundary import Boundary
from labrig.circuit.topology import Topology
from labrig.circuit.wires import Wires
from labrig.config.boards import SimulatedBoard
from labrig.config.calibration import WiresCalibration
from labrig.config.rig import RigConfig
from labrig.errors import ConfigError
from labrig.procedures.calibrating.calibrate import calibrate_line, calibrate_wiper
from labrig.procedures.calibrating.sealing import write_calibration
from labrig.procedures.calibrating.wires import read_wires
from labrig.sim.branches import TrueDigipots, draw_branches
from labrig.sim.wires import draw_wires
from labrig.sim.world import CircuitWorld

ROWS, COLUMNS = 8, 6
TOPOLOGY = Topology.crossbar(ROWS, COLUMNS)
LUMPED = {"rows": {"end": "1 ohm"}, "columns": {"end": "2 ohm"}, "spread": "30 %"}
FULL = {"rows": {"end": "1 ohm", "segment": "0.1 ohm"}, "columns": {"end": "2 ohm", "segment": "0.2 ohm"}}
PART_CURRENT = 2.5e-3


def nothing(_: str, done: int, of: int) -> None:
    assert 0 <= done < of


def rig(wires: dict[str, Any] | None, seed: int = 3, **others: Any) -> RigConfig:
    return RigConfig.model_validate(
        {
            "network": {"kind": "crossbar", "inputs": ROWS, "outputs": COLUMNS},
            "board": {
                "kind": "simulated",
                "elements": {"kind": "digipot", "part": "MCP4351-104", "vices": {}},
                "adc": {"bits": 16, "span": "5 V", "noise": "50 uV", "offset": "1 mV", "gain": "0.1 %"},
                "dac": {"bits": 16, "span": "5 V", "offset": "1 mV", "gain": "0.1 %"},
                "drive": "100 ohm",
                "averages": 16,
                "seed": seed,
                "wires": wires,
            },
            **others,
        }
    )


def true_wires(config: RigConfig) -> Wires:
    assert isinstance(config.board, SimulatedBoard)
    assert config.board.wires is not None
    return draw_wires(config.board.wires, TOPOLOGY, config.board.seed)


def true_wipers(config: RigConfig) -> FloatArray:
    assert isinstance(config.board, SimulatedBoard)
    found = draw_branches(config.board.elements, ROWS * COLUMNS, config.board.seed)
    assert isinstance(found, TrueDigipots)
    return found.law.wiper


def lines_of(config: RigConfig, *, full: bool) -> WiresCalibration:
    with labrig.open_bench(config) as bench:
        found = calibrate_line(bench, None, nothing, full=full).wires
    assert found is not None
    return found


def wipers_of(config: RigConfig, wires: WiresCalibration | None) -> tuple[FloatArray, FloatArray]:
    """R_W of every branch and its standard uncertainty, ohm."""
    with labrig.open_bench(config) as bench:
        found = calibrate_wiper(bench, [0, 1, 2, 4, 8, 64, 256], 1, None, nothing, wires).wipers
    assert found is not None
    branches = [found.branches[TOPOLOGY.branch_name(k)] for k in range(ROWS * COLUMNS)]
    return np.array([b.wiper for b in branches]), np.sqrt([b.covariance[0] for b in branches])


@pytest.mark.parametrize(("wires", "full"), [(LUMPED, False), (FULL, True)])
def test_lines_are_found_within_what_is_said_of_them_and_wipers_are_as_without_them(
    wires: dict[str, Any], full: bool
) -> None:
    config = rig(wires)
    found, true = lines_of(config, full=full), true_wires(config)
    lines = [found.lines[name] for name in TOPOLOGY.nodes]
    ends, doubts = np.array([line.end for line in lines]), np.array([line.end_uncertainty for line in lines])
    # Fourteen of them: one in 16 000 boards has one beyond 4 sigma by chance.
    assert np.all(np.abs(ends - true.ends) < 4 * doubts)
    assert np.all(doubts < 0.1)
    for line, segment in zip(lines, true.segments, strict=True):
        assert abs(line.segment - segment) <= 4 * line.segment_uncertainty
    exact = true_wipers(config)
    without, _ = wipers_of(config, None)
    wipers, uncertain = wipers_of(config, found)
    # 7 branches share a line of 1 … 2 ohm with each of 48: up to some 20 ohm that are not of the wipers.
    assert np.mean(without - exact) > 10
    assert np.sqrt(np.mean(((wipers - exact) / uncertain) ** 2)) < 2


def test_lines_with_resistance_between_branches_are_told_from_lumped_ones() -> None:
    steep = {"rows": {"segment": "2 ohm"}, "columns": {"segment": "2 ohm"}}
    assert lines_of(rig(steep), full=False).misfit > 2 * lines_of(rig(steep), full=True).misfit


def test_the_board_gets_its_codes_back_and_masked_branches_keep_theirs() -> None:
    with labrig.open_bench(rig(LUMPED, mask=["in1-out2"])) as bench:
        bench.write_codes(np.arange(ROWS * COLUMNS))
        before = bench.branch_values().copy()
        found = calibrate_line(bench, None, nothing, full=False)
        assert np.array_equal(bench.branch_values(), before)
    masked = TOPOLOGY.branches.index((1, ROWS + 2))
    assert {int(pairs.codes[masked]) for pairs in found.pairs} == {masked}


def test_no_branch_carries_more_than_its_part_may_even_where_one_is_shorted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most = 0.0
    settle = CircuitWorld.settle

    def watched(world: CircuitWorld, boundaries: Any) -> FloatArray:
        nonlocal most
        volts = settle(world, boundaries)
        currents = world.topology.branch_voltages(volts) * world.conductances
        most = max(most, float(np.abs(currents).max()))
        return volts

    monkeypatch.setattr(CircuitWorld, "settle", watched)
    lines_of(rig(LUMPED, faults=[{"kind": "short", "branch": "in0-out0"}]), full=False)
    assert 0 < most <= PART_CURRENT


def test_a_board_without_drive_resistors_is_refused_in_words() -> None:
    config = rig(None)
    board = config.board.model_copy(update={"drive": 0.0})
    bare = config.model_copy(update={"board": board})
    with labrig.open_bench(bare) as bench, pytest.raises(ConfigError, match="no drive resistors"):
        calibrate_line(bench, None, nothing, full=False)


def test_limits_that_allow_no_code_are_told() -> None:
    with (
        labrig.open_bench(rig(LUMPED, limits={"conductance": "5 uS"})) as bench,
        pytest.raises(ConfigError, match=r"limits.conductance: 5 µS allows none"),
    ):
        list(read_wires(bench, nothing))


def scanned(bench: Bench) -> FloatArray:
    codes = np.full(ROWS * COLUMNS, 0)
    bench.settle([Boundary({})])
    volts = bench.scan([Boundary({0: 2.55, 1: 2.45, ROWS: 2.45, ROWS + 1: 2.55})], codes=codes).volts
    found: FloatArray = volts[0]
    return found


def test_a_twin_has_the_lines_that_were_measured(tmp_path: Any) -> None:
    config = rig(FULL)
    with labrig.open_bench(config) as bench:
        wires = calibrate_line(bench, None, nothing, full=True)
    with labrig.open_bench(config) as bench:
        found = calibrate_wiper(bench, [0, 1, 2, 4, 8, 64, 256], 1, wires.converters, nothing, wires.wires)
        calibration = write_calibration(found, bench, tmp_path / "board.json")
        measured = scanned(bench)
    with labrig.open_bench(config.model_copy(update={"calibration": calibration}), simulate=True) as twin:
        predicted = scanned(twin)
    bare = calibration.model_copy(update={"wires": None})
    with labrig.open_bench(config.model_copy(update={"calibration": bare}), simulate=True) as twin:
        without = scanned(twin)
    # Readings are known to 20 uV each, and what lies between them to some tens of it.
    assert np.abs(predicted - measured).max() < 0.3e-3
    assert np.abs(without - measured).max() > 1e-3
