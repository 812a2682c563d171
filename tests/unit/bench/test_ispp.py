"""Which pulses follow from what was read."""

import numpy as np
import pytest

from labrig.arrays import FloatArray
from labrig.bench.ispp import Ispp
from labrig.bench.ispp_prediction import predicted_pulses
from labrig.boards.base import PulseScheme
from labrig.devices.memristors import memristor

SCHEME = PulseScheme(0.6, 0.1, 0.9, 0.5, 0.2, 1.0, 1e-6, most_pulses=8, most_reversals=2, read=0.2)
PART = memristor("CMO-HFOX")


def one(*reads: float, target: float = 10e-6) -> list[float]:
    """Amplitudes that follow from these reads of one branch, in uS; 0 where there is none."""
    ispp = Ispp(np.array([target]), 0.01, SCHEME)
    found = [ispp.take(np.array([read * 1e-6]))[1] for read in reads]
    return [float(volts[0]) if volts.size else 0.0 for volts in found]


def test_amplitudes_rise_while_the_direction_stays_and_end_at_the_highest() -> None:
    assert one(5, 5, 5, 5, 5) == pytest.approx([0.6, 0.7, 0.8, 0.9, 0.9])
    assert one(20, 20, 20, 20, 20) == pytest.approx([-0.5, -0.7, -0.9, -1.0, -1.0])


def test_a_reversal_starts_again_at_the_bottom() -> None:
    assert one(5, 5, 12, 12, 8) == pytest.approx([0.6, 0.7, -0.5, -0.7, 0.6])


def test_a_branch_within_the_tolerance_is_done_for_good() -> None:
    assert one(5, 10.09, 5) == pytest.approx([0.6, 0.0, 0.0])
    assert one(5, 10.11) == pytest.approx([0.6, -0.5])


def test_it_ends_not_converged_at_the_most_pulses() -> None:
    ispp = Ispp(np.array([10e-6]), 0.01, SCHEME)
    sent = [ispp.take(np.array([5e-6]))[0].size for _ in range(12)]
    assert sent == [1] * 8 + [0] * 4
    assert ispp.outcome().pulses.tolist() == [8]
    assert not ispp.outcome().reached[0]


def test_it_ends_not_converged_at_the_most_reversals() -> None:
    ispp = Ispp(np.array([10e-6]), 0.01, SCHEME)
    sent = [ispp.take(np.array([read * 1e-6]))[0].size for read in (5, 20, 5, 20, 5)]
    assert sent == [1, 1, 1, 0, 0]
    found = ispp.outcome()
    assert found.reversals.tolist() == [2]
    assert found.conductances.tolist() == pytest.approx([20e-6])


def test_branches_that_are_not_asked_for_or_cannot_be_read_are_left_alone() -> None:
    ispp = Ispp(np.array([np.nan, 10e-6, 10e-6]), 0.01, SCHEME)
    branches, _ = ispp.take(np.array([5e-6, np.nan, 5e-6]))
    assert branches.tolist() == [2]
    found = ispp.outcome()
    assert found.pulses.tolist() == [0, 0, 1]
    assert np.isnan(found.conductances[0])
    assert found.reached.tolist() == [False, False, False]


def test_the_prediction_of_one_way_is_the_sum_of_its_pulses() -> None:
    # From 20 to 60 uS upward, from 0.6 V by 20 mV, until they add up to the logarithm of what is left.
    scheme = PulseScheme(0.6, 0.02, 1.4, 0.5, 0.02, 1.4, PART.width, 200, 20, 0.2)
    wanted = np.log((PART.highest - 20e-6) / (PART.highest - 0.99 * 60e-6))
    volts: FloatArray = np.minimum(0.6 + 0.02 * np.arange(200), 1.4)
    drives = PART.set.rate * PART.width * np.maximum(volts / PART.set.threshold - 1, 0) ** 3
    sums: FloatArray = np.cumsum(drives)
    count = int(np.count_nonzero(sums < wanted)) + 1
    found = predicted_pulses(PART, scheme, np.array([20e-6]), np.array([60e-6]), 0.01)
    ends = PART.highest - (PART.highest - 20e-6) * np.exp(-sums[count - 1])
    overshot = ends > 1.01 * 60e-6
    assert found.nominal[0] > count if overshot else found.nominal[0] == count
    assert found.reached
    # One that reverses may take more than one that does not; over many targets a slow device takes more.
    many = predicted_pulses(PART, scheme, np.full(99, 20e-6), np.linspace(30e-6, 70e-6, 99), 0.01)
    assert many.fastest.mean() < many.nominal.mean() < many.slowest.mean()
