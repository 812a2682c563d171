"""Targets for a board that reads its branches a little off."""

import numpy as np
import pytest

from labrig.arrays import FloatArray
from labrig.bench.board_write import BoardWrite
from labrig.boards.base import PulseScheme, Verified, VerifyTargets

SCHEME = PulseScheme(0.6, 0.02, 1.4, 0.5, 0.02, 1.4, 2.5e-6, 200, 20, 0.2)
TARGETS = np.array([10e-6, 20e-6, np.nan])
BEGUN = np.array([5e-6, 20.1e-6, 7e-6])


def told(conductances: list[float], *, reached: bool = True, pulses: int = 10) -> Verified:
    count = len(conductances)
    found: FloatArray = np.array(conductances)
    return Verified(found, np.full(count, pulses), np.zeros(count, dtype=np.int64), np.full(count, reached))


def asked(write: BoardWrite, read: FloatArray, doubt: float = 0.0) -> VerifyTargets:
    found = write.take(read, doubt)
    assert found is not None
    return found


def test_a_board_that_reads_too_much_is_asked_for_as_much_more() -> None:
    write = BoardWrite(TARGETS, 0.01, SCHEME)
    first = asked(write, BEGUN)
    np.testing.assert_array_equal(first.conductances, [10e-6, np.nan, np.nan])
    assert (first.tolerance, first.scheme) == (0.01, SCHEME)
    write.note(first, told([10.05e-6, np.nan, np.nan]))
    again = asked(write, np.array([9.65e-6, 20.1e-6, 7e-6]))
    assert again.conductances[0] == pytest.approx(10e-6 + 0.4e-6)
    assert np.isnan(again.conductances[1:]).all()
    assert again.scheme.most_pulses == 50
    write.note(again, told([10.4e-6, np.nan, np.nan]))
    assert write.take(np.array([10e-6, 20.1e-6, 7e-6])) is None
    found = write.outcome()
    assert write.over
    assert found.reached.tolist() == [True, True, False]
    assert found.pulses.tolist() == [20, 0, 0]


def test_the_board_is_asked_no_wider_than_its_host_will_accept() -> None:
    write = BoardWrite(TARGETS, 0.01, SCHEME)
    write.note(asked(write, BEGUN, 10e-9), told([10e-6, np.nan, np.nan]))
    # 100 nS less three times what is left of 10 nS in eight reads.
    again = asked(write, np.array([9.8e-6, 20.1e-6, 7e-6]), 10e-9)
    assert again.tolerance == pytest.approx(0.01 - 3 * 10e-9 / np.sqrt(8) / 10e-6)


def test_nothing_is_asked_while_a_branch_is_to_be_read_again() -> None:
    write = BoardWrite(TARGETS, 0.01, SCHEME)
    near = np.array([5e-6, 20.15e-6, 7e-6])
    assert write.take(near, 25e-9) is None, "20.15 uS are 2 deviations from the edge at 20.2 uS"
    assert not write.over
    assert write.take(near, 25e-9) is None
    np.testing.assert_array_equal(asked(write, near, 25e-9).conductances, [10e-6, np.nan, np.nan])


@pytest.mark.parametrize(
    "answer", [told([5e-6, np.nan, np.nan], reached=False), told([10e-6, np.nan, np.nan], pulses=200)]
)
def test_what_the_board_missed_or_has_spent_all_pulses_on_is_not_asked_again(answer: Verified) -> None:
    write = BoardWrite(TARGETS, 0.01, SCHEME)
    write.note(asked(write, BEGUN), answer)
    assert write.take(BEGUN) is None
    assert write.over
    assert write.outcome().reached.tolist() == [False, True, False]


def test_attempts_end() -> None:
    write, attempts = BoardWrite(TARGETS, 0.01, SCHEME), 0
    while not write.over:
        attempt = write.take(np.array([9.8e-6, 20e-6, 7e-6]))
        if attempt is not None:
            attempts += 1
            write.note(attempt, told([10e-6, np.nan, np.nan], pulses=1))
    assert attempts == 8
    assert not write.outcome().reached[0]
