"""The strings of steps in digital potentiometers, and their wipers, as a seed draws them."""

import numpy as np

from labrig.arrays import FloatArray
from labrig.config.boards import DigipotElements
from labrig.devices.parts import DigipotPart, digipot

_SPREAD, _MATCHING, _WIPERS, _STEPS = 0, 5, 6, 7
"""Places of what the elements are drawn from among the random streams of a seed."""
_BRIDGE = float(np.sqrt(np.pi / 2) * np.log(2))
"""Mean of the largest deviation of a Brownian bridge: what independent steps of a string add up to, once
their sum is known (Kolmogorov's distribution)."""
_LEAST_STEP = 0.05
"""Of a step that came out with no resistance, over a mean one."""


def end_to_end(elements: DigipotElements, count: int, seed: int) -> FloatArray:
    """R_AB of each, shape (count,), ohm; with vices the channels of a package have it nearly in common."""
    part, vices = digipot(elements.part), elements.vices
    tolerance = part.tolerance if elements.tolerance is None else elements.tolerance
    if vices is None:
        return part.end_to_end * spread(tolerance, count, seed)
    matching = part.matching if vices.matching is None else vices.matching
    packages = spread(tolerance, -(-count // part.channels), seed)[np.arange(count) // part.channels]
    return part.end_to_end * packages * spread(matching, count, seed, _MATCHING)


def wipers(elements: DigipotElements, count: int, seed: int) -> FloatArray:
    """R_W of each at the rails, shape (count,), ohm."""
    part, vices = digipot(elements.part), elements.vices
    stated = None if vices is None else vices.wiper_spread
    return part.wiper * spread(part.wiper_spread if stated is None else stated, count, seed, _WIPERS)


def crookedness(part: DigipotPart, largest: float, count: int, seed: int) -> FloatArray:
    """By which each code is off the straight line between the ends of its string, shape (count, codes), taps.

    Each string of steps is matched so well and no better.

    Parameters
    ----------
    largest
        What the largest of a string is on average, taps.
    """
    mismatch = stream(seed, _STEPS).normal(size=(count, part.steps))
    mismatch *= largest / (_BRIDGE * np.sqrt(part.steps))
    mismatch = np.maximum(mismatch - mismatch.mean(axis=1, keepdims=True), _LEAST_STEP - 1)
    sums = np.concatenate([np.zeros((count, 1)), np.cumsum(mismatch, axis=1)], axis=1)
    return np.asarray(sums[:, : part.code_max + 1])


def stream(seed: int, place: int) -> np.random.Generator:
    """One of the random streams of a seed."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(place,)))


def spread(tolerance: float, count: int, seed: int, place: int = _SPREAD) -> FloatArray:
    """Uniform in 1 ± tolerance, shape (count,)."""
    return 1 + tolerance * stream(seed, place).uniform(-1, 1, count)
