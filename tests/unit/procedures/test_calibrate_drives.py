"""Drive resistors of simulated boards: found one by one, and used wherever a current is read."""

from pathlib import Path

import numpy as np
import pytest

from labrig.arrays import FloatArray
from labrig.bench.assembly import open_bench
from labrig.bench.bench import Bench
from labrig.bench.corrections import Corrections
from labrig.circuit.boundary import Boundary
from labrig.circuit.topology import Topology
from labrig.config.boards import SimulatedBoard
from labrig.config.calibration import Calibration
from labrig.config.rig import RigConfig
from labrig.procedures.calibrating.calibrate import calibrate_adc, calibrate_wiper
from labrig.procedures.calibrating.drives import Loading, drives_of, read_balances
from labrig.procedures.calibrating.resistor import Resistor
from labrig.procedures.calibrating.sealing import Findings, write_calibration
from labrig.procedures.calibrating.wipers import measured
from labrig.sim.branches import TrueDigipots, draw_branches
from labrig.sim.build import build_hardware

INPUTS, OUTPUTS, STATED = 4, 3, 100.0
TOPOLOGY = Topology.crossbar(INPUTS, OUTPUTS)
NAMES = [TOPOLOGY.branch_name(k) for k in range(INPUTS * OUTPUTS)]
CODES = [0, 4, 16, 64, 128, 256]
SPREAD = 0.01


def nothing(_: str, done: int, of: int) -> None:
    assert 0 <= done < of


def rig(seed: int, spread: float = SPREAD) -> RigConfig:
    return RigConfig.model_validate(
        {
            "network": {"kind": "crossbar", "inputs": INPUTS, "outputs": OUTPUTS},
            "board": {
                "kind": "simulated",
                "elements": {"kind": "digipot", "part": "MCP4351-104", "vices": {}},
                "adc": {"bits": 16, "span": "5 V", "offset": "2 mV", "gain": "1 %", "noise": "50 uV"},
                "dac": {"bits": 16, "span": "5 V", "offset": "5 mV", "gain": "0.5 %"},
                "drive": STATED,
                "drive_tolerance": spread,
                "seed": seed,
            },
            "mask": ["in0-out0"],
        }
    )


def true_drives(config: RigConfig) -> FloatArray:
    """Of inputs, then outputs, ohm."""
    assert isinstance(config.board, SimulatedBoard)
    ratios = build_hardware(config.board, TOPOLOGY).driver.drives
    assert ratios is not None
    return STATED * ratios


def truth(config: RigConfig) -> TrueDigipots:
    assert isinstance(config.board, SimulatedBoard)
    found = draw_branches(config.board.elements, len(NAMES), config.board.seed)
    assert isinstance(found, TrueDigipots)
    return found


def referred(config: RigConfig) -> Findings:
    """By a resistor in place of the masked branch, as large as that is."""
    with open_bench(config) as bench:
        resistor = Resistor("in0-out0", 1 / truth(config).conductance(0, 128))
        return calibrate_wiper(bench, CODES, 1, None, nothing, reference=resistor)


