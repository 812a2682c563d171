"""A source meter in the place of a driver makes resistances absolute; what it cannot do is told in words."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labrig.arrays import FloatArray
from labrig.bench.assembly import open_bench
from labrig.bench.bench import Bench
from labrig.circuit.topology import Topology
from labrig.config.rig import RigConfig
from labrig.errors import ComplianceReached, ConfigError, SafetyError
from labrig.procedures.calibrating.calibrate import calibrate_adc, calibrate_wiper
from labrig.procedures.calibrating.sealing import Findings, write_calibration
from labrig.procedures.calibrating.standard import Standard
from labrig.sim.branches import TrueDigipots
from labrig.sim.build import build_hardware, simulation_of
from tests.support.served_bench import ServedBench, served_bench

INPUTS, OUTPUTS = 4, 3
OFF = 1.01
"""True over stated resistance of all drive resistors."""
CODES = [0, 16, 64, 256]
METER = {"kind": "keithley2450", "node": "in1", "wires": 4, "compliance_current": "100 mA", "slew": "1 kV/s"}
NOWHERE = {"kind": "visa", "resource": "TCPIP::127.0.0.1::1::SOCKET"}


def nothing(_: str, done: int, of: int) -> None:
    assert 0 <= done < of


def rig(links: tuple[dict[str, Any], dict[str, Any]] | None = None, **meter: Any) -> RigConfig:
    model: dict[str, Any] = {
        "elements": {"kind": "digipot", "part": "MCP4351-104", "vices": {}},
        "adc": {"bits": 16, "span": "5 V", "offset": "2 mV", "gain": "1 %", "noise": "50 uV"},
        "dac": {"bits": 16, "span": "5 V", "offset": "5 mV", "gain": "0.5 %"},
        "drive": "100 ohm",
        "seed": 11,
    }
    board, unit = links or (NOWHERE, NOWHERE)
    return RigConfig.model_validate(
        {
            "network": {"kind": "crossbar", "inputs": INPUTS, "outputs": OUTPUTS},
            "board": {"kind": "firmware", "serial_number": "A7F3", "link": board, "model": model}
            if links
            else {"kind": "simulated", **model},
            "source_meters": {"smu": {"link": unit, **METER, **meter}},
        }
    )


@contextmanager
def hidden(**meter: Any) -> Generator[tuple[RigConfig, ServedBench, FloatArray]]:
    """A board whose drive resistors are all off, a source meter on it, and the true R_AB of its branches."""
    model, _ = simulation_of(rig().board)
    chips = build_hardware(model, Topology.crossbar(INPUTS, OUTPUTS), "A7F3")
    off = replace(chips, driver=replace(chips.driver, drives=np.full(INPUTS + OUTPUTS, OFF)))
    assert isinstance(chips.branches, TrueDigipots)
    with served_bench(off, "keithley2450", 1) as served:
        yield rig(served.links(), **meter), served, chips.branches.law.end_to_end


def calibrated(config: RigConfig, standard: Standard | None) -> Findings:
    with open_bench(config) as bench:
        return calibrate_wiper(bench, CODES, 1, None, nothing, reference=standard)


def end_to_end(found: Findings) -> tuple[FloatArray, FloatArray]:
    """R_AB of each branch and its standard uncertainty, ohm."""
    assert found.wipers is not None
    branches = found.wipers.branches.values()
    return np.array([b.end_to_end for b in branches]), np.sqrt([b.covariance[2] for b in branches])


def test_a_source_meter_over_visa_tells_what_drive_resistors_hide() -> None:
    with hidden() as (config, served, true):
        found = calibrated(config, Standard.of(config, "smu"))
        assert any(":SENS:CURR:RSEN 1" in message for message in served.messages), "with four wires"
        assert not served.on
        assert served.released
    resistances, doubts = end_to_end(found)
    z = (resistances - true) / doubts
    # Each is inside with probability 0.95: of 12, fewer than 9 in one of 450 calibrations.
    assert np.count_nonzero(np.abs(z) < 1.96) >= 9
    assert found.drives is not None
    assert found.drives.rests_on == "source meter"
    assert found.drives.standard is not None
    assert "smu on in1: KEITHLEY INSTRUMENTS MODEL 2450, serial 04123456" in found.drives.standard
    assert "accuracy by SPEC-2450 Rev. A, page 2" in found.drives.standard
    assert "in1" not in found.drives.lines
    uncertainty = found.drives.scale_uncertainty
    # A 2450 reads to 0.02 % of a current and 0.015 % of 20 V, over root 3. Of nine levels over 0.25 … 4.75 V,
    # five are in that range and four in that of 2 V: a slope through them has 0.3 / V of either zero, 1 mV
    # and 300 uV.
    assert uncertainty is not None
    assert np.hypot(0.02e-2, 0.015e-2) / 3**0.5 < uncertainty < 4e-4
    assert np.all(doubts > uncertainty * resistances)
    for line in found.drives.lines.values():
        assert abs(line.ohm - 100 * OFF) < 4 * np.hypot(uncertainty * line.ohm, line.uncertainty)


def test_calibrated_again_without_it_resistances_stay_absolute(tmp_path: Path) -> None:
    with hidden() as (config, _, true):
        with open_bench(config) as bench:
            first = calibrate_wiper(bench, CODES, 1, None, nothing, reference=Standard.of(config, "smu"))
            known = write_calibration(first, bench, tmp_path / "absolute.json")
        with open_bench(config.model_copy(update={"calibration": known})) as bench:
            again = calibrate_wiper(bench, CODES, 1, known.converters, nothing, drives=known.drives)
    resistances, doubts = end_to_end(again)
    assert np.count_nonzero(np.abs(resistances - true) < 1.96 * doubts) >= 9
    assert first.drives is not None
    assert again.drives is not None
    assert (again.drives.rests_on, again.drives.standard) == ("source meter", first.drives.standard)
    assert (again.drives.scale_uncertainty or 0.0) > (first.drives.scale_uncertainty or 0.0)
    for line in again.drives.lines.values():
        scale = (again.drives.scale_uncertainty or 0.0) * line.ohm
        assert abs(line.ohm - 100 * OFF) < 4 * np.hypot(scale, line.uncertainty)


def test_without_it_all_resistances_are_off_as_the_drive_resistors_are() -> None:
    with hidden() as (config, _, true):
        found = calibrated(config.model_copy(update={"source_meters": {}}), None)
    resistances, _ = end_to_end(found)
    assert (resistances / true).mean() == pytest.approx(1 / OFF, abs=2e-3)
    assert found.drives is not None
    assert (found.drives.rests_on, found.drives.standard) == ("stated resistances", None)
    assert found.drives.scale_uncertainty is None


def test_a_limit_that_is_reached_is_told_and_everything_is_off() -> None:
    with hidden(compliance_current="1 mA") as (config, served, _):
        standard = Standard.of(config, "smu")
        with pytest.raises(ComplianceReached, match="smu reached its limit where it should hold in1 at"):
            calibrated(config, standard)
        assert any(state.on for state in served.outputs)
        assert not served.on
        assert served.released


@pytest.mark.parametrize("after", [60, 140])
def test_a_source_meter_that_is_unplugged_midway_is_told_and_codes_are_given_back(after: int) -> None:
    """At some code of the branches on the way up, and at another."""
    with hidden() as (config, served, _):
        standard = Standard.of(config, "smu")
        alone = config.model_copy(update={"source_meters": {}})
        with open_bench(alone) as bench:
            before = bench.branch_values()
        served.unplug_after = after
        with pytest.raises(SafetyError, match="the output is STILL ON as far as anybody can tell"):
            calibrated(config, standard)
        assert served.on, "nobody can turn it off, which is what was said"
        assert served.released
        with open_bench(alone) as bench:
            assert np.array_equal(bench.branch_values(), before)


def test_a_range_that_the_rig_fixes_is_that_of_the_uncertainty() -> None:
    volts, amperes = np.array([0.5, 2.5, 4.5]), np.array([2e-3, -2e-3])
    free, fixed = Standard.of(rig(), "smu"), Standard.of(rig(range_current="1 A"), "smu")
    # 0.03 % in the 1 A range of a 2450 in place of 0.02 % in that of 10 mA.
    more = fixed.scale_uncertainty(volts, amperes) ** 2 - free.scale_uncertainty(volts, amperes) ** 2
    assert more == pytest.approx(((0.03e-2) ** 2 - (0.02e-2) ** 2) / 3)


@pytest.mark.parametrize(
    ("name", "meter", "said"),
    [
        ("other", {}, "found 'other'; the rig's source meters on a node are smu"),
        ("smu", {"node": "out2"}, "smu is on out2, which is no input"),
        ("smu", {"wires": 2}, r"its leads would count as part of the board.* source_meters.smu.wires to 4"),
        ("smu", {"nplc": 0.1}, "its accuracy is stated for 1 or more"),
        ("smu", {"autozero": False}, "smu does not look for its zero.* source_meters.smu.autozero"),
        ("smu", {"kind": "yokogawa_gs200"}, "how accurate a Yokogawa GS200 reads is not known here"),
    ],
)
def test_what_cannot_be_a_standard_is_refused_before_anything_is_opened(
    name: str, meter: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        Standard.of(rig(**meter), name)


def test_the_board_gets_its_codes_back_and_is_released() -> None:
    config = rig()
    with open_bench(config) as bench:
        before = bench.branch_values().copy()
        calibrate_wiper(bench, CODES, 1, None, nothing, reference=Standard.of(config, "smu"))
        assert np.array_equal(bench.read_back(), before)
        assert list(bench.instruments) == [1]
    assert isinstance(bench, Bench)


def test_a_source_meter_that_is_no_standard_spoils_nothing() -> None:
    config = rig()
    with open_bench(config.model_copy(update={"source_meters": {}})) as bench:
        converters = calibrate_adc(bench, None, None, nothing).converters
    with open_bench(config) as bench:
        found = calibrate_wiper(bench, CODES, 1, converters, nothing)
    resistances, doubts = end_to_end(found)
    assert np.all(np.isfinite(doubts))
    assert np.all(np.abs(resistances / 1e5 - 1) < 0.2), "within the tolerance of the part"
    assert found.drives is not None
    assert sorted(found.drives.lines) == ["in0", "in2", "in3", "out0", "out1", "out2"]
