"""How many free states any graph takes, on boards whose branches are not what the host thinks.

Shipped grids of 4×4 nodes with ten hidden ones, and random graphs; targets that conductances drawn from
0.3 … 3 S give; box 0.01 … 10 S; the first reading and the final check count.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np
import pytest

from labrig.arrays import BranchArray
from labrig.circuit import Boundary, IdealNetwork, NetworkStates, Topology, solve
from labrig.learning import Bounds, Contrastive, ModelInversion, Sample, TrainingStep, WholeTask, loop

MET = 1e-6
SEEDS = range(50)


class Board(IdealNetwork):
    """An ideal network whose branches conduct more or less than they are told."""

    def __init__(self, topology: Topology, factors: BranchArray) -> None:
        super().__init__(topology)
        self._factors = factors

    def settle(
        self, boundaries: Sequence[Boundary], *, program: BranchArray | None = None, currents: bool = False
    ) -> NetworkStates:
        told = None if program is None else program * self._factors
        return super().settle(boundaries, program=told, currents=currents)


def network(
    count: int,
    branches: Sequence[tuple[int, int]],
    inputs: Sequence[float],
    outputs: int,
    draw: np.random.Generator,
) -> tuple[Topology, Sample]:
    """Roles drawn, and targets that conductances within the box give."""
    order = draw.permutation(count).tolist()
    sources, sinks = order[: len(inputs)], order[len(inputs) : len(inputs) + outputs]
    names = tuple(f"n{k}" for k in range(count))
    topology = Topology(names, tuple(branches), tuple(sources), tuple(sinks))
    volts = dict(zip(sources, inputs, strict=True))
    wanted = np.exp(draw.uniform(np.log(0.3), np.log(3), len(branches)))
    x = solve(topology, wanted, [Boundary(volts)]).node_voltages[0]
    return topology, Sample(volts, {node: float(x[node]) for node in sinks})


def grid(seed: int) -> tuple[Topology, Sample]:
    across = [(4 * r + c, 4 * r + c + 1) for r in range(4) for c in range(3)]
    down = [(4 * r + c, 4 * r + c + 4) for r in range(3) for c in range(4)]
    return network(16, sorted(across + down), [0.0, 1.0, 0.4], 3, np.random.default_rng(seed))


def graph(seed: int) -> tuple[Topology, Sample]:
    """30 nodes, 75 branches: a random tree first, so that all are joined."""
    draw = np.random.default_rng(seed)
    order = draw.permutation(30).tolist()
    branches = {tuple(sorted((order[k], order[int(draw.integers(k))]))) for k in range(1, 30)}
    while len(branches) < 75:
        a, b = draw.integers(30, size=2).tolist()
        if a != b:
            branches.add((min(a, b), max(a, b)))
    return network(30, [(a, b) for a, b in sorted(branches)], [0.0, 1.0, 0.4, 0.7], 4, draw)


def trained(
    made: tuple[Topology, Sample], seed: int, tolerance: float
) -> tuple[Board, Iterator[TrainingStep]]:
    topology, sample = made
    count = len(topology.branches)
    board = Board(topology, np.random.default_rng([1, seed]).uniform(1 - tolerance, 1 + tolerance, count))
    policy = ModelInversion(topology, [sample], np.zeros(count, dtype=np.bool_))
    bounds = Bounds.uniform(count, 0.01, 10.0)
    return board, loop(
        board, Contrastive(), policy, WholeTask([sample]), initial=np.ones(count), bounds=bounds
    )


def states(make: Callable[[int], tuple[Topology, Sample]], seed: int, tolerance: float) -> int:
    board, steps = trained(make(seed), seed, tolerance)
    for step in islice(steps, 40):
        if step.error < MET:
            break
    return board.measurements


@pytest.mark.parametrize("make", [grid, graph])
def test_two_where_branches_conduct_what_they_are_told(
    make: Callable[[int], tuple[Topology, Sample]],
) -> None:
    assert {states(make, seed, 0.0) for seed in SEEDS} == {2}


@pytest.mark.parametrize("make", [grid, graph])
def test_five_where_branches_are_off_by_a_fifth_and_never_a_failure(
    make: Callable[[int], tuple[Topology, Sample]],
) -> None:
    counts = [states(make, seed, 0.2) for seed in SEEDS]
    assert np.median(counts) <= 5
    assert max(counts) <= 6


def test_several_samples_are_asked_for_together() -> None:
    topology, _ = grid(3)
    draw = np.random.default_rng(3)
    wanted = np.exp(draw.uniform(np.log(0.3), np.log(3), len(topology.branches)))
    samples: list[Sample] = []
    for _ in range(3):
        volts = dict(zip(topology.inputs, draw.uniform(0, 1, 3).tolist(), strict=True))
        x = solve(topology, wanted, [Boundary(volts)]).node_voltages[0]
        samples.append(Sample(volts, {node: float(x[node]) for node in topology.outputs}))
    count = len(topology.branches)
    board = Board(topology, np.random.default_rng(4).uniform(0.8, 1.2, count))
    policy = ModelInversion(topology, samples, np.zeros(count, dtype=np.bool_))
    bounds = Bounds.uniform(count, 0.01, 10.0)
    steps = loop(board, Contrastive(), policy, WholeTask(samples), initial=np.ones(count), bounds=bounds)
    errors = [step.error for step in islice(steps, 12)]
    assert min(errors) < MET


def test_masked_branches_stay() -> None:
    topology, sample = grid(2)
    count = len(topology.branches)
    mask = np.arange(count) % 5 == 0
    policy = ModelInversion(topology, [sample], mask)
    board = Board(topology, np.ones(count))
    bounds, initial = Bounds.uniform(count, 0.01, 10.0), np.linspace(0.5, 2.0, count)
    steps = loop(board, Contrastive(), policy, WholeTask([sample]), initial=initial, bounds=bounds, mask=mask)
    last = list(islice(steps, 3))[-1]
    assert last.error < MET
    np.testing.assert_array_equal(last.latent[mask], initial[mask])


def test_a_search_that_was_stopped_goes_on_bit_for_bit() -> None:
    topology, sample = grid(1)
    _, steps = trained((topology, sample), 1, 0.2)
    whole = [step.next_latent for step in islice(steps, 5)]
    count = len(topology.branches)
    board, _ = trained((topology, sample), 1, 0.2)
    first, second = (ModelInversion(topology, [sample], np.zeros(count, dtype=np.bool_)) for _ in range(2))
    bounds, batches = Bounds.uniform(count, 0.01, 10.0), WholeTask([sample])
    begun = list(
        islice(loop(board, Contrastive(), first, batches, initial=np.ones(count), bounds=bounds), 2)
    )[-1]
    second.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
    rest = islice(loop(board, Contrastive(), second, batches, initial=begun.next_latent, bounds=bounds), 3)
    np.testing.assert_array_equal([step.next_latent for step in rest], whole[2:])
