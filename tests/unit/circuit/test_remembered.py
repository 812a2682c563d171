"""Work on the same boundaries is done once, and never mistaken for work on others."""

import gc
from collections.abc import Sequence

import pytest

from labrig.circuit import Boundary
from labrig.circuit.remembered import Remembered


class Adder:
    """Sums the voltages, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, boundaries: Sequence[Boundary]) -> float:
        self.calls += 1
        return sum(sum(boundary.voltages.values()) for boundary in boundaries)


def test_the_same_boundaries_are_worked_on_once_whatever_list_they_come_in() -> None:
    adder = Adder()
    total = Remembered(adder)
    a, b = Boundary({0: 1.0}), Boundary({0: 2.0})
    assert [total([a, b]), total((a, b)), total([b]), total([b, a])] == [3.0, 3.0, 2.0, 3.0]
    assert adder.calls == 3


def test_equal_boundaries_that_are_other_objects_are_worked_on_anew() -> None:
    adder = Adder()
    total = Remembered(adder)
    assert total([Boundary({0: 1.0})]) == total([Boundary({0: 1.0})]) == 1.0
    assert adder.calls == 2


def test_boundaries_that_nobody_else_holds_never_pass_for_later_ones() -> None:
    total = Remembered(Adder(), most=50)
    for k in range(1000):
        assert total([Boundary({0: float(k)})]) == k
        if k % 100 == 0:
            gc.collect()


def test_no_more_objects_are_kept_than_asked_for_but_the_latest_always_is() -> None:
    adder = Adder()
    total = Remembered(adder, most=3)
    singles = [Boundary({0: float(k)}) for k in range(5)]
    for single in singles[:3]:
        total([single])
    total([singles[0]])
    assert adder.calls == 3
    assert total(singles) == 10.0
    assert total(singles) == 10.0
    assert adder.calls == 4, "more than are kept, and still remembered"
    total([singles[0]])
    assert adder.calls == 5, "forgotten"


def test_a_failure_is_not_remembered() -> None:
    answers = iter([0.0, 0.5])
    inverse = Remembered[Boundary, float](lambda _: 1 / next(answers))
    boundary = Boundary({})
    with pytest.raises(ZeroDivisionError):
        inverse([boundary])
    assert inverse([boundary]) == 2.0
