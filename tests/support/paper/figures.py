"""A number that is known beforehand, how far from it a find may lie, and what finds it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Figure:
    """A find between `low` and `high`, both included, is a hit."""

    name: str
    expected: float
    low: float
    high: float

    def hit(self, found: float) -> bool:
        return self.low <= found <= self.high


@dataclass(frozen=True)
class Experiment:
    """One calculation that finds one or more figures; can be sent to another process."""

    table: str
    name: str
    figures: tuple[Figure, ...]
    measure: Callable[[], Sequence[float]]
    """Finds the figures, in their order."""

    def __str__(self) -> str:
        return f"{self.table}: {self.name}"


def give_or_take(name: str, expected: float, margin: float) -> Figure:
    return Figure(name, expected, expected - margin, expected + margin)


def within(name: str, expected: float, share: float) -> Figure:
    return give_or_take(name, expected, share * expected)


def factor(name: str, expected: float, times: float) -> Figure:
    return Figure(name, expected, expected / times, expected * times)


def digits(name: str, printed: str) -> Figure:
    """As printed, give or take half a unit of its last digit."""
    value = Decimal(printed)
    half = Decimal((0, (5,), int(value.as_tuple().exponent) - 1))
    return Figure(name, float(value), float(value - half), float(value + half))
