"""Digital potentiometers with all three terminals joined to something: two branches that share one code.

Terminals A and B are on two rows of a crossbar, the wiper W on a column. Inside is a star: R_AB is parted
into R_WA = R_AB (1 - s) and R_WB = R_AB s, s = code / steps, and R_W lies between where they meet and W
(Microchip DS22242A, section 5: terminal B is zero scale, A full scale). From outside it is a triangle:

    g_WA = s / D      g_WB = (1 - s) / D      g_AB = R_W / (R_AB D)      D = R_AB s (1 - s) + R_W

so that g_WA / (g_WA + g_WB) = s whatever R_AB and R_W are, and one conductance rises where the other falls.
What flows over g_AB loads the drivers of both rows and nothing else: it does not reach a column.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from labrig.arrays import BoolArray, BranchArray, CodeArray, FloatArray, IntArray, Ohms
from labrig.devices.laws import refuse_empty
from labrig.devices.parts import DigipotPart, DividerFigures
from labrig.errors import ConfigError


def divider_figures(part: DigipotPart) -> DividerFigures:
    """Those of a part that has three terminals.

    Raises
    ------
    ConfigError
        It has two.
    """
    if part.divider is None:
        msg = (
            f"elements: {part.name} is a rheostat and has no terminal B; take another part, or leave"
            " arrangement: divider out"
        )
        raise ConfigError(msg)
    return part.divider


def potentiometers(branches: int, columns: int) -> IntArray:
    """Which potentiometer each branch of a crossbar belongs to, (B,): rows 2i and 2i + 1 share those of i."""
    rows, column = np.divmod(np.arange(branches), columns)
    return np.asarray(rows // 2 * columns + column, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class DividerLaw:
    """Two conductances of every potentiometer, at its terminals A (even rows) and B (odd rows).

    Parameters
    ----------
    end_to_end, wiper
        R_AB and R_W of the potentiometer of each branch, shape (B,), ohm.
    columns
        Of the crossbar, whose branches come row by row.
    steps
        Code steps over R_AB.
    lowest, highest
        Legal codes of each branch, both included, shape (B,); the same for both branches of a potentiometer.
    """

    end_to_end: BranchArray
    wiper: BranchArray
    columns: int
    steps: int
    lowest: CodeArray
    highest: CodeArray

    @classmethod
    def nominal(cls, part: DigipotPart, branches: int, columns: int) -> Self:
        """The part as its datasheet has it, every potentiometer alike.

        Raises
        ------
        ConfigError
            It has no terminal B.
        """
        divider_figures(part)
        return cls(
            np.full(branches, part.end_to_end),
            np.full(branches, part.wiper),
            columns,
            part.steps,
            np.zeros(branches, dtype=np.int64),
            np.full(branches, part.code_max, dtype=np.int64),
        )

    @property
    def at_a(self) -> BoolArray:
        """Which branches lead to a terminal A, (B,)."""
        return np.asarray(np.arange(len(self.wiper)) // self.columns % 2 == 0)

    @property
    def partner(self) -> IntArray:
        """The other branch of each one's potentiometer, (B,)."""
        return np.arange(len(self.wiper)) + np.where(self.at_a, self.columns, -self.columns)

    def conductances(self, codes: CodeArray) -> BranchArray:
        """Conductance of each branch at the code of its potentiometer, (…, B) to (…, B) S."""
        return self.at(codes / self.steps)

    def at(self, shares: FloatArray) -> BranchArray:
        """Conductance of each branch at s between codes as well, (…, B) to (…, B) S."""
        return np.asarray(np.where(self.at_a, shares, 1 - shares) / self._denominator(shares))

    def across(self, conductances: BranchArray) -> BranchArray:
        """g_AB of the potentiometer of each branch, beside these g_WA and g_WB, (B,) S to (B,) S."""
        return np.asarray(self.wiper / self.end_to_end * (conductances + conductances[self.partner]))

    def busiest(self, conductances: BranchArray) -> BranchArray:
        """What the busiest terminal of each one's potentiometer draws, as `TerminalLaw` says, (B,) S."""
        other = conductances[self.partner]
        at_rows = np.maximum(conductances, other) + self.across(conductances)
        return np.asarray(np.maximum(conductances + other, at_rows))

    def slopes(self, shares: FloatArray) -> BranchArray:
        """Derivative of `at` by s, (B,) to (B,) S: positive at A, negative at B."""
        away = np.where(self.at_a, shares, 1 - shares)
        rising = (self.wiper + self.end_to_end * away**2) / self._denominator(shares) ** 2
        return np.asarray(np.where(self.at_a, rising, -rising))

    def shares(self, conductances: BranchArray) -> FloatArray:
        """The s at which both branches have conductances in this ratio, (B,) S to (B,)."""
        other = conductances[self.partner]
        return np.asarray(np.where(self.at_a, conductances, other) / (conductances + other))

    def codes(self, conductances: BranchArray) -> CodeArray:
        """The legal code whose s is nearest to the ratio of both branches, (B,) S to (B,)."""
        nearest = np.rint(self.shares(conductances) * self.steps).astype(np.int64)
        return np.clip(nearest, self.lowest, self.highest)

    def within(self, floor: BranchArray, ceiling: BranchArray) -> Self:
        """The same law, its legal codes narrowed to those with both conductances in [floor, ceiling].

        Raises
        ------
        ConfigError
            A potentiometer is left without a code.
        """
        # A bound that *is* the conductance of a code must keep it: eight units in the last place of slack.
        slack = 8 * np.finfo(np.float64).eps
        table, legal = self._table()
        legal &= (table >= floor * (1 - slack)) & (table <= ceiling * (1 + slack))
        legal &= legal[:, self.partner]
        none, last = ~legal.any(axis=0), len(table) - 1
        lowest = np.where(none, last + 1, legal.argmax(axis=0))
        highest = np.where(none, -1, last - legal[::-1].argmax(axis=0))
        refuse_empty(lowest, highest, floor, ceiling)
        return self.between(lowest, highest)

    def between(self, lowest: CodeArray, highest: CodeArray) -> Self:
        """The same law with these legal codes, (B,) each."""
        return replace(self, lowest=lowest, highest=highest)

    @property
    def least(self) -> BranchArray:
        """Least conductance of each branch at any legal code, (B,), S."""
        table, legal = self._table()
        return np.asarray(np.where(legal, table, np.inf).min(axis=0))

    @property
    def most(self) -> BranchArray:
        """Greatest conductance of each branch at any legal code, (B,), S."""
        table, legal = self._table()
        return np.asarray(np.where(legal, table, 0.0).max(axis=0))

    def _table(self) -> tuple[FloatArray, BoolArray]:
        """Conductance of each branch at each code, and whether it is legal, (codes, B) each."""
        codes = np.arange(int(self.highest.max()) + 1)[:, None]
        return self.conductances(codes), (codes >= self.lowest) & (codes <= self.highest)

    def _denominator(self, shares: FloatArray) -> FloatArray:
        """D, ohm."""
        return self.end_to_end * shares * (1 - shares) + self.wiper


