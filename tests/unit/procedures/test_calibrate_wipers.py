"""All branches of a crossbar at once: intervals that hold, no broken branch missed, none blamed falsely."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from labrig.arrays import FloatArray
from labrig.bench.assembly import open_bench
from labrig.bench.bench import Bench, Scans
from labrig.circuit.boundary import Boundary
from labrig.circuit.topology import Topology
from labrig.config.boards import SimulatedBoard
from labrig.config.calibration import WipersCalibration
from labrig.config.rig import RigConfig
from labrig.errors import CalibrationError, ComplianceReached, ConfigError
from labrig.procedures.calibrating.calibrate import calibrate_wiper
from labrig.procedures.calibrating.resistor import Resistor
from labrig.procedures.calibrating.wipers import read_wipers
from labrig.sim.branches import TrueDigipots, draw_branches
from labrig.sim.build import build_hardware
from labrig.sim.world import CircuitWorld
from labrig.units import format_quantity

INPUTS, OUTPUTS = 8, 6
NAMES = [f"in{i}-out{j}" for i in range(INPUTS) for j in range(OUTPUTS)]


def nothing(_: str, done: int, of: int) -> None:
    assert 0 <= done < of


def rig(
    seed: int, faults: list[dict[str, Any]] | None = None, bits: int = 16, noise: str = "50 uV"
) -> RigConfig:
    return RigConfig.model_validate(
        {
            "network": {"kind": "crossbar", "inputs": INPUTS, "outputs": OUTPUTS},
            "board": {
                "kind": "simulated",
                "elements": {"kind": "digipot", "part": "MCP4351-104", "vices": {}},
                "adc": {"bits": bits, "span": "5 V", "offset": "2 mV", "gain": "1 %", "noise": noise},
                "dac": {"bits": 16, "span": "5 V", "offset": "5 mV", "gain": "0.5 %"},
                "drive": "100 ohm",
                "seed": seed,
            },
            "faults": faults or [],
        }
    )


def calibrated(config: RigConfig, repeats: int = 1) -> WipersCalibration:
    with open_bench(config) as bench:
        found = calibrate_wiper(bench, [], repeats, None, nothing).wipers
    assert found is not None
    return found


def truth(config: RigConfig) -> TrueDigipots:
    assert isinstance(config.board, SimulatedBoard)
    found = draw_branches(config.board.elements, len(NAMES), config.board.seed)
    assert isinstance(found, TrueDigipots)
    return found


def true_drives(config: RigConfig) -> FloatArray:
    """Of inputs, then outputs, ohm."""
    assert isinstance(config.board, SimulatedBoard)
    driver = build_hardware(config.board, Topology.crossbar(INPUTS, OUTPUTS)).driver
    assert driver.drives is not None
    return driver.drive * driver.drives


def test_a_known_resistor_tells_what_the_drive_resistors_are() -> None:
    config = rig(7).model_copy(update={"mask": ("in0-out0",)})
    config = config.model_copy(update={"board": config.board.model_copy(update={"drive_tolerance": 0.05})})
    true, drives = truth(config), true_drives(config)
    ohm = 1 / true.conductance(0, 128)  # the code at power-up, which a masked branch keeps
    off: list[FloatArray] = []
    rests_on: list[tuple[str, str | None]] = []
    for reference in (None, Resistor("in0-out0", ohm)):
        with open_bench(config) as bench:
            findings = calibrate_wiper(bench, [], 1, None, nothing, reference=reference)
        assert findings.wipers is not None
        assert findings.drives is not None
        measured = np.array([findings.wipers.branches[name].end_to_end for name in NAMES[1:]])
        off.append(measured / true.law.end_to_end[1:] - 1)
        rests_on.append((findings.drives.rests_on, findings.drives.standard))
        ratios = np.array([line.ohm for line in findings.drives.lines.values()]) / drives
        assert np.ptp(ratios) < 2e-3 * ratios.mean()
    # All are off by as much as the drive resistors are together, and each is read to a thousandth.
    mean = (1 / drives).mean() * 100
    assert abs(off[0].mean() - (mean - 1)) < 1e-3
    assert np.abs(off[0] - off[0].mean()).max() < 4e-3
    assert np.abs(off[1]).max() < 5e-3
    assert abs(off[1].mean()) < 1e-3
    assert rests_on[0] == ("stated resistances", None)
    assert rests_on[1] == ("resistor", f"{format_quantity(ohm, 'ohm')} in place of in0-out0")


@pytest.mark.parametrize(
    ("resistor", "kind", "said"),
    [
        (Resistor("in9-out9", 1e4), ConfigError, "which is no branch of this network"),
        (Resistor("in1-out1", 1e4), ConfigError, "add it to the rig's mask"),
        (Resistor("in0-out0", 1e3), CalibrationError, "look at the branch, and at board.drive"),
    ],
)
def test_a_resistor_that_is_not_there_is_told(resistor: Resistor, kind: type[Exception], said: str) -> None:
    config = rig(7).model_copy(update={"mask": ("in0-out0",)})
    with open_bench(config) as bench, pytest.raises(kind, match=said):
        calibrate_wiper(bench, [0, 128, 256], 1, None, nothing, reference=resistor)


@pytest.mark.parametrize("leak", ["0 S", "50 nS"])
def test_an_open_branch_is_found_whether_it_leaks_or_not(leak: str) -> None:
    # The part conducts 10 uS at least, so that the leak is half of what counts as open.
    found = calibrated(rig(3, [{"kind": "open", "branch": "in2-out3", "leak": leak}]))
    assert {name: b.verdict for name, b in found.branches.items() if b.verdict != "sound"} == {
        "in2-out3": "open"
    }


@pytest.mark.parametrize("noise", ["40 uV", "100 uV"])
def test_the_intervals_of_a_board_hold_what_is_true(noise: str) -> None:
    boards = 12
    off: list[FloatArray] = []
    curves: list[FloatArray] = []
    for seed in range(boards):
        config = rig(seed, noise=noise)
        found, true = calibrated(config), truth(config)
        branches = [found.branches[name] for name in NAMES]
        doubts = np.sqrt([[b.covariance[0], b.covariance[2]] for b in branches])
        parameters = np.array([[b.wiper, b.end_to_end] for b in branches])
        exact = np.column_stack([true.law.wiper, true.law.end_to_end])
        off.append((parameters - exact) / doubts)
        codes = np.array(found.codes)
        measured = parameters @ [np.ones(len(codes)), codes / found.steps]
        measured += np.array([b.residuals for b in branches])
        curve = np.array([true.resistances(np.full(len(codes), k), codes) for k in range(len(NAMES))])
        curves.append((measured - curve) / np.array([b.uncertainties for b in branches]))
    inside = (np.abs(np.array(off)) < 1.96).mean(axis=(0, 1))
    # Branches at one output share what scales them: at least as many independent ones as outputs.
    assert np.all(np.abs(inside - 0.95) < 3 * np.sqrt(0.95 * 0.05 / (boards * OUTPUTS)))
    assert (np.abs(np.array(curves)) < 1.96).mean() > 0.93


def test_how_branches_divide_a_voltage_is_known_far_better_than_what_they_conduct() -> None:
    """A node that is free is read against volts, a current as millivolts over a drive resistor.

    Of 8 branches of 60 kohm at 2 V, 0.3 mA is 30 mV over 100 ohm, which in the 16 states of two settings two
    readings of 100 uV tell to 1.3e-3. A divider between inputs that are 4 V apart tells (8² + 8)^½ 100 uV
    of 2 V in 28 states: 0.8e-4 of each branch.
    """
    off: list[FloatArray] = []
    relative: list[FloatArray] = []
    for seed in range(6):
        config = rig(30 + seed, noise="100 uV")
        found, true = calibrated(config), truth(config)
        codes = np.array(found.codes)
        chosen = np.flatnonzero(codes > 40)
        for j in range(OUTPUTS):
            scale = found.scales[f"out{j}"]
            errors, own = np.empty((2, INPUTS, len(codes)))
            for i in range(INPUTS):
                branch, k = found.branches[f"in{i}-out{j}"], i * OUTPUTS + j
                curve = branch.wiper + branch.end_to_end * codes / found.steps + np.array(branch.residuals)
                errors[i] = curve / true.resistances(np.full(len(codes), k), codes) - 1
                own[i] = np.sqrt((np.array(branch.uncertainties) / curve) ** 2 - scale**2)
            # Of two branches at codes of their own, what is common to both cancels.
            for first in range(0, INPUTS, 2):
                a, b = np.random.default_rng((seed, j, first)).choice(chosen, 2)
                apart = errors[first, a] - errors[first + 1, b]
                off.append(apart / np.hypot(own[first, a], own[first + 1, b]))
            relative.append(own[:, chosen])
    assert (np.abs(np.array(off)) < 1.96).mean() > 0.9
    assert np.std(off) > 0.5
    assert np.sqrt((np.array(relative) ** 2).mean()) < 2 * 0.8e-4


BROKEN: dict[str, dict[str, Any]] = {
    "open": {"kind": "open"},
    "short": {"kind": "short"},
    "stuck": {"kind": "stuck", "code": 77},
    "non-monotone": {"kind": "bit-stuck", "bit": 5},
    "noisy": {"kind": "noisy", "spread": 0.05},
}


@pytest.mark.parametrize("bits", [12, 16])
def test_no_broken_branch_is_missed_and_no_sound_one_is_blamed(bits: int) -> None:
    generator = np.random.default_rng(bits)
    for seed in range(4):
        chosen = generator.choice(NAMES, len(BROKEN), replace=False)
        faults = [{**fault, "branch": str(name)} for name, fault in zip(chosen, BROKEN.values(), strict=True)]
        found = calibrated(rig(100 + seed, faults, bits), repeats=2)
        told = {name: branch.verdict for name, branch in found.branches.items() if branch.verdict != "sound"}
        assert told == dict(zip(map(str, chosen), BROKEN, strict=True))


def test_a_shorted_branch_never_carries_more_than_its_limit() -> None:
    short = {"kind": "short", "branch": "in3-out2"}
    low = {"kind": "stuck", "code": 2, "branch": "in6-out2"}
    carried: list[float] = []
    settle = CircuitWorld.settle

    def watched(self: CircuitWorld, boundaries: Sequence[Boundary]) -> FloatArray:
        volts = settle(self, boundaries)
        ends = self.topology.ends
        flows = self.conductances * (volts[:, ends[:, 0]] - volts[:, ends[:, 1]])
        carried.append(float(np.abs(flows).max()))
        return volts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CircuitWorld, "settle", watched)
        found = calibrated(rig(5, [short, low]))
    assert found.branches["in3-out2"].verdict == "short"
    assert found.branches["in6-out2"].verdict == "stuck"
    assert 0.3e-3 < max(carried) <= 2.5e-3


def test_the_board_gets_its_own_codes_back() -> None:
    codes = np.arange(48) + 100
    with open_bench(rig(3)) as bench:
        bench.write_codes(codes)
        calibrate_wiper(bench, [0, 100, 256], 1, None, nothing)
        assert np.array_equal(bench.read_back(), codes)


def test_a_branch_that_the_rig_masks_is_never_written() -> None:
    config = rig(3).model_copy(update={"mask": ("in2-out3",)})
    branch = NAMES.index("in2-out3")
    written: list[int] = []
    scan = Bench.scan

    def watched(self: Bench, *boundaries: Any, **others: Any) -> Any:
        found = scan(self, *boundaries, **others)
        written.append(int(self.branch_values()[branch]))
        return found

    with open_bench(config) as bench, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Bench, "scan", watched)
        found = calibrate_wiper(bench, [0, 5, 128, 256], 1, None, nothing).wipers
    assert set(written) == {128}
    assert found is not None
    assert found.branches["in2-out3"].verdict == "stuck"
    true = truth(config).conductance(branch, 128)
    assert found.branches["in2-out3"].wiper == pytest.approx(1 / true, rel=0.01)
    assert found.branches["in2-out2"].verdict == "sound"


def test_the_gentle_exchange_is_looked_at_too_and_codes_are_given_back_where_it_is_refused() -> None:
    def refuse(scans: Scans) -> None:
        seen.append(scans)
        raise ComplianceReached("at its limit")

    seen: list[Scans] = []
    with open_bench(rig(seed=3)) as bench:
        before = bench.branch_values().copy()
        with pytest.raises(ComplianceReached, match="at its limit"):
            next(read_wipers(bench, [0, 64, 256], 1, nothing, refuse))
        assert np.array_equal(bench.read_back(), before)
    assert len(seen) == 1
