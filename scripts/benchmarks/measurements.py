"""Settled states that each step policy takes, on boards whose branches are not what the host thinks.

Seeds are held out from those of the tests; first readings, repeats and final checks count. Exit code 1 where
`auto` takes more than its budget, or more than 1.5 times the best other policy that needs no more knowledge.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context

import numpy as np
from rich.console import Console
from rich.table import Table

from labrig.arrays import FloatArray
from labrig.circuit import Boundary, Topology, solve
from labrig.circuit.coercivity import output_derivative
from labrig.learning import (
    BarzilaiBorweinStep,
    Batches,
    Bounds,
    Contrastive,
    FixedStep,
    GaussNewtonStep,
    Identification,
    InTurn,
    KaczmarzStep,
    LastErrors,
    LineSearch,
    ModelInversion,
    PolyakStep,
    RandomSamples,
    Sample,
    SecantStep,
    StepPolicy,
    TapSearch,
    WholeTask,
    loop,
)
from labrig.learning.evaluation import evaluate
from tests.support import off

MET = 1e-6
"""V, ‖x − y‖."""
FIRST_SEED = 1000
KINDS = ("easy", "middle", "spread")
LAWS: dict[str, Callable[[int, int], off.Hidden]] = {
    "ideal": off.exact,
    "±20 %": off.off_by_a_fifth,
    "±20 %, wipers": off.with_wipers,
    "5 % stuck": off.partly_stuck,
}
NOTHING = np.zeros(1200, dtype=np.bool_)
MOST = 4000
MOST_PLANNED = 200
SMALL = 1e-6


def planned(
    topology: Topology, samples: Sequence[Sample], law: off.Hidden, initial: FloatArray, bounds: Bounds
) -> FloatArray:
    """What somebody asks for who knows what every branch makes of it: least squares on the full model.

    Gauss–Newton in the logarithms, the least change that meets all targets; branches at a bound stay there.
    """
    asked = initial.copy()
    inputs = [Boundary(sample.inputs) for sample in samples]
    wanted = np.array([list(sample.targets.values()) for sample in samples])
    nodes = [list(sample.targets) for sample in samples]
    held = np.zeros(asked.shape, dtype=np.bool_)
    for _ in range(MOST_PLANNED):
        true = law(asked)
        volts = solve(topology, true, inputs).node_voltages
        errors = np.concatenate([volts[k, places] for k, places in enumerate(nodes)]) - wanted.ravel()
        if np.abs(errors).max() < MET / 1e3:
            break
        slopes = (law(asked * (1 + SMALL)) - true) / SMALL
        rows = [
            output_derivative(topology, true, sample.inputs, places) * slopes
            for sample, places in zip(samples, nodes, strict=True)
        ]
        step = np.linalg.lstsq(np.vstack(rows) * ~held, -errors)[0]
        moved = bounds.project(asked * np.exp(np.clip(step, -1, 1)))
        held = (moved == asked) & (step != 0)
        asked = moved
    return asked


def knowing(
    board: off.OffNetwork, samples: Sequence[Sample], law: off.Hidden, initial: FloatArray, bounds: Bounds
) -> int:
    """Settled states of that: a reading of the start where there is one sample, and a look at each."""
    program = planned(board.topology, samples, law, initial, bounds)
    if len(samples) == 1:
        evaluate(board, samples, program=initial)
    met = evaluate(board, samples, program=program).error < MET
    return board.measurements if met else sys.maxsize


def on_paper(policy: str, sample: Sample) -> StepPolicy:
    """A policy for the paper's crossbar."""
    net = off.PAPER
    makers: dict[str, Callable[[], StepPolicy]] = {
        "fixed .007": lambda: FixedStep(0.007),
        "polyak 1.9": lambda: PolyakStep(net, 1.9, True, NOTHING),
        "barzilai-borwein": lambda: BarzilaiBorweinStep(0.007, 30, NOTHING),
        "secant": lambda: SecantStep(sample, net.inputs, net.outputs, 0.007, NOTHING),
        "kaczmarz": lambda: KaczmarzStep(net, 1.0, NOTHING),
        "auto": lambda: LineSearch(sample, net.inputs, net.outputs, NOTHING),
    }
    return makers[policy]()


