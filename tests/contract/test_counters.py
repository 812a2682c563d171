"""A board counts what it was asked, and asking again is harmless."""

import numpy as np

from labrig.boards.base import BoardRequest
from labrig.circuit.boundary import Boundary
from tests.support.contract import Subject, volts, with_values
from tests.support.network import INPUT_LINES


def test_exchanges_turn_arounds_and_settled_states_are_counted(
    subject: Subject, rng: np.random.Generator
) -> None:
    states = [Boundary(volts(rng, INPUT_LINES)) for _ in range(40)]
    subject.ask(program=subject.program(rng))
    subject.ask(*states)
    subject.ask(*states[:3], program=subject.program(rng), averages=4)
    counters = subject.board.counters
    assert (counters.exchanges, counters.turn_arounds, counters.measurements) == (3, 3, 43)


def test_writes_are_the_codes_that_were_sent(subject: Subject, rng: np.random.Generator) -> None:
    first, second = subject.program(rng), subject.program(rng)
    few = with_values(first, np.where(np.arange(33) < 2, second.values, first.values))
    subject.ask(program=first)
    before = subject.board.counters.writes
    assert before <= 33
    subject.ask(program=few)
    written = subject.board.counters.writes - before
    assert 2 <= written <= 33
    subject.ask(Boundary({0: 1.0}))
    assert subject.board.counters.writes - before == written


def test_what_crosses_the_link_is_counted_where_there_is_one(
    subject: Subject, rng: np.random.Generator
) -> None:
    before = subject.board.counters
    subject.ask(Boundary(volts(rng, INPUT_LINES)), program=subject.program(rng))
    after = subject.board.counters
    crossed = [
        later > earlier
        for later, earlier in (
            (after.frames, before.frames),
            (after.bytes_down, before.bytes_down),
            (after.bytes_up, before.bytes_up),
        )
    ]
    assert crossed == [subject.board.info.fingerprint is not None] * 3


def test_an_exchange_that_is_asked_again_gives_the_same_and_changes_nothing(
    subject: Subject, rng: np.random.Generator
) -> None:
    inputs = volts(rng, INPUT_LINES)
    request = BoardRequest(
        [Boundary(inputs), Boundary({**inputs, 4: 1.0})],
        subject.program(rng),
        sources=True,
        read_back=True,
    )
    once, again = subject.board.exchange(request), subject.board.exchange(request)
    assert np.array_equal(once.voltages, again.voltages)
    assert np.array_equal(once.sources, again.sources, equal_nan=True)
    assert np.array_equal(once.saturated, again.saturated)
    assert (once.digest, once.boot_count) == (again.digest, again.boot_count)
    assert subject.driven() == 5
