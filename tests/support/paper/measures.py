"""What is found by a training; each returns the finds of one experiment."""

from collections.abc import Sequence
from itertools import islice

import numpy as np

from labrig.arrays import Siemens, Volts
from labrig.circuit import IdealNetwork, Topology
from labrig.learning import (
    Bounds,
    Contrastive,
    LearningRule,
    RandomSamples,
    StepPolicy,
    crossbar_bound,
    evaluate,
    graph_bound,
    loop,
    paper_bound,
)
from tests.support.paper.crossbars import TOLERANCE, Crossbars, cycling, updates
from tests.support.paper.tasks import (
    COLUMNS,
    FLOOR,
    INPUTS,
    ROWS,
    hundred_samples,
    of_40x30,
    of_floor,
    of_size,
)

RATE = 0.007
"""γ where no other is said, S/V²."""
SWEPT = range(5)
"""Seeds of sweeps."""


def step_bounds() -> Sequence[float]:
    """K and 2/K of the paper, 2/L of any graph, L and 2/L of a crossbar, L at 1 S; 40×30, 1…40 V, ε = 0.1."""
    topology = Topology.crossbar(ROWS, COLUMNS)
    paper = paper_bound(topology, INPUTS, FLOOR)
    graph = graph_bound(topology, INPUTS, FLOOR)
    tight = crossbar_bound(topology, INPUTS, FLOOR)
    local = crossbar_bound(topology, INPUTS, 1.0)
    return (
        paper.lipschitz,
        paper.largest_rate,
        graph.largest_rate,
        tight.lipschitz,
        tight.largest_rate,
        local.lipschitz,
    )


def updates_by_start(targets: str, start: str, ceiling: Siemens, seeds: range) -> Sequence[float]:
    """Median."""
    counts = updates(of_40x30(targets, start, seeds), RATE, floor=FLOOR, ceiling=ceiling)
    return (float(np.median(counts)),)


def range_of_updates(targets: str, start: str, seeds: range) -> Sequence[float]:
    """Fewest and most."""
    counts = updates(of_40x30(targets, start, seeds), RATE, floor=FLOOR)
    return float(counts.min()), float(counts.max())


def updates_by_rate(targets: str, rate: float) -> Sequence[float]:
    """Median from g⁰ = 1 S."""
    return (float(np.median(updates(of_40x30(targets, "1", SWEPT), rate, floor=FLOOR))),)


def updates_by_floor(floor: Siemens) -> Sequence[float]:
    """Median from g⁰ = 1 S."""
    return (float(np.median(updates(of_floor(floor, SWEPT), RATE, floor=floor))),)


def updates_by_size(size: int) -> Sequence[float]:
    """Median of N×N at a rate of 1e−4 S/V²; small ones learn slowly and are given up later."""
    return (float(np.median(updates(of_size(size, SWEPT), 1e-4, floor=FLOOR, most=25000))),)


def share_that_cycles(targets: str, rate: float) -> Sequence[float]:
    """Share of the seeds, from g⁰ = 1 S with g ≤ 10 S, after 1000 updates."""
    crossbars = of_40x30(targets, "1", SWEPT)
    return (float(cycling(crossbars, rate, floor=FLOOR, ceiling=10.0, after=1000).mean()),)


def growth(targets: str, rate: float, seeds: range) -> Sequence[float]:
    """Share of seeds that learn in 100 updates without a ceiling, median of their largest g / γ (V²)."""
    crossbars = of_40x30(targets, "1", seeds)
    (last,) = islice(crossbars.train(rate, floor=FLOOR), 100, 101)
    learned = crossbars.distances(last) < TOLERANCE
    return float(learned.mean()), float(np.median(last.conductances.max(axis=(1, 2)))) / rate


def unreachable(rule: LearningRule, target: Volts, ceiling: Siemens) -> Sequence[float]:
    """Where the output of a 40×1 crossbar comes to rest, V: from g⁰ = 1 S, 1000 updates at 0.05 S/V²."""
    crossbar = Crossbars(INPUTS, np.array([[target]]), np.ones((1, ROWS, 1)))
    (last,) = islice(crossbar.train(0.05, floor=FLOOR, ceiling=ceiling, rule=rule), 1000, 1001)
    return (float(last.outputs[0, 0]),)


def mean_errors(shape: tuple[int, int], policy: StepPolicy, after: Sequence[int]) -> Sequence[float]:
    """Mean ‖e‖ over 100 samples after some numbers of updates of Algorithm 2, from g⁰ = 1 S, V."""
    samples, rng = hundred_samples(*shape)
    topology = Topology.crossbar(*shape)
    branches = len(topology.branches)
    training = loop(
        IdealNetwork(topology),
        Contrastive(),
        policy,
        RandomSamples(samples, rng),
        initial=np.ones(branches),
        bounds=Bounds.uniform(branches, FLOOR),
    )
    idle = IdealNetwork(topology)
    return [
        float(evaluate(idle, samples, program=step.latent).errors.mean())
        for step in islice(training, max(after) + 1)
        if step.step in after
    ]
