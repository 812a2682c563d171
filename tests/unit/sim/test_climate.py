"""The temperature of simulated boards, and what drifts with it."""

from math import pi, sin
from typing import Any

import numpy as np
import pytest

from labrig.bench.assembly import open_bench
from labrig.boards.base import BoardRequest, Codes
from labrig.circuit.boundary import Boundary
from labrig.circuit.build import build_topology
from labrig.config.boards import BoardModel
from labrig.config.environment import EnvironmentConfig
from labrig.config.faults import Aging
from labrig.config.network import CrossbarNetwork
from labrig.config.rig import RigConfig
from labrig.devices.parts import digipot
from labrig.sim.build import build_board, build_hardware
from labrig.sim.climate import Climate

NETWORK = CrossbarNetwork(inputs=3, outputs=2)
TOPOLOGY = build_topology(NETWORK)
WARMER = {"temperature": "25 degC", "ramp": "20 K"}
"""At the exchange of number 500: 10 K above."""


def model(**changes: Any) -> BoardModel:
    whole: dict[str, Any] = {
        "elements": {"kind": "digipot", "part": "MCP4351-104"},
        "environment": WARMER,
        "seed": 4,
    }
    return BoardModel.model_validate(whole | changes)


def test_the_temperature_is_what_the_formula_says() -> None:
    climate = Climate(EnvironmentConfig(temperature=20, ramp=2, swing=3, period=400))
    for n in (0, 1, 100, 399, 1234):
        assert climate.celsius(n) == pytest.approx(20 + 2 * n / 1000 + 3 * sin(2 * pi * n / 400), abs=1e-9)


def test_only_the_string_of_a_potentiometer_changes_and_by_its_tempco() -> None:
    """50 ppm/K over 10 K is 5e-4 of R_AB; the wiper's 75 ohm stay."""
    branches = build_hardware(model(), TOPOLOGY).branches
    codes = Codes(np.array([0, 1, 30, 128, 200, 256]))
    before, after = 1 / branches.conductances(codes, 0), 1 / branches.conductances(codes, 500)
    wiper, tempco = digipot("MCP4351-104").wiper, digipot("MCP4351-104").tempco
    np.testing.assert_allclose(after - wiper, (before - wiper) * (1 + 10 * tempco), rtol=1e-12)
    assert branches.changing


def test_branches_track_each_other_as_well_as_they_are_said_to() -> None:
    elements = {
        "kind": "digipot",
        "part": "MCP4351-104",
        "vices": {"tempco": "100 ppm/K", "tracking": "20 ppm/K", "nonlinearity": 0, "wiper_spread": 0},
    }
    branches = build_hardware(model(elements=elements), TOPOLOGY).branches
    codes = Codes(np.full(6, 100))
    before, after = 1 / branches.conductances(codes, 0) - 75, 1 / branches.conductances(codes, 500) - 75
    tempcos = (after / before - 1) / 10
    assert np.all(np.abs(tempcos - 100e-6) <= 20e-6)
    assert np.ptp(tempcos) > 1e-6


def test_continuous_branches_change_where_they_have_a_tempco() -> None:
    elements = {"kind": "ideal", "tempco": "1000 ppm/K"}
    branches = build_hardware(model(elements=elements), TOPOLOGY).branches
    program = branches.power_up
    np.testing.assert_allclose(branches.conductances(program, 500), 1 / 1.01, rtol=1e-12)


def test_a_board_without_an_environment_neither_changes_nor_tells() -> None:
    board = build_board(model(environment=None), TOPOLOGY)
    assert board.celsius() is None
    assert not build_hardware(model(environment=None), TOPOLOGY).branches.changing


def test_converters_drift_from_line_to_line_within_what_is_largest() -> None:
    """Everything at one potential: readings change by the drifts of DACs and ADCs alone."""
    adc = {"bits": 24, "span": "5 V", "offset_drift": "100 uV/K", "gain_drift": "40 ppm/K"}
    board = build_board(model(adc=adc), TOPOLOGY)
    states = [Boundary(dict.fromkeys(range(3), volts)) for volts in (0.5, 4.5)]
    first, last = (board.exchange(BoardRequest(states, index=n)).voltages for n in (0, 500))
    assert board.celsius() == 35.0
    moved = last - first
    gain, lsb = (moved[1] - moved[0]) / 4.0, 5 / (2**24 - 1)
    offset = moved[0] - 0.5 * gain
    assert np.all(np.abs(gain) <= 10 * 40e-6 + lsb)
    assert np.all(np.abs(offset) <= 10 * 100e-6 + 2 * lsb)
    assert np.ptp(gain) > 1e-5
    assert np.ptp(offset) > 1e-5


def test_a_drifting_dac_is_seen_behind_its_driver() -> None:
    dac = {"bits": 24, "span": "5 V", "offset_drift": "100 uV/K"}
    board = build_board(model(dac=dac), TOPOLOGY)
    states = [Boundary(dict.fromkeys(range(3), 2.0))]
    first, last = (
        board.exchange(BoardRequest(states, sources=True, index=n)).sources[0, :3] for n in (0, 500)
    )
    assert 1e-5 < np.abs(last - first).max() <= 1e-3 + 5 / 2**24