def paper_states(policy: str, law: str, kind: str, start: float, seed: int) -> int:
    """Until a free state meets all targets."""
    sample = off.sample_of(off.PAPER, off.PAPER_INPUTS, off.paper_targets(kind, seed))
    hidden = LAWS[law](1200, seed)
    board = off.OffNetwork(off.PAPER, hidden)
    bounds = Bounds.uniform(1200, 0.1)
    if policy == "oracle":
        return knowing(board, [sample], hidden, np.full(1200, start), bounds)
    steps = loop(
        board,
        Contrastive(),
        on_paper(policy, sample),
        WholeTask([sample]),
        initial=np.full(1200, start),
        bounds=bounds,
    )
    clamped = 2 * int(policy not in {"auto", "secant"})
    for step in islice(steps, MOST):
        if step.error < MET:
            return board.measurements - (clamped // 2)
    return sys.maxsize


def graph_states(policy: str, law: str, kind: str, start: float, seed: int) -> int:
    """On a graph with hidden nodes."""
    del start
    topology, sample = (off.grid if kind == "grid" else off.random_graph)(seed)
    count = len(topology.branches)
    nothing = np.zeros(count, dtype=np.bool_)
    makers: dict[str, Callable[[], StepPolicy]] = {
        "fixed 5": lambda: FixedStep(5.0),
        "polyak 1.9": lambda: PolyakStep(topology, 1.9, False, nothing),
        "barzilai-borwein": lambda: BarzilaiBorweinStep(5.0, 1, nothing),
        "gauss-newton": lambda: GaussNewtonStep(topology, nothing),
        "auto": lambda: ModelInversion(topology, [sample], nothing),
    }
    hidden = LAWS[law](count, seed)
    board = off.OffNetwork(topology, hidden)
    bounds = Bounds.uniform(count, 0.01, 10.0)
    if policy == "oracle":
        return knowing(board, [sample], hidden, np.ones(count), bounds)
    steps = loop(
        board,
        Contrastive(),
        makers[policy](),
        WholeTask([sample]),
        initial=np.ones(count),
        bounds=bounds,
    )
    for step in islice(steps, MOST):
        if step.error < MET:
            return board.measurements - int(policy != "auto")
    return sys.maxsize


def sample_states(policy: str, law: str, kind: str, start: float, seed: int) -> int:
    """Several samples on a crossbar, until all are met at the same conductances."""
    del start
    rows, columns, count = (40, 30, 100) if kind == "100 on 40x30" else (5, 4, 10)
    topology, samples = off.several_samples(rows, columns, count, seed)
    branches = rows * columns
    nothing = np.zeros(branches, dtype=np.bool_)
    hidden = LAWS[law](branches, seed)
    board = off.OffNetwork(topology, hidden)
    bounds, errors = Bounds.uniform(branches, 0.1, 10.0), LastErrors(count)
    if policy == "oracle":
        return knowing(board, samples, hidden, np.ones(branches), bounds)
    chosen: StepPolicy = Identification(topology, samples, nothing)
    order: Batches = InTurn(samples)
    if policy == "kaczmarz":
        chosen, order = (
            KaczmarzStep(topology, 1.0, nothing),
            RandomSamples(samples, np.random.default_rng(seed)),
        )
    for step in islice(
        loop(board, Contrastive(), chosen, order, initial=np.ones(branches), bounds=bounds), MOST
    ):
        error = errors.take(step.evidence, step.latent)
        if error < MET and (errors.at_once or policy == "kaczmarz"):
            return board.measurements + (0 if errors.at_once else count)
    return sys.maxsize


def wiper_errors(
    policy: str, bits: int | None, noise: float, shares: tuple[float, float], seed: int
) -> FloatArray:
    """RMS over the outputs in ppm of the span, of every free state."""
    y = off.wiper_targets(seed, shares)
    sample = off.sample_of(off.PAPER, off.WIPER_INPUTS, y)
    board = off.WiperBoard(seed, off.bits(bits) if bits else 0.0, noise)
    auto = TapSearch(sample, off.PAPER.inputs, off.PAPER.outputs, NOTHING, law=off.WIPER_LAW, lsb=board.lsb)
    chosen = auto if policy == "auto" else FixedStep(3e-6)
    steps = loop(
        board, Contrastive(), chosen, WholeTask([sample]), initial=np.full(1200, 20e-6), bounds=off.LEGAL
    )
    for _ in islice(steps, 60 if policy == "auto" else 1500):
        pass
    return board.rms(y)


@dataclass(frozen=True)
class Row:
    """One case, with what each policy takes in it."""

    name: str
    states: Callable[..., int]
    policies: Sequence[str]
    law: str
    kind: str
    start: float
    median: float
    worst: float
    seeds: int = 20


def rows() -> Iterator[Row]:
    """Every case with its budget for `auto`, median and worst."""
    budgets = {
        "ideal": ((2, 2), (2, 2), (2, 2)),
        "±20 %": ((4, 6), (5, 6), (5, 6)),
        "±20 %, wipers": ((6, 9), (6, 9), (6, 9)),
        "5 % stuck": ((7, 9), (7, 9), (7, 9)),
    }
    policies = ("fixed .007", "polyak 1.9", "barzilai-borwein", "secant", "kaczmarz", "auto", "oracle")
    for law, limits in budgets.items():
        for kind, (median, worst) in zip(KINDS, limits, strict=True):
            yield Row(f"40x30 {law}, {kind}", paper_states, policies, law, kind, 1.0, median, worst)
    for kind in KINDS:
        yield Row(f"40x30 5 % stuck at ε, {kind}", paper_states, policies, "5 % stuck", kind, 0.1, 10, 11)
    graphs = ("fixed 5", "polyak 1.9", "barzilai-borwein", "gauss-newton", "auto", "oracle")
    for kind in ("grid", "random graph"):
        for law, limit in (("ideal", (2, 2)), ("±20 %", (5, 6))):
            yield Row(f"{kind} {law}", graph_states, graphs, law, kind, 1.0, *limit, seeds=50)
    for kind, law, limit in (
        ("10 on 5x4", "±20 %", 15),
        ("100 on 40x30", "±20 %", 140),
        ("100 on 40x30", "±20 %, wipers", 340),
    ):
        yield Row(
            f"{kind} {law}",
            sample_states,
            ("kaczmarz", "auto", "oracle"),
            law,
            kind,
            1.0,
            limit,
            limit,
            seeds=5,
        )


def states_table(pool: ProcessPoolExecutor, only: str) -> tuple[Table, list[str]]:
    """Median (worst) settled states."""
    drawn = Table(
        title="settled states, median (worst)",
        caption="oracle: least squares on the full model, by who knows what every branch conducts",
    )
    names = ("fixed .007", "fixed 5", "polyak 1.9", "barzilai-borwein", "secant", "kaczmarz", "gauss-newton")
    for head in ("case", *names, "auto", "oracle", "budget"):
        drawn.add_column(head, no_wrap=True)
    missed: list[str] = []
    for row in rows():
        if only not in row.name:
            continue
        found: dict[str, FloatArray] = {}
        for policy in row.policies:
            one = partial(row.states, policy, row.law, row.kind, row.start)
            found[policy] = np.array([*pool.map(one, range(FIRST_SEED, FIRST_SEED + row.seeds))], dtype=float)
        auto = found["auto"]
        if np.median(auto) > row.median or auto.max() > row.worst:
            missed.append(f"{row.name}: auto takes {shown(auto)}, and may {row.median:g} ({row.worst:g})")
        best = min(float(np.median(values)) for name, values in found.items() if name != "oracle")
        if np.median(auto) > 1.5 * best:
            missed.append(f"{row.name}: auto takes {shown(auto)}, the best policy {best:g}")
        cells = [shown(found[name]) if name in found else "" for name in (*names, "auto", "oracle")]
        drawn.add_row(row.name, *cells, f"{row.median:g} ({row.worst:g})")
    return drawn, missed


def shown(values: FloatArray) -> str:
    worst = values.max()
    return f"{np.median(values):g} ({'∞' if worst >= sys.maxsize else f'{worst:g}'})"


def wipers_table(pool: ProcessPoolExecutor) -> tuple[Table, list[str]]:
    """RMS error after n settled states."""
    drawn = Table(
        title="257 taps of 100 kΩ ±20 %, 40x30: RMS over the outputs after n settled states, ppm of the span",
        caption="fixed: 3e-6 S/V², 20 µS; a pair of states an update",
    )
    for head in ("converter", "targets", "auto, 10", "20", "60", "budget", "fixed, 20", "60", "3000"):
        drawn.add_column(head, justify="left" if head in {"converter", "targets", "budget"} else "right")
    missed: list[str] = []
    noise = 1000 * off.PPM
    for name, bits, sigma, at, limit in (
        ("exact", None, 0.0, 10, 8.0),
        ("exact", None, 0.0, 20, 3.0),
        ("16 bit", 16, 0.0, 20, 8.0),
        ("12 bit", 12, 0.0, 20, 61.0),
        ("16 bit, σ 0.1 %", 16, noise, 60, 1100 / np.sqrt(60)),
    ):
        for shares in (off.NARROW, off.WIDE):
            seeds = range(FIRST_SEED, FIRST_SEED + 20)
            auto = pooled([*pool.map(partial(wiper_errors, "auto", bits, sigma, shares), seeds)])
            fixed = pooled([*pool.map(partial(wiper_errors, "fixed", bits, sigma, shares), seeds[:3])])
            cells = [f"{auto[n - 1]:.3g}" for n in (10, 20, 60)]
            old = [f"{fixed[n // 2 - 1]:.3g}" for n in (20, 60, 3000)]
            drawn.add_row(name, f"{shares[0]}–{shares[1]}", *cells, f"{limit:.3g} at {at}", *old)
            if auto[at - 1] > limit:
                missed.append(f"{name}, {shares}: {auto[at - 1]:.3g} ppm at {at}, and may {limit:.3g}")
    return drawn, missed


def pooled(errors: Sequence[FloatArray]) -> FloatArray:
    """Root mean square over boards."""
    return np.asarray(np.sqrt(np.mean(np.square(errors), axis=0)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/bench measurements",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", metavar="TEXT", default="", help="cases whose name has this text")
    options = parser.parse_args(arguments)
    console = Console(width=max(180, Console().width))
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        states, missed = states_table(pool, options.only)
        console.print(states)
        if options.only in "wipers":
            wipers, more = wipers_table(pool)
            console.print(wipers)
            missed += more
    for text in missed:
        print(text, file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
