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
from labrig.devices.parts import DigipotPart, digipot
from labrig.errors import ConfigError
from labrig.sim.climate import Climate, Warming

_SPREAD, _MATCHING, _WIPERS, _STEPS, _TRACKING = 0, 5, 6, 7, 9
"""Places of what the elements are drawn from among the random streams of a seed."""
_BRIDGE = float(np.sqrt(np.pi / 2) * np.log(2))
"""Mean of the largest deviation of a Brownian bridge: what independent steps of a string add up to, once
their sum is known (Kolmogorov's distribution)."""
_LEAST_STEP = 0.05
"""Of a step that came out with no resistance, over a mean one."""


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
) -> TrueDigipots | TrueContinuous:
    """True parts of `count` branches: a function of the seed alone.

    Raises
    ------
    ConfigError
        They are memristors, which have no programs: see `labrig.sim.memristors`.
    """
    if isinstance(elements, MemristorElements):
        msg = "elements: found 'memristor', which only a board simulated in process can have; use digipot"
        raise ConfigError(msg)
    warming = draw_warming(elements, count, seed, climate)
    if not isinstance(elements, DigipotElements):
        return TrueContinuous(_spread(elements.tolerance, count, seed), warming)
    return replace(_draw_digipots(elements, count, seed), warming=warming)


def draw_warming(
    elements: DigipotElements | IdealElements, count: int, seed: int, climate: Climate | None
) -> Warming | None:
    """What a climate does to these elements, branch by branch; None where there is none."""
    if climate is None:
        return None
    if not isinstance(elements, DigipotElements):
        return Warming(climate, np.full(count, elements.tempco))
    vices = DigipotVices() if elements.vices is None else elements.vices
    common = digipot(elements.part).tempco if vices.tempco is None else vices.tempco
    return Warming(climate, common + vices.tracking * _stream(seed, _TRACKING).uniform(-1, 1, count))


def _draw_digipots(elements: DigipotElements, count: int, seed: int) -> TrueDigipots:
    part = digipot(elements.part)
    tolerance = part.tolerance if elements.tolerance is None else elements.tolerance
    nominal = RheostatLaw.nominal(part, count)
    if elements.vices is None:
        end_to_end = nominal.end_to_end * _spread(tolerance, count, seed)
        return TrueDigipots(replace(nominal, end_to_end=end_to_end))
    return _with_vices(part, elements.vices, tolerance, nominal, seed)


def _with_vices(
    part: DigipotPart, vices: DigipotVices, tolerance: float, nominal: RheostatLaw, seed: int
) -> TrueDigipots:
    """Channels of a package share its R_AB, and each string of steps is matched so well and no better."""
    count = len(nominal.wiper)
    matching = part.matching if vices.matching is None else vices.matching
    wiper_spread = part.wiper_spread if vices.wiper_spread is None else vices.wiper_spread
    largest = part.nonlinearity if vices.nonlinearity is None else vices.nonlinearity
    packages = _spread(tolerance, -(-count // part.channels), seed)[np.arange(count) // part.channels]
    end_to_end = nominal.end_to_end * packages * _spread(matching, count, seed, _MATCHING)
    wiper = nominal.wiper * _spread(wiper_spread, count, seed, _WIPERS)
    law = replace(nominal, end_to_end=end_to_end, wiper=wiper)
    if largest == 0:
        return TrueDigipots(law)
    mismatch = _stream(seed, _STEPS).normal(size=(count, part.steps))
    mismatch *= largest / (_BRIDGE * np.sqrt(part.steps))
    mismatch = np.maximum(mismatch - mismatch.mean(axis=1, keepdims=True), _LEAST_STEP - 1)
    sums = np.concatenate([np.zeros((count, 1)), np.cumsum(mismatch, axis=1)], axis=1)
    taps = (end_to_end / part.steps)[:, None]
    return TrueDigipots(law, taps * sums[:, : part.code_max + 1])


def _stream(seed: int, place: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(place,)))


def _spread(tolerance: float, count: int, seed: int, place: int = _SPREAD) -> FloatArray:
    """Uniform in 1 ± tolerance, shape (count,)."""
    return 1 + tolerance * _stream(seed, place).uniform(-1, 1, count)