def test_drift_is_a_function_of_the_number_of_the_exchange_alone() -> None:
    adc = {"bits": 16, "span": "5 V", "noise": "1 mV", "offset_drift": "100 uV/K"}
    whole, resumed = (build_board(model(adc=adc), TOPOLOGY) for _ in range(2))
    state = [Boundary({0: 1.0, 1: 2.0, 2: 3.0})]
    for n in range(39):
        whole.exchange(BoardRequest(state, index=n))
    reply = whole.exchange(BoardRequest(state, index=39))
    again = resumed.exchange(BoardRequest(state, index=39))
    np.testing.assert_array_equal(again.voltages, reply.voltages)
    assert resumed.celsius() == whole.celsius()


def test_a_supply_that_droops_takes_dacs_down_and_wipers_up() -> None:
    """20 % less after 400 exchanges: levels are 0.8 of what they were, R_W (1 - 0.2)/(0.8 - 0.2) of it."""
    around = {"droop": 0.5}
    dac = {"bits": 24, "span": "5 V"}
    chips = build_hardware(model(environment=around, dac=dac), TOPOLOGY)
    codes = Codes(np.zeros(6, dtype=np.int64))
    wipers = [1 / chips.branches.conductances(codes, n) for n in (0, 400)]
    np.testing.assert_allclose(wipers[1] / wipers[0], 0.8 / 0.6, rtol=1e-12)
    assert chips.branches.changing
    board = build_board(model(environment=around, dac=dac), TOPOLOGY)
    state = [Boundary(dict.fromkeys(range(3), 2.0))]
    first, last = (board.exchange(BoardRequest(state, index=n)).voltages[0] for n in (0, 400))
    np.testing.assert_allclose(last, 0.8 * first, rtol=1e-6)


@pytest.mark.parametrize("mains", [50, 60])
def test_mains_are_on_all_lines_alike_at_the_times_of_their_conversions(mains: int) -> None:
    around = {"pickup": "2 mV", "mains": mains, "exchange": "11 ms", "conversion": "0.5 ms"}
    board = build_board(model(environment=around, adc={"bits": 24, "span": "5 V"}), TOPOLOGY)
    states = [Boundary(dict.fromkeys(range(3), 2.0))] * 4
    for n in (0, 3, 70):
        volts = board.exchange(BoardRequest(states, averages=2, index=n)).voltages
        times = n * 0.011 + 0.5e-3 * np.arange(8)
        hum = (2e-3 * np.sin(2 * pi * mains * times)).reshape(4, 2).mean(axis=1)
        np.testing.assert_allclose(volts - 2.0, np.tile(hum[:, None], 5), atol=5 / 2**23)


def test_a_request_without_states_does_not_turn_the_clock_back() -> None:
    board = build_board(model(), TOPOLOGY)
    board.exchange(BoardRequest([Boundary({0: 1.0})], index=500))
    warm = board.world.conductances.copy()
    board.exchange(BoardRequest([], program=Codes(np.full(6, 128))))
    np.testing.assert_array_equal(board.world.conductances, warm)


def test_one_branch_can_age() -> None:
    fault = Aging(branch="in1-out0", rate=0.1, after=100)
    branches = build_hardware(model(environment=None), TOPOLOGY, faults=[fault]).branches
    codes = branches.power_up
    fresh, old = branches.conductances(codes, 100), branches.conductances(codes, 1100)
    changed = np.flatnonzero(old != fresh)
    assert [TOPOLOGY.branch_name(int(k)) for k in changed] == ["in1-out0"]
    assert old[changed[0]] / fresh[changed[0]] == pytest.approx(np.exp(0.1), rel=1e-12)
    assert branches.changing


def test_a_calibration_has_the_temperature_of_a_simulated_board() -> None:
    rig = RigConfig.model_validate(
        {
            "network": {"kind": "crossbar", "inputs": 3, "outputs": 2},
            "board": {"kind": "simulated", **model().model_dump(mode="json")},
        }
    )
    with open_bench(rig) as bench:
        assert bench.celsius() == 25.0
        bench.exchange_index = 500
        bench.settle([Boundary({0: 1.0})])
        assert bench.celsius() == 35.0


def test_launched_firmware_has_no_environment(tmp_path: Any) -> None:
    from labrig.config.loading import load_rig
    from labrig.errors import ConfigError

    path = tmp_path / "rig.yaml"
    path.write_text(
        """network: {kind: crossbar, inputs: 3, outputs: 2}
board:
  kind: firmware
  launch: {target: host}
  model:
    elements: {kind: digipot, part: MCP4351-104}
    adc: {bits: 16, span: 5 V}
    dac: {bits: 16, span: 5 V}
    environment: {ramp: 2 K}
"""
    )
    with pytest.raises(ConfigError, match=r"rig.yaml:9.*environment: found beside launch"):
        load_rig(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{temperature: 300 K}", r"temperature: found '300 K'.*degC"),
        ("{temperature: 25}", r"temperature: found 25, which has no unit"),
        ("{ramp: 2 degC}", r"ramp: found '2 degC'"),
        ("{period: 0}", r"period: found 0"),
    ],
)
def test_a_bad_environment_is_refused_in_words(tmp_path: Any, text: str, complaint: str) -> None:
    from labrig.config.loading import load_rig
    from labrig.errors import ConfigError

    path = tmp_path / "rig.yaml"
    path.write_text(
        f"""network: {{kind: crossbar, inputs: 3, outputs: 2}}
board:
  kind: simulated
  elements: {{kind: digipot, part: MCP4351-104}}
  environment: {text}
"""
    )
    with pytest.raises(ConfigError, match=r"rig.yaml:5.*environment\." + complaint):
        load_rig(path)
