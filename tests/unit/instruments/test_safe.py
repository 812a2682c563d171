"""No source meter goes beyond its caps, or faster than its slew, or stays on without saying so."""

import contextlib
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrig.errors import (
    ConfigError,
    InstrumentError,
    LabrigError,
    LimitExceeded,
    LinkTimeout,
    ReadbackMismatch,
    SafetyError,
)
from labrig.instruments.base import CurrentSource, Setup, SweepPoints, VoltageSource
from labrig.instruments.ramping import walk
from labrig.instruments.safe import Caps, SafeSourceMeter
from tests.support.fake_channel import Clock, FakeChannel, stopped_clock

CAPS = Caps(volts=2.0, amperes=0.01, slew=50.0)
EXACT = 1 + 1e-6
RESOLUTION = 1e-9
"""Of the clock, s."""
Step = Callable[[SafeSourceMeter], object]
"""Something that a caller does."""

volts = st.floats(-3.0, 3.0)
setups: st.SearchStrategy[Setup] = st.one_of(
    st.builds(VoltageSource, st.floats(1e-6, 0.02)), st.builds(CurrentSource, st.floats(1e-3, 4.0))
)


def scaled(meter: SafeSourceMeter, level: float) -> float:
    """A voltage, or as much of the cap on the current."""
    return level / (meter.travel(1.0) * CAPS.slew)


def set_up(setup: Setup) -> Step:
    return lambda meter: meter.configure(setup)


def enabled(level: float) -> Step:
    return lambda meter: meter.enable(level=scaled(meter, level))


def sourced(level: float) -> Step:
    return lambda meter: meter.source(scaled(meter, level))


def measured(level: float) -> Step:
    return lambda meter: meter.source_measure(scaled(meter, level))


def swept(levels: list[float], delay: float) -> Step:
    return lambda meter: meter.sweep(SweepPoints(np.array([scaled(meter, x) for x in levels]), delay))


def made_safe() -> Step:
    return lambda meter: meter.make_safe()


steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(set_up, setups),
    st.builds(enabled, volts),
    st.builds(sourced, volts),
    st.builds(measured, volts),
    st.builds(swept, st.lists(volts, max_size=20), st.sampled_from([0.0, 1e-3, 0.1])),
    st.builds(made_safe),
)
programs = st.lists(steps, max_size=8).map(
    lambda program: [set_up(VoltageSource(1e-3)), enabled(0.5), *program]
)
errors = st.sampled_from([LinkTimeout("silence"), InstrumentError("error -221"), KeyboardInterrupt()])


def failing(at: int, error: BaseException) -> Callable[[int], BaseException | None]:
    return lambda call: error if call == at else None


def perform(meter: SafeSourceMeter, program: list[Step]) -> None:
    """As a caller who goes on whatever happens."""
    for step in program:
        with contextlib.suppress(LabrigError, KeyboardInterrupt):
            step(meter)


def assert_never_beyond(channel: FakeChannel) -> None:
    for moment in channel.history:
        assert abs(moment.level) <= CAPS.of(moment.unit) * EXACT
    assert channel.limits["V"] <= CAPS.volts * EXACT
    assert channel.limits["A"] <= CAPS.amperes * EXACT


def assert_never_faster(channel: FakeChannel) -> None:
    moved = -np.inf
    for before, after in pairwise(channel.history):
        if before.on and after.on:
            assert after.unit == before.unit
            within = after.time - moved + RESOLUTION
            assert abs(after.level - before.level) <= CAPS.rate(after.unit) * within * EXACT
        if (after.on, after.level) != (before.on, before.level):
            moved = after.time


@given(programs)
def test_no_level_and_no_compliance_is_ever_beyond_its_cap(program: list[Step]) -> None:
    with stopped_clock() as clock:
        channel = FakeChannel(clock)
        perform(SafeSourceMeter(channel, CAPS), program)
    assert_never_beyond(channel)


