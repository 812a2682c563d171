"""The bounds that hold: experiment, part and limits at the voltages of a task."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrig.bench.bounds import EffectiveBounds, effective_bounds
from labrig.bench.limits import BenchLimits
from labrig.bench.profile import Laws, limits_of, tap_laws
from labrig.boards.base import BoardInfo, CodeRange
from labrig.circuit.network import Nudging
from labrig.config.rig import Limits
from labrig.devices.parts import digipot
from labrig.errors import ConfigError
from tests.unit.bench.conftest import MakeBench

CONTINUOUS = Laws(None, None)
BRANCHES = 3


def board(part: str, lowest: int = 0) -> BoardInfo:
    return BoardInfo(
        kind="simulated",
        serial_number="B1",
        firmware="",
        fingerprint=None,
        inputs=3,
        outputs=1,
        hidden=0,
        branches=BRANCHES,
        codes=CodeRange(lowest, 256, 9),
        part=part,
        adc=None,
        dac=None,
        drive=0.0,
        nudging=Nudging(),
        heartbeat=None,
    )


def bounds_of(
    laws: Laws,
    floor: float,
    ceiling: float | None,
    span: float,
    limits: BenchLimits | None = None,
) -> EffectiveBounds:
    allowed = (limits or BenchLimits(branch_current=2.5e-3)).largest_conductance(span)
    return effective_bounds((floor, ceiling), laws.nominal, laws.worst, allowed, span, BRANCHES)


@pytest.mark.parametrize(
    ("part", "volts", "nominal", "worst"),
    [
        ("MCP4351-103", 1.0, 9, 11),
        ("MCP4351-103", 2.5, 24, 30),
        ("MCP4351-103", 5.0, 50, 62),
        ("MCP4351-104", 5.0, 5, 7),
    ],
)
def test_a_part_keeps_its_wiper_current_from_the_code_that_its_datasheet_gives(
    part: str, volts: float, nominal: int, worst: int
) -> None:
    """2.5 mA through R_W = 75 ohm and R_AB code / 256, R_AB at its nominal value and 20 % below it."""
    info = board(part)
    laws = tap_laws(info, BRANCHES)
    assert laws.nominal is not None
    assert laws.worst is not None
    allowed = limits_of(info, Limits()).largest_conductance(volts)
    for law, code in ((laws.nominal, nominal), (laws.worst, worst)):
        lowest = law.within(np.full(BRANCHES, 1e-6), np.full(BRANCHES, allowed)).lowest
        np.testing.assert_array_equal(lowest, code)
        assert volts * law.conductances(lowest)[0] <= 2.5e-3 < volts * law.conductances(lowest - 1)[0]


def test_a_part_of_100_kohm_keeps_a_thirty_fold_range_at_5_volt_and_one_of_10_kohm_a_four_fold_one() -> None:
    ranges = {}
    for part in ("MCP4351-103", "MCP4351-104"):
        found = bounds_of(tap_laws(board(part), BRANCHES), 1e-6, None, 5.0).bounds
        ranges[part] = float(found.ceiling[0] / found.floor[0])
    assert ranges["MCP4351-104"] == pytest.approx((75 + 100e3) / (75 + 100e3 * 7 / 256))
    assert ranges["MCP4351-103"] == pytest.approx((75 + 10e3) / (75 + 10e3 * 62 / 256))


def test_the_tighter_of_device_and_rig_limits_and_what_is_not_limited_is_infinite() -> None:
    info = board("MCP4351-104")
    assert limits_of(info, Limits()) == BenchLimits(branch_current=2.5e-3)
    assert limits_of(info, Limits(branch_current=1e-3)).branch_current == 1e-3
    assert limits_of(info, Limits(branch_current=9e-3)).branch_current == 2.5e-3
    stated = Limits(voltage=3.0, branch_power=1e-3, conductance=1e-4, slew=10.0)
    assert limits_of(info, stated) == BenchLimits(3.0, 2.5e-3, 1e-3, 1e-4, 10.0)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (BenchLimits(), np.inf),
        (BenchLimits(branch_current=2e-3), 1e-3),
        (BenchLimits(branch_power=1e-3), 0.25e-3),
        (BenchLimits(conductance=1e-5), 1e-5),
        (BenchLimits(branch_current=2e-3, branch_power=1e-3, conductance=1e-5), 1e-5),
    ],
)
def test_the_largest_conductance_under_2_volt(limits: BenchLimits, expected: float) -> None:
    assert limits.largest_conductance(2.0) == pytest.approx(expected)


def test_without_a_voltage_only_the_limit_of_conductance_bounds_a_branch() -> None:
    assert BenchLimits(branch_current=1e-3).largest_conductance(0.0) == np.inf
    assert BenchLimits(branch_current=1e-3, conductance=1e-5).largest_conductance(0.0) == 1e-5


@given(span=st.floats(0.01, 10), injected=st.floats(0, 1e-3), limit=st.floats(1e-6, 1e-1))
def test_the_largest_conductance_leaves_room_for_the_injected_current(
    span: float, injected: float, limit: float
) -> None:
    by_current = BenchLimits(branch_current=limit).largest_conductance(span, injected)
    assert span * by_current + injected == pytest.approx(limit)
    by_power = BenchLimits(branch_power=limit).largest_conductance(span, injected)
    if by_power > 0:
        current = span * by_power + injected
        assert current**2 / by_power == pytest.approx(limit, rel=1e-6)
    else:
        g = np.geomspace(1e-12, 1e3, 301)
        assert ((span * g + injected) ** 2 / g > limit).all(), "some conductance would have been all right"


def test_an_experiment_within_the_part_is_bounded_by_the_outermost_codes_inside_it() -> None:
    found = bounds_of(tap_laws(board("MCP4351-104"), BRANCHES), 20e-6, 100e-6, 5.0)
    at = {code: 1 / (75 + 100e3 * code / 256) for code in (25, 26, 127, 128)}
    assert at[128] < 20e-6 < at[127]
    assert at[26] < 100e-6 < at[25]
    np.testing.assert_allclose(found.bounds.floor, at[127], rtol=1e-15)
    np.testing.assert_allclose(found.bounds.ceiling, at[26], rtol=1e-15)
    assert str(found) == "20.1271 µS (experiment, nominal) to 97.7398 µS (experiment)"


def test_what_the_part_cannot_reach_comes_off_the_bounds_and_the_print_says_so() -> None:
    info = board("MCP4351-104", lowest=128)
    found = bounds_of(tap_laws(info, BRANCHES), 1e-6, 1.0, 5.0)
    np.testing.assert_allclose(found.bounds.floor, 1 / 100_075)
    np.testing.assert_allclose(found.bounds.ceiling, 1 / 50_075)
    assert str(found) == "9.99251 µS (part, nominal) to 19.97 µS (part)"


def test_limits_at_the_voltage_of_the_task_set_the_ceiling_by_the_worst_tolerance() -> None:
    found = bounds_of(tap_laws(board("MCP4351-104"), BRANCHES), 10e-6, None, 5.0)
    np.testing.assert_allclose(found.bounds.ceiling, 1 / (75 + 100e3 * 7 / 256))
    assert str(found) == "10.0317 µS (experiment, nominal) to 355.951 µS (limits at 5 V, worst tolerance)"


def test_a_continuous_board_is_bounded_by_the_experiment_and_the_limits() -> None:
    open_above = bounds_of(CONTINUOUS, 0.1, None, 39.0, BenchLimits())
    assert np.isinf(open_above.bounds.ceiling).all()
    assert str(open_above) == "100 mS (experiment), no ceiling"
    limited = bounds_of(CONTINUOUS, 0.1, 10.0, 2.0, BenchLimits(branch_current=1.0))
    np.testing.assert_array_equal(limited.bounds.ceiling, 0.5)
    assert str(limited) == "100 mS (experiment) to 500 mS (limits at 2 V)"


@pytest.mark.parametrize(
    ("laws", "floor", "ceiling", "limits", "words"),
    [
        (CONTINUOUS, 2.0, None, BenchLimits(branch_current=5.0), ["2 S (experiment)", "1 S (limits at 5 V)"]),
        (
            tap_laws(board("MCP4351-104"), BRANCHES),
            400e-6,
            None,
            BenchLimits(branch_current=2.5e-3),
            ["400 µS (experiment, nominal)", "355.951 µS (limits at 5 V, worst tolerance)"],
        ),
        (
            tap_laws(board("MCP4351-104"), BRANCHES),
            1e-6,
            5e-6,
            BenchLimits(),
            ["9.99251 µS (part, nominal)", "5 µS (experiment)"],
        ),
        (
            tap_laws(board("MCP4351-104"), BRANCHES),
            1e-6,
            None,
            BenchLimits(branch_current=50e-6),
            [
                "may conduct 10 µS (limits at 5 V)",
                "12.4883 µS at least (worst tolerance)",
                "limits of the rig",
            ],
        ),
    ],
)
def test_an_empty_intersection_is_one_sentence_that_names_both_sides(
    laws: Laws, floor: float, ceiling: float | None, limits: BenchLimits, words: list[str]
) -> None:
    with pytest.raises(ConfigError) as refused:
        bounds_of(laws, floor, ceiling, 5.0, limits)
    assert str(refused.value).startswith("learning.bounds: ")
    for word in words:
        assert word in str(refused.value)


def test_bounds_between_two_codes_are_refused() -> None:
    laws = tap_laws(board("MCP4351-104"), BRANCHES)
    assert laws.nominal is not None
    just_above = laws.nominal.conductances(np.full(BRANCHES, 100)) * 1.001
    with pytest.raises(ConfigError, match="no wiper code of branch 0 lies between"):
        laws.nominal.within(just_above, just_above * 1.001)


@given(
    part=st.sampled_from(["MCP4351-502", "MCP4351-103", "MCP4351-503", "MCP4351-104"]),
    span=st.floats(0.05, 5.0),
    floor=st.floats(-13.8, -6.0).map(np.exp),
    fold=st.floats(1.2, 50.0) | st.none(),
    latent=st.lists(st.floats(-20, 3).map(np.exp), min_size=BRANCHES, max_size=BRANCHES),
)
def test_every_code_that_can_be_written_lies_within_floor_and_ceiling_and_no_true_part_takes_too_much(
    part: str, span: float, floor: float, fold: float | None, latent: list[float]
) -> None:
    laws = tap_laws(board(part), BRANCHES)
    assert laws.nominal is not None
    try:
        found = bounds_of(laws, float(floor), None if fold is None else float(floor) * fold, span)
        law = laws.nominal.within(found.bounds.floor, found.bounds.ceiling)
    except ConfigError:
        return
    codes = law.codes(np.array(latent))
    written = laws.nominal.conductances(codes)
    assert (written >= floor * (1 - 1e-12)).all(), "ε holds after quantisation"
    assert (written >= found.bounds.floor * (1 - 1e-12)).all()
    assert (written <= found.bounds.ceiling * (1 + 1e-12)).all()
    preset = digipot(part)
    least_resistance = preset.wiper + preset.end_to_end * (1 - preset.tolerance) * codes / preset.steps
    assert (span / least_resistance <= preset.wiper_current * (1 + 1e-9)).all()


@given(floor=st.integers(8, 250), fold=st.integers(0, 100), latent=st.floats(-20, 3).map(np.exp))
def test_a_bound_that_is_the_conductance_of_a_code_keeps_that_code(
    floor: int, fold: int, latent: float
) -> None:
    nominal = tap_laws(board("MCP4351-104"), 1).nominal
    assert nominal is not None
    high, low = np.array([floor + 1]), np.array([max(floor + 1 - fold, 1)])
    law = nominal.within(nominal.conductances(high), nominal.conductances(low))
    assert (law.highest, law.lowest) == (high, low)
    code = law.codes(np.array([latent]))
    others = np.arange(int(low[0]), int(high[0]) + 1, dtype=np.int64)
    distance = np.abs(1 / (75 + 100e3 * others / 256) - latent)
    assert abs(1 / (75 + 100e3 * int(code[0]) / 256) - latent) <= distance.min() * (1 + 1e-9)


def test_a_second_training_on_the_bench_starts_from_the_whole_part_again(make_bench: MakeBench) -> None:
    bench, _ = make_bench()
    narrow = bench.restrict((20e-6, 30e-6), span=2.0).bounds
    wide = bench.restrict((10e-6, 200e-6), span=2.0).bounds
    np.testing.assert_allclose(narrow.ceiling, 1 / (75 + 100e3 * 86 / 256))
    np.testing.assert_allclose(wide.ceiling, 1 / (75 + 100e3 * 13 / 256))
    assert bench.programmer.law is not None
    assert bench.programmer.law.lowest.max() <= 256 * (1 / 200e-6 - 75) / 100e3 + 1


def test_the_law_of_a_board_stays_within_the_codes_that_the_board_has() -> None:
    laws = tap_laws(replace(board("MCP4351-104"), codes=CodeRange(9, 200, 9)), BRANCHES)
    assert laws.nominal is not None
    assert set(laws.nominal.lowest) == {9}
    assert set(laws.nominal.highest) == {200}


def test_a_part_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"part 'XYZ' is not known; labrig knows MCP4351-502"):
        tap_laws(board("XYZ"), BRANCHES)