@pytest.fixture(scope="module")
def calibration(tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    config = rig(3, 0.05)
    with open_bench(config) as bench:
        found = calibrate_wiper(bench, CODES, 1, None, nothing)
        return write_calibration(found, bench, tmp_path_factory.mktemp("drives") / "board.json")


def compared(bench: Bench) -> tuple[FloatArray, FloatArray]:
    """Drive resistors and their standard uncertainties, ohm, on a bench whose converters are calibrated."""
    converters = calibrate_adc(bench, None, None, nothing).converters
    assert converters is not None
    bench.correct(Corrections.of(converters, TOPOLOGY))
    most = float(bench.most_conductive(np.full(len(NAMES), 16)).max())
    nodes = list(range(INPUTS + OUTPUTS))
    balances = tuple(read_balances(bench, nodes, Loading(16, most, 256), nothing, lambda _: None))
    found = drives_of(balances, bench, nodes, None).values()
    return np.array([line.ohm for line in found]), np.array([line.uncertainty for line in found])


def test_intervals_of_drive_resistors_hold_what_is_true() -> None:
    boards = 100
    off: list[FloatArray] = []
    for seed in range(boards):
        with open_bench(rig(seed)) as bench:
            ohms, doubts = compared(bench)
        true = true_drives(rig(seed))
        off.append((ohms - true * (STATED / true).mean()) / doubts)
        assert np.all(doubts < 0.1 * SPREAD * STATED)
    # What the lines of a board have in common makes each board one trial at least.
    inside = (np.abs(np.array(off)) < 1.96).mean()
    assert abs(inside - 0.95) < 3 * np.sqrt(0.95 * 0.05 / boards)


def test_conductances_are_off_without_them_and_within_their_intervals_with_them() -> None:
    boards = 10
    off: list[FloatArray] = []
    for seed in range(boards):
        config = rig(seed)
        found, true, drives = referred(config), truth(config), true_drives(config)
        assert found.wipers is not None
        branches = [found.wipers.branches[name] for name in NAMES[1:]]
        r_ab = np.array([branch.end_to_end for branch in branches])
        off.append((r_ab - true.law.end_to_end[1:]) / np.sqrt([branch.covariance[2] for branch in branches]))
        stated = measured(found.settings, TOPOLOGY, np.full(INPUTS + OUTPUTS, STATED), 0.0).readings
        exact = np.array([true.conductance(k, 16) for k in range(1, len(NAMES))])
        weights = (stated.codes == 16) / stated.variances
        found_at = np.average(stated.conductances, axis=0, weights=weights)
        without = found_at[1:] / exact
        by_output = [without[np.arange(1, len(NAMES)) % OUTPUTS == j].mean() for j in range(OUTPUTS)]
        # Off as its drive resistor is; a branch is known to 5e-4 here, of which most is its output's.
        assert by_output == pytest.approx(drives[INPUTS:] / STATED, abs=4 * 5e-4)
    inside = (np.abs(np.array(off)) < 1.96).mean()
    # The states of an output tell its branches: at least as many independent ones as outputs.
    assert inside > 0.95 - 3 * np.sqrt(0.95 * 0.05 / (boards * OUTPUTS))


def test_currents_that_are_read_balance_with_them_only(calibration: Calibration) -> None:
    config = rig(3, 0.05)
    state = Boundary({0: 4.0, 1: 1.0, 2: 3.0, 3: 2.0, 4: 1.0, 5: 3.0, 6: 4.0})
    left: list[float] = []
    for known in (calibration, calibration.model_copy(update={"drives": None})):
        with open_bench(config.model_copy(update={"calibration": known})) as bench:
            bench.settle([], program=np.full(len(NAMES), 300e-6))
            currents = bench.settle([state], currents=True).clamp_currents[0]
        left.append(abs(float(currents.sum())) / float(np.abs(currents).max()))
    # Seven drops, each of two readings of 50 uV and a step, of some 0.05 V.
    assert left[0] < 0.01
    assert left[1] > 2 * left[0]


def test_a_twin_has_the_drive_resistors_that_were_measured(calibration: Calibration) -> None:
    board, known = rig(8, 0.0).board, calibration.drives
    assert isinstance(board, SimulatedBoard)
    assert known is not None
    ohms = np.array([known.lines[name].ohm for name in TOPOLOGY.nodes])
    doubts = np.array([known.lines[name].uncertainty for name in TOPOLOGY.nodes])
    drawn: list[FloatArray] = []
    for draw in range(3):
        ratios = build_hardware(board, TOPOLOGY, calibration=calibration, draw=draw).driver.drives
        assert ratios is not None
        drawn.append(STATED * ratios)
    assert drawn[0] == pytest.approx(ohms, rel=1e-12)
    assert np.all(np.abs(drawn[1:] - ohms) < 5 * doubts)
    assert np.all(np.ptp(drawn, axis=0) > 0)


def test_the_readings_are_kept_beside_the_file(calibration: Calibration, tmp_path: Path) -> None:
    config = rig(3, 0.05)
    with open_bench(config) as bench:
        written = write_calibration(
            calibrate_wiper(bench, CODES, 1, None, nothing), bench, tmp_path / "b.json"
        )
    assert written.raw is not None
    assert written.drives == calibration.drives
    with np.load(tmp_path / written.raw.file) as raw:
        assert raw["drives_volts"].shape == raw["drives_sources"].shape
        assert raw["drives_volts"].shape == (raw["drives_states"].sum(), INPUTS + OUTPUTS)
