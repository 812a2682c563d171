"""Numbers of the convergence paper (arXiv:2503.00349) and of its neighbourhood, next to what is expected.

Every number goes through labrig's own loop, rules and ideal network. The crossbar is 40×30 with a floor ε of 0.1 S, inputs
1…40 V and a tolerance ‖x − y‖ < 1e−6 V where nothing else is said. Seeds, and in which order a generator draws, are part
of the recipe: they are stated at each function.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from labrig.circuit import IdealNetwork, Topology
from labrig.learning import (
    Batches,
    Bounds,
    Contrastive,
    DiminishingStep,
    FixedStep,
    RandomSamples,
    Sample,
    StepPolicy,
    TrainingStep,
    WholeTask,
    crossbar_bound,
    evaluate,
    graph_bound,
    loop,
    paper_bound,
)

Array = NDArray[np.float64]

ROWS, COLUMNS = 40, 30
FLOOR = 0.1
RATE = 0.007
TOLERANCE = 1e-6
MOST = 20000
NEAR, MIDDLE, WIDE = "x(g_D)", "U[15,26]", "U[5,36]"


@dataclass(frozen=True)
class Case:
    """One cell of a table."""

    table: str
    name: str
    expected: float
    margin: float
    """Largest difference from what is expected that still counts as a hit."""
    measure: Callable[[], float]
    slow: bool = False
    """Takes more than some seconds."""

    @property
    def key(self) -> str:
        return f"{self.table}: {self.name}"


def learning(
    shape: tuple[int, int],
    batches: Batches,
    policy: StepPolicy,
    initial: Array,
    *,
    floor: float = FLOOR,
    ceiling: float = np.inf,
) -> Iterator[TrainingStep]:
    topology = Topology.crossbar(*shape)
    return loop(
        IdealNetwork(topology),
        Contrastive(),
        policy,
        batches,
        initial=initial,
        bounds=Bounds.uniform(initial.size, floor, ceiling),
    )


def updates(
    p: Array, y: Array, initial: Array, rate: float, *, floor: float = FLOOR, ceiling: float = np.inf
) -> float:
    """Updates until the error of the free state is below the tolerance; infinite beyond 20000."""
    batches = WholeTask([crossbar_sample(p, y)])
    steps = learning((p.size, y.size), batches, FixedStep(rate), initial, floor=floor, ceiling=ceiling)
    for step in islice(steps, MOST * 2 + 1):
        if step.error < TOLERANCE:
            return step.step
    return np.inf


def crossbar_sample(p: Array, y: Array) -> Sample:
    return Sample({i: float(v) for i, v in enumerate(p)}, {p.size + j: float(v) for j, v in enumerate(y)})


def outputs(p: Array, g: Array) -> Array:
    """Free outputs of a crossbar with conductances g, (rows, columns)."""
    return np.asarray(p @ g / g.sum(axis=0))


def target(kind: str, seed: int, p: Array, floor: float = FLOOR) -> Array:
    """Targets come first from default_rng(seed)."""
    rng = np.random.default_rng(seed)
    if kind == NEAR:
        return outputs(p, rng.uniform(floor, 1, (ROWS, COLUMNS)))
    return rng.uniform(*{MIDDLE: (15, 26), WIDE: (5, 36)}[kind], COLUMNS)


def start(kind: str, seed: int, floor: float = FLOOR) -> Array:
    """Starts that are drawn come from default_rng(1000 + seed)."""
    if kind == "U[ε,1]":
        return np.random.default_rng(1000 + seed).uniform(floor, 1, ROWS * COLUMNS)
    return np.full(ROWS * COLUMNS, {"1": 1.0, "ε": floor, "10": 10.0}[kind])


def median_updates(
    kind: str,
    begin: str,
    *,
    rate: float = RATE,
    seeds: int = 10,
    floor: float = FLOOR,
    ceiling: float = np.inf,
) -> float:
    p = np.arange(1.0, ROWS + 1)
    found = [
        updates(
            p, target(kind, seed, p, floor), start(begin, seed, floor), rate, floor=floor, ceiling=ceiling
        )
        for seed in range(seeds)
    ]
    return float(np.median(found))


def square_updates(size: int) -> float:
    """N×N: for each of seeds 0…4 one generator draws g_D, then g⁰, both U[ε,1]; rate 1e−4."""
    p = np.arange(1.0, size + 1)
    found: list[float] = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        y = outputs(p, rng.uniform(FLOOR, 1, (size, size)))
        found.append(updates(p, y, rng.uniform(FLOOR, 1, size * size), 1e-4))
    return float(np.median(found))


def mean_error(shape: tuple[int, int], policy: StepPolicy, steps: int) -> float:
    """Algorithm 2, seed 0: g_D ~ U[ε,1], 100 inputs ~ U[0,1], then one sample a step, all from one generator."""
    rng = np.random.default_rng(0)
    g_d = rng.uniform(FLOOR, 1, shape)
    samples = [crossbar_sample(p, outputs(p, g_d)) for p in rng.uniform(0, 1, (100, shape[0]))]
    training = learning(shape, RandomSamples(samples, rng), policy, np.ones(shape[0] * shape[1]))
    (last,) = islice(training, steps, steps + 1)
    network = IdealNetwork(Topology.crossbar(*shape))
    return float(np.mean(evaluate(network, samples, program=last.latent).errors))


def bound_cases() -> Iterator[Case]:
    topology, p = Topology.crossbar(ROWS, COLUMNS), np.arange(1.0, ROWS + 1)
    table = "Rates known to converge (S/V²)"
    yield Case(
        table, "2/K of the paper", 8.956e-11, 5e-15, lambda: paper_bound(topology, p, FLOOR).largest_rate
    )
    yield Case(table, "2/L, any graph", 6.57e-5, 1e-8, lambda: graph_bound(topology, p, FLOOR).largest_rate)
    yield Case(table, "2/L, crossbar", 7.5e-4, 1e-6, lambda: crossbar_bound(topology, p, FLOOR).largest_rate)


def start_cases() -> Iterator[Case]:
    rows = {NEAR: (96, 11, 23, 73, 133), MIDDLE: (91, 20, 32, 73, 126), WIDE: (675, 733, 775, 674, 1737)}
    for kind, counts in rows.items():
        for begin, count in zip(("1", "ε", "U[ε,1]", "10"), counts, strict=False):
            yield count_case(
                "Updates, rate 0.007",
                f"{kind}, g⁰ = {begin}",
                count,
                lambda k=kind, b=begin: median_updates(k, b),
            )
        yield count_case(
            "Updates, rate 0.007",
            f"{kind}, g⁰ = 10, g ≤ 10",
            counts[-1],
            lambda k=kind: median_updates(k, "10", ceiling=10.0),
        )


def rate_cases() -> Iterator[Case]:
    rows = {
        NEAR: {1e-4: 558, 1e-3: 49, 3.75e-3: 5, 7e-3: 96, 1e-2: 35, 1e-1: 13},
        WIDE: {1e-4: np.inf, 1e-3: 4169, 3.75e-3: 1106, 7e-3: 554, 1e-2: 332, 1e-1: 440},
    }
    for kind, counts in rows.items():
        for rate, count in counts.items():
            yield count_case(
                "Updates by rate, g⁰ = 1",
                f"{kind}, {rate:g}",
                count,
                lambda k=kind, r=rate: median_updates(k, "1", rate=r, seeds=5),
            )


def floor_cases() -> Iterator[Case]:
    for floor, count in {0.01: 95, 0.1: 96, 1.0: 10}.items():
        yield count_case(
            "Updates by ε, g⁰ = 1, rate 0.007",
            f"ε = {floor:g}",
            count,
            lambda f=floor: median_updates(NEAR, "1", floor=f),
        )


def size_cases() -> Iterator[Case]:
    for size, count in {5: 23626, 10: 5775, 20: 1473, 40: 354, 80: 84, 120: 32}.items():
        yield count_case("Updates of N×N, rate 1e−4", f"N = {size}", count, lambda n=size: square_updates(n))


def stochastic_cases() -> Iterator[Case]:
    table = "Algorithm 2, 100 samples: mean ‖e‖ (V)"
    rows = {
        (40, 30): {0: 0.114, 1000: 0.081, 10000: 0.072, 50000: 0.066},
        (5, 4): {0: 0.127, 1000: 0.0098, 10000: 0.0044, 50000: 0.0025},
    }
    for shape, errors in rows.items():
        for steps, error in errors.items():
            yield Case(
                table,
                f"{shape[0]}×{shape[1]}, 10/(1+t), t = {steps}",
                error,
                half_a_digit(error),
                lambda s=shape, n=steps: mean_error(s, DiminishingStep(10.0, 1.0), n),
                slow=steps > 10000,
            )


def count_case(table: str, name: str, count: float, measure: Callable[[], float]) -> Case:
    """Medians are reproduced to one update, long ones to 0.2 % (their last digits hang on rounding)."""
    slow = count * (5 if "N =" in name else 10) > 50000
    return Case(table, name, count, 0.0 if np.isinf(count) else max(1.0, 0.002 * count), measure, slow)


def half_a_digit(value: float) -> float:
    """Half a unit of the second significant digit; of the third from 0.1 on."""
    return 0.5 * 10 ** (np.floor(np.log10(value)) - (2 if value >= 0.1 else 1))


def cases() -> list[Case]:
    made = [bound_cases(), start_cases(), rate_cases(), floor_cases(), size_cases(), stochastic_cases()]
    return [case for group in made for case in group]


if __name__ == "__main__":
    import sys

    for c in cases():
        t = time.perf_counter()
        v = c.measure() if not (c.slow and "--slow" not in sys.argv) else None
        print(
            c.key,
            c.expected,
            v,
            "%.1f s" % (time.perf_counter() - t),
            "SLOW" if c.slow else "",
            "" if v is None or v == c.expected or abs(v - c.expected) <= c.margin else "MISS",
        )
