"""From a program to the true conductances of simulated branches."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from labrig.arrays import BranchArray, CodeArray, FloatArray, IntArray
from labrig.boards.base import Codes, Conductances, Program
from labrig.config.boards import (
    DigipotElements,
    DigipotVices,
    ElementsConfig,
    IdealElements,
    MemristorElements,
)
from labrig.devices.laws import RheostatLaw
from labrig.devices.parts import digipot
from labrig.errors import ConfigError
from labrig.sim.climate import Climate, Warming
from labrig.sim.dividers import TrueDividers, draw_dividers
from labrig.sim.strings import crookedness, end_to_end, spread, stream, wipers

_TRACKING = 9
"""Place of what differs with the temperature among the random streams of a seed."""


class TrueBranches(Protocol):
    """The true values of simulated parts, which the host does not know."""

    @property
    def power_up(self) -> Program:
        """What the branches hold when the board starts."""
        ...

    @property
    def changing(self) -> bool:
        """Whether conductances differ from exchange to exchange under one program."""
        ...

    def conductances(self, program: Program, index: int) -> BranchArray:
        """True conductance of each branch in the exchange of this number, shape (B,), S."""
        ...

    def told(self, program: Program) -> Program:
        """What the chips say that they hold once this was written."""
        ...


@dataclass(frozen=True, slots=True)
class TrueDigipots:
    """Rheostats whose end-to-end resistances are off by an unknown factor; they start at mid-scale."""

    law: RheostatLaw
    deviations: FloatArray | None = None
    """What each has at each code beyond the law, shape (B, codes), ohm; None: nothing."""
    warming: Warming | None = None
    """Of R_AB and its deviations; the wiper's switch goes with the supply. None: nothing changes."""

    @property
    def switches(self) -> FloatArray:
        """Resistance of the switch in each branch, shape (B,), ohm; 0 in one that is open for good."""
        return np.where(np.isfinite(self.law.wiper), self.law.wiper, 0.0)

    @property
    def power_up(self) -> Codes:
        """Half the code steps: MCP43xx, DS22242A section 5.0."""
        return Codes(np.full(len(self.law.wiper), self.law.steps // 2, dtype=np.int64))

    @property
    def changing(self) -> bool:
        """Where the temperature does."""
        return self.warming is not None and self.warming.changing

    def conductances(self, program: Program, index: int) -> BranchArray:
        """By the true law, shape (B,), S."""
        codes = np.asarray(program.values, dtype=np.int64)
        return 1 / self.resistances(np.arange(len(codes)), codes, index)

    def resistances(self, wipers: IntArray, codes: CodeArray, index: int = 0) -> FloatArray:
        """Of these wipers at these codes in the exchange of this number, ohm; all of one shape."""
        law = self.law
        if self.warming is not None:
            string = law.end_to_end[wipers] * codes / law.steps
            if self.deviations is not None:
                string = string + self.deviations[wipers, codes]
            switches = law.wiper[wipers] * self.warming.climate.wiper(index)
            return switches + string * self.warming.factors(index)[wipers]
        by_law = law.wiper[wipers] + law.end_to_end[wipers] * codes / law.steps
        return by_law if self.deviations is None else by_law + self.deviations[wipers, codes]

    def conductance(self, wiper: int, code: int, index: int = 0) -> float:
        """Of one of them at a code, S; a code beyond the last counts as the last."""
        code = min(code, int(self.law.highest[wiper]))
        return float(1 / self.resistances(np.array([wiper]), np.array([code]), index)[0])

    def told(self, program: Program) -> Codes:
        """What was written."""
        return Codes(np.array(program.values, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class TrueContinuous:
    """Branches that take any conductance, off by an unknown factor each; they start at 1 S."""

    factors: FloatArray
    """Shape (B,)."""
    warming: Warming | None = None
    """Of the resistances; None: nothing changes."""

    @property
    def power_up(self) -> Conductances:
        """1 S everywhere."""
        return Conductances(np.ones(len(self.factors)))

    @property
    def changing(self) -> bool:
        """Where the temperature does."""
        return self.warming is not None and self.warming.changing

    def conductances(self, program: Program, index: int) -> BranchArray:
        """Asked for times factor, shape (B,), S."""
        found: BranchArray = program.values * self.factors
        return found if self.warming is None else found / self.warming.factors(index)

    def told(self, program: Program) -> Conductances:
        """What was written."""
        return Conductances(np.array(program.values, dtype=np.float64))


def draw_branches(
    elements: ElementsConfig, count: int, seed: int, climate: Climate | None = None
) -> TrueDigipots | TrueDividers | TrueContinuous:
    """True parts of `count` branches: a function of the seed alone.

    Raises
    ------
    ConfigError
        They are memristors, which have no programs: see `labrig.sim.memristors`; or the part is no divider.
    """
    if isinstance(elements, MemristorElements):
        msg = "elements: found 'memristor', which only a board simulated in process can have; use digipot"
        raise ConfigError(msg)
    if isinstance(elements, DigipotElements) and elements.arrangement == "divider":
        return draw_dividers(elements, count // 2, seed, draw_warming(elements, count // 2, seed, climate))
    warming = draw_warming(elements, count, seed, climate)
    if not isinstance(elements, DigipotElements):
        return TrueContinuous(spread(elements.tolerance, count, seed), warming)
    return replace(_draw_digipots(elements, count, seed), warming=warming)


def draw_warming(
    elements: DigipotElements | IdealElements, count: int, seed: int, climate: Climate | None
) -> Warming | None:
    """What a climate does to these elements, one by one; None where there is none."""
    if climate is None:
        return None
    if not isinstance(elements, DigipotElements):
        return Warming(climate, np.full(count, elements.tempco))
    vices = DigipotVices() if elements.vices is None else elements.vices
    common = digipot(elements.part).tempco if vices.tempco is None else vices.tempco
    return Warming(climate, common + vices.tracking * stream(seed, _TRACKING).uniform(-1, 1, count))


def _draw_digipots(elements: DigipotElements, count: int, seed: int) -> TrueDigipots:
    part, vices = digipot(elements.part), elements.vices
    law = replace(RheostatLaw.nominal(part, count), end_to_end=end_to_end(elements, count, seed))
    if vices is None:
        return TrueDigipots(law)
    law = replace(law, wiper=wipers(elements, count, seed))
    largest = part.nonlinearity if vices.nonlinearity is None else vices.nonlinearity
    if largest == 0:
        return TrueDigipots(law)
    taps = (law.end_to_end / part.steps)[:, None]
    return TrueDigipots(law, taps * crookedness(part, largest, count, seed))
