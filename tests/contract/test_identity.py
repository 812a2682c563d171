"""A board says who it is and what it can do."""

from dataclasses import replace

from labrig.boards.base import Counters
from tests.support.contract import Subject


def test_it_says_who_it_is_what_it_has_and_what_it_can_do(subject: Subject) -> None:
    info = subject.board.info
    assert info.firmware
    assert info.payload is None or info.payload > 0
    assert replace(info, firmware="", payload=None) == subject.told


def test_nothing_is_driven_or_counted_before_the_first_exchange(subject: Subject) -> None:
    counters = subject.board.counters
    assert replace(counters, frames=0, bytes_down=0, bytes_up=0, retries=0) == Counters()
    assert subject.driven() == 0
