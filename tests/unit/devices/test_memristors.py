"""How pulses move a memristor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrig.devices.memristors import (
    MEMRISTORS,
    MemristorPart,
    memristor,
    nominal_pulse,
    nominal_state,
    symmetry_point,
)
from labrig.errors import ConfigError

parts = st.sampled_from(list(MEMRISTORS.values()))
states = st.floats(0, 1)
shares = st.floats(0, 1)


def moved(part: MemristorPart, state: float, volts: float, width: float, count: int = 1) -> float:
    return float(nominal_pulse(part, np.array(state), np.array(volts), width, count))


@given(parts, states, st.floats(-4, 4), shares, st.integers(1, 1000))
def test_a_state_stays_between_its_ends_and_goes_where_the_sign_says(
    part: MemristorPart, state: float, volts: float, share: float, count: int
) -> None:
    after = moved(part, state, volts, share * part.longest, count)
    assert 0 <= after <= 1
    assert (after - state) * np.sign(volts) >= -1e-12


@given(parts, states, shares)
def test_nothing_moves_below_the_thresholds(part: MemristorPart, state: float, share: float) -> None:
    for volts in (share * part.set.threshold, -share * part.reset.threshold, part.read):
        assert moved(part, state, volts, part.longest) == pytest.approx(state, abs=1e-12)


@given(parts, st.floats(0.01, 0.99), st.floats(0.5, 1.5), st.sampled_from([1, -1]))
def test_a_pulse_of_twice_the_width_does_what_two_do(
    part: MemristorPart, state: float, volts: float, sign: int
) -> None:
    once = moved(part, state, sign * volts, 2 * part.width)
    assert moved(part, state, sign * volts, part.width, 2) == once
    twice = moved(part, moved(part, state, sign * volts, part.width), sign * volts, part.width)
    assert twice == pytest.approx(once, rel=1e-9, abs=1e-12)


@given(parts, st.floats(0.05, 0.95), st.floats(1.01, 1.6), st.sampled_from([1, -1]))
def test_more_volts_or_time_move_no_less(part: MemristorPart, state: float, over: float, sign: int) -> None:
    threshold = part.set.threshold if sign > 0 else part.reset.threshold
    volts = sign * over * threshold
    least = abs(moved(part, state, volts, part.width) - state)
    assert least > 0
    assert abs(moved(part, state, 1.1 * volts, part.width) - state) >= least
    assert abs(moved(part, state, volts, 1.1 * part.width) - state) >= least


@pytest.mark.parametrize("part", MEMRISTORS.values(), ids=lambda part: part.name)
def test_an_end_slows_down_the_way_to_it(part: MemristorPart) -> None:
    up = [moved(part, x, 1.3 * part.set.threshold, part.width) - x for x in (0.1, 0.5, 0.9)]
    down = [x - moved(part, x, -1.3 * part.reset.threshold, part.width) for x in (0.1, 0.5, 0.9)]
    assert up == sorted(up, reverse=True)
    assert down == sorted(down)


def test_the_two_ways_differ() -> None:
    part = memristor("CMO-HFOX")
    rise = moved(part, 0.5, 0.9, part.width) - 0.5
    fall = 0.5 - moved(part, 0.5, -0.9, part.width)
    assert fall > 1.5 * rise


@pytest.mark.parametrize("part", MEMRISTORS.values(), ids=lambda part: part.name)
@pytest.mark.parametrize("start", [0.02, 0.98])
def test_alternating_pulses_end_at_the_symmetry_point(part: MemristorPart, start: float) -> None:
    up, down = 1.15 * part.set.threshold, 1.15 * part.reset.threshold
    state = start
    for _ in range(3000):
        state = moved(part, moved(part, state, up, part.width), -down, part.width)
    found = symmetry_point(part, up, down)
    after_a_set = moved(part, state, up, part.width)
    ends = part.lowest + part.span * np.array([state, after_a_set])
    assert ends[0] - 1e-9 * part.span <= found <= ends[1] + 1e-9 * part.span


@pytest.mark.parametrize("part", MEMRISTORS.values(), ids=lambda part: part.name)
def test_every_preset_is_read_far_below_what_moves_it_and_says_where_it_is_from(part: MemristorPart) -> None:
    spread = 1 - 4 * part.threshold_spread
    assert part.read < spread * min(part.set.threshold, part.reset.threshold) / 2
    for way in (part.set, part.reset):
        # A write begins where not even a device of four standard deviations moves.
        assert way.start <= spread * way.threshold
        assert way.highest * part.most <= part.current
    assert part.forming.ceiling > part.forming.voltage > part.set.highest
    # Half of a forming pulse is on neighbours that are formed.
    assert part.forming.ceiling / 2 <= part.set.highest
    assert part.forming.ceiling * part.most <= part.current
    assert "not checked" in part.source.lower()


@given(parts, shares)
def test_states_are_the_place_between_the_ends(part: MemristorPart, share: float) -> None:
    conductance = part.lowest + share * part.span
    assert float(nominal_state(part, np.array(conductance))) == pytest.approx(share, abs=1e-12)


def test_an_unknown_part_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="'XYZ' is not known; labrig knows CMO-HFOX"):
        memristor("XYZ")