@dataclass(frozen=True, slots=True)
class TerminalLaw:
    """The most that a potentiometer may draw at the busiest of its terminals, whichever of its kind it is.

    If one terminal is at one potential and the others are at another, that terminal carries the sum of the
    two conductances that end there times the difference. No terminal carries more, and no more power is lost
    in all, while all three are within this difference of each other. The sum falls as R_AB and R_W rise and
    as the wiper comes nearer to the middle, so that the part is taken with the least of both, and its wiper
    nearer to an end than its code says. The errors at the ends, which keep it away from them, are left out.

    Parameters
    ----------
    end_to_end, wiper
        The least R_AB and R_W of the part, ohm.
    nonlinearity
        The most by which a share is off its code, in code steps.
    steps
        Code steps over R_AB.
    lowest, highest
        Legal codes of each branch, both included, shape (B,); the same for both branches of a potentiometer.
    """

    end_to_end: Ohms
    wiper: Ohms
    nonlinearity: float
    steps: int
    lowest: CodeArray
    highest: CodeArray

    @classmethod
    def worst(cls, part: DigipotPart, lowest: CodeArray, highest: CodeArray) -> Self:
        """Of any potentiometer of this part, at these codes.

        Raises
        ------
        ConfigError
            It has no terminal B.
        """
        nonlinearity = divider_figures(part).most_nonlinearity
        return cls(part.least_end_to_end, part.least_wiper, nonlinearity, part.steps, lowest, highest)

    def conductances(self, codes: CodeArray) -> BranchArray:
        """The greatest of g_WA + g_WB, g_WA + g_AB and g_WB + g_AB, the same at both branches, (…, B) S."""
        away = np.minimum(np.maximum(codes, self.steps - codes) + self.nonlinearity, self.steps) / self.steps
        busiest = np.maximum(1.0, away + self.wiper / self.end_to_end)
        return np.asarray(busiest / (self.end_to_end * away * (1 - away) + self.wiper))

    def within(self, floor: BranchArray, ceiling: BranchArray) -> Self:
        """The same law, its legal codes narrowed to those that draw what lies in [floor, ceiling].

        Raises
        ------
        ConfigError
            A potentiometer is left without a code.
        """
        codes = np.arange(int(self.highest.max()) + 1)[:, None]
        drawn = self.conductances(codes)
        legal = (codes >= self.lowest) & (codes <= self.highest) & (drawn >= floor) & (drawn <= ceiling)
        none, last = ~legal.any(axis=0), len(codes) - 1
        lowest = np.where(none, last + 1, legal.argmax(axis=0))
        highest = np.where(none, -1, last - legal[::-1].argmax(axis=0))
        refuse_empty(lowest, highest, floor, ceiling)
        return replace(self, lowest=lowest, highest=highest)

    @property
    def least(self) -> BranchArray:
        """What each draws at its legal code that is nearest to the middle, (B,), S."""
        return self.conductances(np.clip(self.steps // 2, self.lowest, self.highest))