@given(programs)
def test_no_step_is_ever_faster_than_the_slew_and_none_is_left_to_the_switch(program: list[Step]) -> None:
    with stopped_clock() as clock:
        channel = FakeChannel(clock)
        perform(SafeSourceMeter(channel, CAPS), [*program, made_safe()])
    assert_never_faster(channel)
    assert not channel.on
    for before, after in pairwise(channel.history):
        if before.on != after.on:
            assert before.level == after.level == 0.0


@given(programs, st.integers(1, 200), errors, st.booleans())
def test_a_failure_at_any_call_ends_with_the_output_off_and_nothing_jumps(
    program: list[Step], at: int, error: BaseException, heard: bool
) -> None:
    with stopped_clock() as clock:
        channel = FakeChannel(clock, failing(at, error), heard)
        meter = SafeSourceMeter(channel, CAPS)
        perform(meter, program)
        channel.failure = lambda _: None
        meter.make_safe()
    assert not channel.on
    assert_never_beyond(channel)
    assert_never_faster(channel)


@given(programs, st.integers(1, 60))
def test_a_link_that_stays_dead_is_never_taken_for_an_output_that_is_off(
    program: list[Step], at: int
) -> None:
    with stopped_clock() as clock:
        channel = FakeChannel(clock, lambda call: LinkTimeout("silence") if call >= at else None, heard=False)
        meter = SafeSourceMeter(channel, CAPS)
        perform(meter, program)
        channel.failure = lambda _: LinkTimeout("silence")
        with pytest.raises(SafetyError, match="STILL ON"):
            meter.make_safe()


def ready(clock: Clock) -> tuple[FakeChannel, SafeSourceMeter]:
    channel = FakeChannel(clock)
    meter = SafeSourceMeter(channel, CAPS)
    meter.configure(VoltageSource(1e-3))
    return channel, meter


@given(st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=5))
def test_units_that_are_on_their_way_together_take_as_long_as_the_longest_way(levels: list[float]) -> None:
    with stopped_clock() as clock:
        units = [ready(clock) for _ in levels]
        for _, meter in units:
            meter.enable()
        begun = clock.now
        walk([meter.ramp(level) for (_, meter), level in zip(units, levels, strict=True)])
        taken = clock.now - begun
    assert [channel.levels["V"] for channel, _ in units] == levels
    assert taken <= max(abs(level) for level in levels) / CAPS.slew * EXACT + RESOLUTION
    for channel, _ in units:
        assert_never_faster(channel)


def test_an_output_that_reads_back_on_is_reported_with_what_to_do() -> None:
    with stopped_clock() as clock:
        channel, meter = ready(clock)
        meter.enable(level=1.0)
        channel.is_stuck = True
        with pytest.raises(SafetyError, match=r"STILL ON.*Turn it off at the instrument"):
            meter.make_safe()


def test_a_ramp_that_fails_once_is_followed_by_off_without_one() -> None:
    with stopped_clock() as clock:
        channel, meter = ready(clock)
        meter.enable(level=1.0)
        channel.failure = failing(channel.calls + 5, LinkTimeout("silence"))
        meter.make_safe()
    assert not channel.on


@pytest.mark.parametrize("factor", [1.02, 1 / 1.02, float("nan")])
def test_a_compliance_that_reads_back_differently_keeps_the_output_off(factor: float) -> None:
    with stopped_clock() as clock:
        channel, meter = ready(clock)
        channel.read_back = lambda limit: limit * factor
        with pytest.raises(ReadbackMismatch, match="the output stays off"):
            meter.enable()
    assert not any(moment.on for moment in channel.history)


def test_a_function_that_reads_back_differently_keeps_the_output_off() -> None:
    with stopped_clock() as clock:
        channel, meter = ready(clock)
        channel.sources = "A"
        with pytest.raises(ReadbackMismatch, match="asked to source V, it sources A"):
            meter.enable()
    assert not any(moment.on for moment in channel.history)


