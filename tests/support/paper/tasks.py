"""What is drawn, from which generator and in which order. Part of each recipe: medians hang on it."""

import numpy as np

from labrig.arrays import FloatArray, Siemens
from labrig.learning import Sample
from tests.support.paper.crossbars import Crossbars, crossbar_outputs, crossbar_sample

ROWS, COLUMNS = 40, 30
INPUTS = np.arange(1.0, ROWS + 1)
"""1…40 V."""
FLOOR: Siemens = 0.1
"""ε."""
NEAR, MIDDLE, WIDE = "y = x(g_D)", "y ~ U[15,26]", "y ~ U[5,36]"
"""Kinds of targets. The first are those of conductances g_D ~ U[ε,1]: all within about 1 V of 20.5 V."""
CONSTANTS = {"1": 1.0, "ε": FLOOR, "10": 10.0}
DRAWN = "U[ε,1]"
"""Kinds of starts g⁰."""


def drawn_targets(kind: str, seed: int) -> FloatArray:
    """Targets of the 40×30 crossbar, first from ``default_rng(seed)``, shape (C,), V."""
    rng = np.random.default_rng(seed)
    if kind == NEAR:
        return crossbar_outputs(INPUTS, rng.uniform(FLOOR, 1, (ROWS, COLUMNS)))
    low, high = {MIDDLE: (15, 26), WIDE: (5, 36)}[kind]
    return rng.uniform(low, high, COLUMNS)


def drawn_start(kind: str, seed: int) -> FloatArray:
    """Conductances at the start, (R, C), S; random ones come from ``default_rng(1000 + seed)``."""
    if kind == DRAWN:
        return np.random.default_rng(1000 + seed).uniform(FLOOR, 1, (ROWS, COLUMNS))
    return np.full((ROWS, COLUMNS), CONSTANTS[kind])


def of_40x30(targets: str, start: str, seeds: range) -> Crossbars:
    """Crossbars 40×30."""
    return Crossbars(
        INPUTS,
        np.array([drawn_targets(targets, seed) for seed in seeds]),
        np.array([drawn_start(start, seed) for seed in seeds]),
    )


def of_floor(floor: Siemens, seeds: range) -> Crossbars:
    """Crossbars 40×30 from g⁰ = 1 S, to the outputs of g_D ~ U[ε,1+ε] from ``default_rng(seed)``.

    (U[ε,1] would be one point at ε = 1.)
    """
    drawn = (np.random.default_rng(seed).uniform(floor, 1 + floor, (ROWS, COLUMNS)) for seed in seeds)
    targets = np.array([crossbar_outputs(INPUTS, g) for g in drawn])
    return Crossbars(INPUTS, targets, np.ones((len(seeds), ROWS, COLUMNS)))


def of_size(size: int, seeds: range) -> Crossbars:
    """Crossbars N×N with inputs 1…N V: ``default_rng(seed)`` draws g_D, then g⁰, both U[ε,1]."""
    inputs = np.arange(1.0, size + 1)
    drawn = np.array([np.random.default_rng(seed).uniform(FLOOR, 1, (2, size, size)) for seed in seeds])
    targets = np.array([crossbar_outputs(inputs, g) for g in drawn[:, 0]])
    return Crossbars(inputs, targets, drawn[:, 1])


def hundred_samples(rows: int, columns: int) -> tuple[list[Sample], np.random.Generator]:
    """100 samples that one g_D ~ U[ε,1] solves, inputs U[0,1] V, and the generator that then picks samples.

    ``default_rng(0)`` draws g_D, then all inputs.
    """
    rng = np.random.default_rng(0)
    g = rng.uniform(FLOOR, 1, (rows, columns))
    inputs = rng.uniform(0, 1, (100, rows))
    return [crossbar_sample(p, crossbar_outputs(p, g)) for p in inputs], rng
