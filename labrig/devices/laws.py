"""From wiper code to conductance and back."""

from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np

from labrig.arrays import BranchArray, CodeArray, FloatArray
from labrig.devices.parts import DigipotPart
from labrig.errors import ConfigError


class ConductanceLaw(Protocol):
    """What each of B branches conducts at its codes, as limits ask for it."""

    @property
    def lowest(self) -> CodeArray:
        """Lowest legal code of each branch, (B,)."""
        ...

    @property
    def highest(self) -> CodeArray:
        """Highest legal code of each branch, (B,)."""
        ...

    def conductances(self, codes: CodeArray) -> BranchArray:
        """Conductance of each code, (B,) to (B,) S."""
        ...

    def within(self, floor: BranchArray, ceiling: BranchArray) -> Self:
        """The same law, its legal codes narrowed to those with conductances in [floor, ceiling]."""
        ...

    @property
    def least(self) -> BranchArray:
        """Least conductance of each branch at any legal code, (B,), S."""
        ...


class TapLaw(ConductanceLaw, Protocol):
    """Code and conductance of each of B branches, and the way back."""

    def codes(self, conductances: BranchArray) -> CodeArray:
        """The legal code whose conductance is nearest, (B,) S to (B,)."""
        ...

    def between(self, lowest: CodeArray, highest: CodeArray) -> Self:
        """The same law with these legal codes, (B,) each."""
        ...

    @property
    def most(self) -> BranchArray:
        """Greatest conductance of each branch at any legal code, (B,), S."""
        ...


@dataclass(frozen=True, slots=True)
class RheostatLaw:
    """Digital potentiometer as a rheostat: g = 1 / (R_W + R_AB code / steps).

    Source: Microchip DS22242A, eq. 5-1 with the wiper resistance in series (rheostat connection).

    Parameters
    ----------
    end_to_end, wiper
        R_AB and R_W of each branch, shape (B,), ohm.
    steps
        Code steps over R_AB.
    lowest, highest
        Legal codes of each branch, both included, shape (B,).
    """

    end_to_end: BranchArray
    wiper: BranchArray
    steps: int
    lowest: CodeArray
    highest: CodeArray

    @classmethod
    def nominal(cls, part: DigipotPart, branches: int) -> "RheostatLaw":
        """The part as its datasheet has it, every branch alike."""
        return cls(
            np.full(branches, part.end_to_end),
            np.full(branches, part.wiper),
            part.steps,
            np.zeros(branches, dtype=np.int64),
            np.full(branches, part.code_max, dtype=np.int64),
        )

    def conductances(self, codes: CodeArray) -> BranchArray:
        """Conductance of each code, (B,) to (B,) S."""
        return 1.0 / (self.wiper + self.end_to_end * codes / self.steps)

    def codes(self, conductances: BranchArray) -> CodeArray:
        """The legal code whose conductance is nearest, (B,) S to (B,)."""
        within = np.minimum(np.maximum(self._exact(conductances), self.lowest), self.highest)
        below = within.astype(np.int64)
        above = np.minimum(below + 1, self.highest)
        nearer_above = np.abs(self.conductances(above) - conductances) < np.abs(
            self.conductances(below) - conductances
        )
        return np.where(nearer_above, above, below)

    def within(self, floor: BranchArray, ceiling: BranchArray) -> "RheostatLaw":
        """The same law, its legal codes narrowed to those with conductances in [floor, ceiling].

        Raises
        ------
        ConfigError
            A branch is left without a code.
        """
        # A bound that *is* the conductance of a code must keep it: eight units in the last place of slack.
        slack = 8 * np.finfo(np.float64).eps
        exact_low = self._exact(ceiling * (1 + slack))
        exact_high = self._exact(floor * (1 - slack))
        lowest = np.ceil(np.clip(exact_low, self.lowest, self.highest + 1)).astype(np.int64)
        highest = np.floor(np.clip(exact_high, self.lowest - 1, self.highest)).astype(np.int64)
        refuse_empty(lowest, highest, floor, ceiling)
        return replace(self, lowest=lowest, highest=highest)

    def between(self, lowest: CodeArray, highest: CodeArray) -> "RheostatLaw":
        """The same law with these legal codes, (B,) each."""
        return replace(self, lowest=lowest, highest=highest)

    @property
    def least(self) -> BranchArray:
        """Conductance at the highest legal code, (B,), S."""
        return self.conductances(self.highest)

    @property
    def most(self) -> BranchArray:
        """Conductance at the lowest legal code, (B,), S."""
        return self.conductances(self.lowest)

    def _exact(self, conductances: BranchArray) -> BranchArray:
        """Code, not rounded, at which the law gives these conductances."""
        return (1.0 / conductances - self.wiper) * (self.steps / self.end_to_end)