def test_an_error_that_waits_keeps_the_output_off() -> None:
    with stopped_clock() as clock:
        channel, meter = ready(clock)
        channel.queue = ["error -221, Settings conflict"]
        with pytest.raises(InstrumentError, match="Settings conflict"):
            meter.enable()
    assert not any(moment.on for moment in channel.history)


def test_an_output_found_on_is_ramped_down_before_anything_is_set_up() -> None:
    with stopped_clock() as clock:
        channel = FakeChannel(clock, on=True, levels={"V": 1.5, "A": 0.0})
        channel.remember()
        SafeSourceMeter(channel, CAPS).configure(VoltageSource(1e-3))
    levels = [moment.level for moment in channel.history if moment.on]
    assert levels[0] == 1.5
    assert levels[-1] == 0.0
    assert max(abs(b - a) for a, b in pairwise(levels)) <= CAPS.slew * 0.01 * EXACT
    assert not channel.on


def test_an_output_that_is_on_is_not_dropped_to_zero_when_it_is_turned_on_again() -> None:
    with stopped_clock() as clock:
        channel, meter = ready(clock)
        meter.enable(level=2.0)
        meter.enable(level=1.0)
    assert_never_faster(channel)
    assert channel.levels["V"] == 1.0


def test_a_source_that_was_interrupted_is_not_moved_on_from_where_it_is_not() -> None:
    with stopped_clock() as clock:
        channel, meter = ready(clock)
        meter.enable()
        channel.failure = failing(channel.calls + 2, LinkTimeout("silence"))
        with pytest.raises(LinkTimeout):
            meter.source(2.0)
        with pytest.raises(ConfigError, match="interrupted"):
            meter.source(0.0)
        meter.enable(level=0.5)
    assert_never_faster(channel)


def test_a_way_down_that_was_interrupted_is_not_forgotten() -> None:
    with stopped_clock() as clock:
        channel, meter = ready(clock)
        meter.enable(level=2.0)
        channel.failure = failing(channel.calls + 5, LinkTimeout("silence"))
        with pytest.raises(LinkTimeout):
            meter.configure(VoltageSource(1e-4))
        assert 0.0 < channel.levels["V"] < 2.0
        with pytest.raises(ConfigError, match="interrupted"):
            meter.source(2.0)
        meter.make_safe()
    assert_never_faster(channel)
    assert not channel.on


@pytest.mark.parametrize("level", [float("nan"), float("inf"), 2.01, -2.01])
def test_a_level_that_is_none_or_too_high_is_refused_before_anything_is_sent(level: float) -> None:
    with stopped_clock() as clock:
        channel, meter = ready(clock)
        meter.enable()
        calls = channel.calls
        for step in (sourced(level), measured(level), swept([0.0, level], 0.0), enabled(level)):
            with pytest.raises(LimitExceeded, match="nothing was sent"):
                step(meter)
    assert channel.calls == calls


def test_a_sweep_is_cut_to_what_the_instrument_holds() -> None:
    with stopped_clock() as clock:
        _, meter = ready(clock)
        meter.enable()
        levels = np.linspace(-1.0, 1.0, 20)
        readings = meter.sweep(SweepPoints(levels))
    assert [reading.level for reading in readings] == levels.tolist()


def test_what_was_not_set_up_is_not_used() -> None:
    with stopped_clock() as clock:
        meter = SafeSourceMeter(FakeChannel(clock), CAPS)
        with pytest.raises(ConfigError, match="before it was set up"):
            meter.enable()
        with pytest.raises(ConfigError, match="before it was set up"):
            meter.source(0.0)
        with pytest.raises(ConfigError, match="before it was set up"):
            meter.source_measure(0.0)
        with pytest.raises(ConfigError, match="before it was set up"):
            meter.sweep(SweepPoints(np.array([0.0])))
