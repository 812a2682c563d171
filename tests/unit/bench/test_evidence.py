"""How sure it is that branches are at their targets."""

import numpy as np
import pytest

from labrig.bench.evidence import MOST_READS, Evidence

TARGET = 10e-6
"""A tolerance of 1 % is 100 nS."""


def verdicts(*reads: float, doubt: float) -> list[str]:
    """After each of these reads of one branch, in nS off its target."""
    evidence = Evidence(np.array([TARGET]), 0.01)
    found: list[str] = []
    for read in reads:
        evidence.add(np.array([TARGET + read * 1e-9]), doubt * 1e-9)
        word = {(True, False): "inside", (False, True): "outside", (False, False): "read again"}
        found.append(word[bool(evidence.inside[0]), bool(evidence.outside[0])])
    return found


def test_an_exact_read_decides_at_once() -> None:
    assert verdicts(99.9, doubt=0) == ["inside"]
    assert verdicts(100.1, doubt=0) == ["outside"]


def test_near_the_edge_it_is_read_until_the_mean_tells() -> None:
    # 3 deviations of 20 nS leave 40 nS of 100; after four reads 70 nS.
    assert verdicts(39, doubt=20) == ["inside"]
    assert verdicts(67, 67, 67, 67, doubt=20) == [*["read again"] * 3, "inside"]
    assert verdicts(101, doubt=20) == ["outside"]


def test_after_the_most_reads_it_is_decided() -> None:
    # 3 * 20 / sqrt(8) = 21 nS.
    assert verdicts(*[80] * MOST_READS, doubt=20)[-2:] == ["read again", "outside"]
    assert verdicts(*[78] * MOST_READS, doubt=20)[-2:] == ["read again", "inside"]


def test_what_conducts_too_little_for_the_reads_is_brought_within_half_the_tolerance() -> None:
    assert verdicts(*[49] * MOST_READS, doubt=100)[-2:] == ["read again", "inside"]
    assert verdicts(*[51] * MOST_READS, doubt=100)[-2:] == ["read again", "outside"]


def test_reads_from_before_a_pulse_do_not_count() -> None:
    evidence = Evidence(np.full(2, TARGET), 0.01)
    evidence.add(np.full(2, 5e-6), 20e-9)
    evidence.forget(np.array([1]))
    evidence.add(np.full(2, 10e-6), 20e-9)
    assert evidence.mean.tolist() == pytest.approx([7.5e-6, 10e-6])
    assert evidence.uncertainty.tolist() == pytest.approx([20e-9 / np.sqrt(2), 20e-9])
    assert evidence.inside.tolist() == [False, True]