_LEAST = 1e-15
"""S, below which a conductance counts as none."""


@dataclass(frozen=True, slots=True)
class TabulatedLaw:
    """Resistance of each branch at each code, as it was calibrated.

    Parameters
    ----------
    resistances
        Shape (B, codes), ohm, from code 0 on.
    rising
        The least that holds them all and never falls with the code, shape (B, codes), ohm: codes are looked
        up in it, since noise of a calibration may let neighbours change places.
    lowest, highest
        Legal codes of each branch, both included, shape (B,).
    """

    resistances: FloatArray
    rising: FloatArray
    lowest: CodeArray
    highest: CodeArray

    @classmethod
    def of(cls, resistances: FloatArray, lowest: CodeArray, highest: CodeArray) -> "TabulatedLaw":
        """From a table of resistances."""
        return cls(resistances, np.maximum.accumulate(resistances, axis=1), lowest, highest)

    def conductances(self, codes: CodeArray) -> BranchArray:
        """Conductance of each code, (B,) to (B,) S."""
        return 1.0 / self.resistances[np.arange(len(codes)), codes]

    def codes(self, conductances: BranchArray) -> CodeArray:
        """The legal code whose conductance is nearest, (B,) S to (B,)."""
        above = np.clip(
            _first_above(self.rising, 1.0 / np.maximum(conductances, _LEAST)), self.lowest, self.highest
        )
        below = np.maximum(above - 1, self.lowest)
        nearer_below = np.abs(self.conductances(below) - conductances) <= np.abs(
            self.conductances(above) - conductances
        )
        return np.where(nearer_below, below, above)

    def within(self, floor: BranchArray, ceiling: BranchArray) -> "TabulatedLaw":
        """The same law, its legal codes narrowed to those with conductances in [floor, ceiling].

        Raises
        ------
        ConfigError
            A branch is left without a code.
        """
        slack = 8 * np.finfo(np.float64).eps
        # No code from the lowest legal one on may be above the ceiling, so the least from there on counts.
        falling = np.minimum.accumulate(self.resistances[:, ::-1], axis=1)[:, ::-1]
        lowest = np.maximum(_first_above(falling, 1.0 / (ceiling * (1 + slack))), self.lowest)
        highest = np.minimum(_first_above(self.rising, 1.0 / (floor * (1 - slack))) - 1, self.highest)
        refuse_empty(lowest, highest, floor, ceiling)
        return replace(self, lowest=lowest, highest=highest)

    def between(self, lowest: CodeArray, highest: CodeArray) -> "TabulatedLaw":
        """The same law with these legal codes, (B,) each."""
        return replace(self, lowest=lowest, highest=highest)

    @property
    def least(self) -> BranchArray:
        """Conductance at the highest legal code, (B,), S."""
        return self.conductances(self.highest)

    @property
    def most(self) -> BranchArray:
        """Conductance at the lowest legal code, (B,), S."""
        return self.conductances(self.lowest)


def _first_above(table: FloatArray, resistances: BranchArray) -> CodeArray:
    """First code at which a table that never falls is not below these; beyond the last: their count."""
    branches = np.arange(len(resistances))
    low = np.zeros(len(resistances), dtype=np.int64)
    high = np.full(len(resistances), table.shape[1])
    for _ in range(table.shape[1].bit_length()):
        middle = (low + high) // 2
        short = (low < high) & (table[branches, np.minimum(middle, table.shape[1] - 1)] < resistances)
        low = np.where(short, middle + 1, low)
        high = np.where(short, high, middle)
    return low


def refuse_empty(lowest: CodeArray, highest: CodeArray, floor: BranchArray, ceiling: BranchArray) -> None:
    """Whether every branch is left with a code, (B,) each.

    Raises
    ------
    ConfigError
        Names the first that is not.
    """
    empty = np.flatnonzero(lowest > highest)
    if empty.size:
        branch = int(empty[0])
        msg = (
            f"no wiper code of branch {branch} lies between {floor[branch]:.4g} S and"
            f" {ceiling[branch]:.4g} S; widen learning.bounds or take another part"
        )
        raise ConfigError(msg)
