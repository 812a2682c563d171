"""What a check sets branches to, and what the law of their part lets it expect."""

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from labrig.arrays import BranchArray, FloatArray, IntArray, Siemens, Volts
from labrig.bench.bench import Bench
from labrig.devices.laws import RheostatLaw
from labrig.devices.parts import digipot

CODES = 3
"""Codes that each wiper is tried at, beside the one at which it rests."""
_RANGE = 8.0
"""Largest over smallest conductance that a branch is set to, where part and limits allow."""
_LEVELS = 7
"""The middle one is the base."""
_TRIPLES = np.array(list(permutations([0, 1, 2, 4, 5, 6], CODES)), dtype=np.int64)
_CROOKED = 2.0
"""Typical nonlinearities of the part that a resistance may be off the straight line."""
_WIPER_SPREAD = 4.0
"""Wiper resistance over its typical value that is allowed for: it grows as the supply falls."""


@dataclass(frozen=True, slots=True)
class Drive:
    """Voltages of a check: away from the rails, as far apart as the board allows."""

    zero: Volts
    low: Volts
    middle: Volts
    high: Volts
    top: Volts

    @classmethod
    def of(cls, bench: Bench) -> "Drive":
        """Shares of what DAC, ADC and limits have in common; of 1 V where nothing limits."""
        spans = [converter.span for converter in (bench.info.dac, bench.info.adc) if converter is not None]
        top = min([*spans, bench.limits.voltage])
        top = top if top < np.inf else 1.0
        return cls(0.0, 0.1 * top, 0.5 * top, 0.9 * top, top)

    @property
    def span(self) -> Volts:
        """Between the two levels that currents are driven with."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Ladder:
    """Conductances to set branches to, and how far their true values may be from them. B branches."""

    rungs: FloatArray
    """Nominal conductance at each level, shape (levels, B), S; the middle one is the base."""
    low: FloatArray
    high: FloatArray
    """Least and largest ratio to its own base that a branch may have at each level, shape (levels, B)."""
    greatest: Siemens
    """Of all that a part can have, a short included."""
    spread: tuple[float, float] | None
    """Least and largest true over nominal conductance; None where the board states no tolerance."""

    @property
    def base(self) -> BranchArray:
        """At which a branch rests, (B,), S."""
        return np.asarray(self.rungs[_LEVELS // 2])

    def triple(self, place: int) -> IntArray:
        """Levels that the branch at this place among those tried together is set to, one after another.

        Those of `DIFFERENT` neighbours differ, so that a response tells whose wiper it was.
        """
        return np.asarray(_TRIPLES[place * 7 % len(_TRIPLES)])


DIFFERENT = len(_TRIPLES)
"""Branches tried together that can be told apart."""


def ladder(bench: Bench, span: Volts) -> Ladder:
    """Levels that part and limits allow under `span` volts; the bench writes no others from then on.

    Raises
    ------
    ConfigError
        The limits leave no code.
    """
    bounds = bench.restrict((1e-12, None), span=span).bounds
    held = bench.realised()
    if bench.info.codes is None:
        top = np.minimum(bounds.ceiling, float(np.median(held)) * np.sqrt(_RANGE))
        bottom = top / _RANGE
    else:
        bottom = bounds.floor
        top = np.minimum(bounds.ceiling, bottom * _RANGE)
    shares = np.linspace(0.0, 1.0, _LEVELS)[:, None]
    rungs = bottom * (top / bottom) ** shares
    fixed = ~bench.writable
    rungs[:, fixed] = held[fixed]
    law = bench.programmer.law
    if law is None:
        ratios = rungs / rungs[_LEVELS // 2]
        return Ladder(rungs, ratios, ratios, float(rungs.max()) * _RANGE, None)
    codes = np.array([law.codes(rung) for rung in rungs])
    part = digipot(bench.info.part)
    nominal = RheostatLaw.nominal(part, len(held))
    rungs = np.array([nominal.conductances(row) for row in codes])
    rungs[:, fixed] = held[fixed]
    none = replace(nominal, wiper=nominal.wiper * 0.0, end_to_end=nominal.end_to_end * (1 + part.tolerance))
    most = replace(
        nominal, wiper=nominal.wiper * _WIPER_SPREAD, end_to_end=nominal.end_to_end * (1 - part.tolerance)
    )
    ends = np.array([[law.conductances(row) for row in codes] for law in (none, most)])
    ratios = ends / ends[:, _LEVELS // 2 : _LEVELS // 2 + 1]
    # A string is not straight: each code may be off its line by some taps, the base as well.
    shares = _CROOKED * part.nonlinearity * part.end_to_end / part.steps * rungs
    crooked = shares + shares[_LEVELS // 2]
    crooked[_LEVELS // 2] = 0.0
    smallest = nominal.wiper * _WIPER_SPREAD + nominal.end_to_end * (1 + part.tolerance) * codes / part.steps
    largest = nominal.end_to_end * (1 - part.tolerance) * codes / part.steps
    middle = _LEVELS // 2
    spread = (
        float((1 / smallest / rungs)[middle].min(initial=1.0)),
        float((1 / largest / rungs)[middle].max(initial=1.0)),
    )
    return Ladder(
        rungs, ratios.min(axis=0) * (1 - crooked), ratios.max(axis=0) * (1 + crooked), 1 / part.wiper, spread
    )
