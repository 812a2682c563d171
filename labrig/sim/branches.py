"""From a program to the true conductances of simulated branches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from labrig.arrays import BranchArray, FloatArray
from labrig.boards.base import Codes, Conductances, Program
from labrig.config.boards import DigipotElements, ElementsConfig
from labrig.devices.laws import RheostatLaw
from labrig.devices.parts import digipot

_SPREAD = 0
"""Place of the element spread among the random streams of a seed."""


class TrueBranches(Protocol):
    """The true values of simulated parts, which the host does not know."""

    @property
    def power_up(self) -> Program:
        """What the branches hold when the board starts."""
        ...

    def conductances(self, program: Program) -> BranchArray:
        """True conductance of each branch, shape (B,), S."""
        ...

    def told(self, program: Program) -> Program:
        """What the chips say that they hold once this was written."""
        ...


@dataclass(frozen=True, slots=True)
class TrueDigipots:
    """Rheostats whose end-to-end resistances are off by an unknown factor; they start at mid-scale."""

    law: RheostatLaw

    @property
    def power_up(self) -> Codes:
        """Half the code steps: MCP43xx, DS22242A section 5.0."""
        return Codes(np.full(len(self.law.wiper), self.law.steps // 2, dtype=np.int64))

    def conductances(self, program: Program) -> BranchArray:
        """By the true law, shape (B,), S."""
        return self.law.conductances(np.asarray(program.values, dtype=np.int64))

    def told(self, program: Program) -> Codes:
        """What was written."""
        return Codes(np.array(program.values, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class TrueContinuous:
    """Branches that take any conductance, off by an unknown factor each; they start at 1 S."""

    factors: FloatArray
    """Shape (B,)."""

    @property
    def power_up(self) -> Conductances:
        """1 S everywhere."""
        return Conductances(np.ones(len(self.factors)))

    def conductances(self, program: Program) -> BranchArray:
        """Asked for times factor, shape (B,), S."""
        return program.values * self.factors

    def told(self, program: Program) -> Conductances:
        """What was written."""
        return Conductances(np.array(program.values, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class BrokenBranches:
    """Branches of which some no longer follow their program."""

    sound: TrueBranches
    held: Mapping[int, float]
    """Conductance of each broken branch, S."""
    unwritable: Sequence[int]
    """Branches whose chips keep what they hold at power-up."""

    @property
    def power_up(self) -> Program:
        """As if none were broken."""
        return self.sound.power_up

    def conductances(self, program: Program) -> BranchArray:
        """Of the sound ones by their law, of the broken ones what they are held at, shape (B,), S."""
        found = self.sound.conductances(program).copy()
        found[list(self.held)] = list(self.held.values())
        return found

    def told(self, program: Program) -> Program:
        """What was written, but where no write is taken."""
        told = self.sound.told(program)
        kept = list(self.unwritable)
        told.values[kept] = self.power_up.values[kept]
        return told


def draw_branches(elements: ElementsConfig, count: int, seed: int) -> TrueDigipots | TrueContinuous:
    """True parts of `count` branches: a function of the seed alone."""
    if not isinstance(elements, DigipotElements):
        return TrueContinuous(_spread(elements.tolerance, count, seed))
    part = digipot(elements.part)
    tolerance = part.tolerance if elements.tolerance is None else elements.tolerance
    nominal = RheostatLaw.nominal(part, count)
    end_to_end = nominal.end_to_end * _spread(tolerance, count, seed)
    return TrueDigipots(
        RheostatLaw(end_to_end, nominal.wiper, nominal.steps, nominal.lowest, nominal.highest)
    )


def _spread(tolerance: float, branches: int, seed: int) -> FloatArray:
    """Uniform in 1 ± tolerance, shape (B,)."""
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_SPREAD,)))
    return 1 + tolerance * generator.uniform(-1, 1, branches)
