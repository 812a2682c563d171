"""Pulses that nobody reads: their counts follow from the nominal law."""

import numpy as np
import pytest

from labrig.bench.memristor_bench import MemristorBench
from labrig.bench.open_loop import OpenLoop
from labrig.devices.memristors import memristor, nominal_pulse, nominal_state, symmetry_point
from labrig.errors import ConfigError
from tests.support.memristors import ALIKE, opened

PART = memristor("CMO-HFOX")
STEP = 0.005


def loop(branches: int = 12, symmetry: float = 40e-6, step: float = STEP) -> OpenLoop:
    return OpenLoop(PART, branches, symmetry=symmetry, step=step, highest_set=1.4, highest_reset=1.4)


def test_both_pulses_move_a_nominal_device_by_the_step_at_the_symmetry_point() -> None:
    one = loop()
    state = nominal_state(PART, np.array(40e-6))
    for volts in (one.set_volts, -one.reset_volts):
        moved = float(abs(nominal_pulse(PART, state, np.array(volts), one.width) - state))
        # Within a pulse the window changes by about its own step over the distance to the end.
        assert moved == pytest.approx(STEP, rel=STEP / float(state))
    found = symmetry_point(PART, one.set_volts, one.reset_volts)
    assert found == pytest.approx(40e-6, rel=1e-6)


@pytest.mark.parametrize("start", [12e-6, 95e-6])
def test_zero_shifting_takes_a_device_there_from_wherever_it_was(start: float) -> None:
    one = loop(branches=1)
    state = nominal_state(PART, np.array([start]))
    for _, volts in one.zero_shifting(np.array([0])):
        state = nominal_pulse(PART, state, volts, one.width)
    reached = PART.lowest + PART.span * float(state[0])
    # A hundredth of the way is left of small deviations, and half a step either way is where a pair ends.
    assert abs(reached - 40e-6) < 0.02 * abs(start - 40e-6) + STEP * PART.span


def test_counts_are_those_of_the_law_in_each_direction_and_rests_are_kept() -> None:
    one = loop(branches=2)
    targets = np.array([70e-6, 20e-6])
    sent = np.zeros(2, dtype=np.int64)
    for branches, volts in one.pulses(targets):
        assert np.all(volts[branches == 0] > 0)
        assert np.all(volts[branches == 1] < 0)
        sent[branches] += 1
    # Whole pulses come as near as half of one.
    np.testing.assert_allclose(one.believed, targets, atol=STEP * PART.span)
    up = PART.set.rate * one.width * (one.set_volts / PART.set.threshold - 1) ** 3
    x = nominal_state(PART, np.array([40e-6, 70e-6]))
    assert sent[0] == pytest.approx(np.log((1 - x[0]) / (1 - x[1])) / up, abs=1)
    # Small wishes, each far below a pulse, come in once they add up to one.
    count = 0
    for k in range(1, 41):
        wished = targets + np.array([0.05e-6 * k, 0.0])
        count += sum(branches.size for branches, _ in one.pulses(wished))
    # At 70 uS half as much is left of the way to the end as at the symmetry point, so that a pulse does half.
    assert count == pytest.approx(2e-6 / (STEP * PART.span / 2), abs=2)


def shift(bench: MemristorBench) -> None:
    bench.write_unread(loop(len(bench.topology.branches)))


def test_a_bench_brings_nominal_devices_to_their_targets_without_a_read() -> None:
    with opened(vices=ALIKE.model_dump()) as (bench, true):
        shift(bench)
        reads = bench.reads
        targets = np.linspace(20e-6, 70e-6, 12)
        bench.settle([], program=targets)
        assert bench.reads == reads
        # Half a step of the pulses, and a hundredth of the way that zero-shifting has left.
        np.testing.assert_allclose(true.at_rest(0), targets, atol=1.5 * STEP * PART.span)
        np.testing.assert_allclose(bench.realised(), targets, atol=STEP * PART.span)


def test_zero_shifting_comes_once_and_leaves_masked_branches_alone() -> None:
    with opened(mask=["in0-out0"]) as (bench, true):
        shift(bench)
        bench.settle([], program=np.full(12, 40e-6))
        once = true.pulses.copy()
        assert once[0] == 0
        assert once[1:].min() >= 200
        bench.settle([], program=np.full(12, 41e-6))
        assert (true.pulses - once).max() < 10


def test_devices_that_differ_come_to_symmetry_points_of_their_own() -> None:
    with opened(rows=16, columns=16) as (bench, true):
        shift(bench)
        bench.settle([], program=np.full(256, 40e-6))
        found = true.at_rest(0)
        # Rates that differ by 20 % each way, and amplitudes over thresholds of 3 %, spread the points.
        assert 2e-6 < found.std() < 20e-6
        assert np.median(found) == pytest.approx(40e-6, rel=0.15)


def test_a_step_that_takes_too_high_pulses_and_a_start_outside_the_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"learning\.write\.step: 0\.1 takes set pulses of .* smaller step"):
        OpenLoop(PART, 1, symmetry=40e-6, step=0.1, highest_set=0.9, highest_reset=0.9)
    with pytest.raises(ConfigError, match=r"learning\.initial: a symmetry point of 5 µS"):
        loop(symmetry=5e-6)
