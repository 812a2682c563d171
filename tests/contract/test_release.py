"""What stays imposed, and how it ends."""

import numpy as np
import pytest

from labrig.boards.base import BoardRequest, program_digest
from labrig.circuit.boundary import Boundary, ThroughConductance, TowardTarget
from labrig.errors import LinkClosed
from tests.support.contract import Subject, volts
from tests.support.network import INPUT_LINES

FREE = Boundary(dict.fromkeys(INPUT_LINES, 1.0))
CLAMPED = Boundary(dict.fromkeys(range(6), 2.0))


def test_the_last_boundary_stays_imposed(subject: Subject) -> None:
    subject.ask(CLAMPED, FREE)
    assert subject.driven() == 4
    subject.ask(FREE, CLAMPED)
    assert subject.driven() == 6
    subject.ask(CLAMPED, Boundary({3: 1.0}))
    assert subject.driven() == 1


def test_an_exchange_without_boundaries_leaves_them_as_they_are(
    subject: Subject, rng: np.random.Generator
) -> None:
    subject.ask(CLAMPED)
    subject.ask(program=subject.program(rng))
    assert subject.driven() == 6


def test_a_last_boundary_that_drives_nothing_releases_everything(subject: Subject) -> None:
    subject.ask(CLAMPED, Boundary({}))
    assert subject.driven() == 0


def test_the_last_boundary_is_the_last_one_asked_for_however_they_follow_each_other(nudging: Subject) -> None:
    pulled = Boundary({0: 1.0}, nudges={4: TowardTarget(1.0, 0.5, 0), 5: TowardTarget(2.0, 0.5, 0)})
    nudging.ask(FREE, pulled, CLAMPED)
    assert nudging.driven() == 6
    nudging.ask(FREE, CLAMPED, pulled)
    assert nudging.driven() == 3
    through = ThroughConductance(1.0, nudging.nudgeable(1e-6))
    nudging.ask(FREE, Boundary({0: 1.0}, nudges={4: through, 5: through}))
    assert nudging.driven() == 3


def test_a_current_counts_as_driven(injecting: Subject) -> None:
    injecting.ask(FREE, Boundary({0: 1.0}, {4: 1e-6}, {5: ThroughConductance(1.0, 1e-6)}))
    assert injecting.driven() == 3


def test_made_safe_it_drives_nothing_and_keeps_its_program(
    subject: Subject, rng: np.random.Generator
) -> None:
    program = subject.program(rng)
    state = Boundary(volts(rng, INPUT_LINES))
    before = subject.ask(state, program=program)
    for _ in range(2):
        subject.board.make_safe()
        assert subject.driven() == 0
    assert subject.board.digest() == program_digest(program)
    assert subject.driven() == 0
    again = subject.ask(state)
    assert np.array_equal(again.voltages, before.voltages)
    assert subject.driven() == 4


def test_it_can_be_made_safe_before_anything_else(subject: Subject) -> None:
    subject.board.make_safe()
    subject.ask(FREE)
    assert subject.driven() == 4


def test_a_lease_can_be_renewed_at_any_time(subject: Subject) -> None:
    subject.board.renew(1.0)
    subject.ask(FREE)
    subject.board.renew(1.0)
    assert subject.driven() == 4


def test_closing_releases_every_driver(subject: Subject) -> None:
    subject.ask(CLAMPED)
    subject.board.close()
    assert subject.driven() == 0


def test_a_closed_board_says_so(subject: Subject, rng: np.random.Generator) -> None:
    subject.ask(CLAMPED)
    counted = subject.board.counters.exchanges
    subject.board.close()
    with pytest.raises(LinkClosed, match=r"open .* again"):
        subject.board.exchange(BoardRequest([FREE], subject.program(rng)))
    with pytest.raises(LinkClosed, match=r"open .* again"):
        subject.board.digest()
    assert subject.board.counters.exchanges == counted
    assert subject.board.info.branches == 33
    assert subject.driven() == 0


def test_closing_and_making_safe_again_are_harmless(subject: Subject) -> None:
    subject.board.close()
    subject.board.close()
    subject.board.make_safe()
    subject.board.renew(1.0)
    assert subject.driven() == 0
