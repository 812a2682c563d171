"""How many free states any graph takes, on boards whose branches are not what the host thinks.

Shipped grids of 4×4 nodes with ten hidden ones, and random graphs; targets that conductances drawn from
0.3 … 3 S give; box 0.01 … 10 S; the first reading and the final check count.
"""

import json
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import pytest

from labrig.circuit import Boundary, IdealNetwork, Topology, solve
from labrig.learning import Bounds, Contrastive, ModelInversion, Sample, TrainingStep, WholeTask, loop
from tests.support.off import Hidden, OffNetwork, exact, grid, off_by_a_fifth, random_graph

MET = 1e-6
SEEDS = range(50)


def trained(
    made: tuple[Topology, Sample], seed: int, law: Callable[[int, int], Hidden]
) -> tuple[OffNetwork, Iterator[TrainingStep]]:
    topology, sample = made
    count = len(topology.branches)
    board = OffNetwork(topology, law(count, seed))
    policy = ModelInversion(topology, [sample], np.zeros(count, dtype=np.bool_))
    bounds = Bounds.uniform(count, 0.01, 10.0)
    return board, loop(
        board, Contrastive(), policy, WholeTask([sample]), initial=np.ones(count), bounds=bounds
    )


def states(
    make: Callable[[int], tuple[Topology, Sample]], seed: int, law: Callable[[int, int], Hidden]
) -> int:
    board, steps = trained(make(seed), seed, law)
    for step in islice(steps, 40):
        if step.error < MET:
            break
    return board.measurements


@pytest.mark.parametrize("make", [grid, random_graph])
def test_two_where_branches_conduct_what_they_are_told(
    make: Callable[[int], tuple[Topology, Sample]],
) -> None:
    assert {states(make, seed, exact) for seed in SEEDS} == {2}


@pytest.mark.parametrize("make", [grid, random_graph])
def test_five_where_branches_are_off_by_a_fifth_and_never_a_failure(
    make: Callable[[int], tuple[Topology, Sample]],
) -> None:
    counts = [states(make, seed, off_by_a_fifth) for seed in SEEDS]
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
    board = OffNetwork(topology, off_by_a_fifth(count, 4))
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
    board = IdealNetwork(topology)
    bounds, initial = Bounds.uniform(count, 0.01, 10.0), np.linspace(0.5, 2.0, count)
    steps = loop(board, Contrastive(), policy, WholeTask([sample]), initial=initial, bounds=bounds, mask=mask)
    last = list(islice(steps, 3))[-1]
    assert last.error < MET
    np.testing.assert_array_equal(last.latent[mask], initial[mask])


def test_a_search_that_was_stopped_goes_on_bit_for_bit() -> None:
    topology, sample = grid(1)
    _, steps = trained((topology, sample), 1, off_by_a_fifth)
    whole = [step.next_latent for step in islice(steps, 5)]
    count = len(topology.branches)
    board, _ = trained((topology, sample), 1, off_by_a_fifth)
    first, second = (ModelInversion(topology, [sample], np.zeros(count, dtype=np.bool_)) for _ in range(2))
    bounds, batches = Bounds.uniform(count, 0.01, 10.0), WholeTask([sample])
    begun = list(
        islice(loop(board, Contrastive(), first, batches, initial=np.ones(count), bounds=bounds), 2)
    )[-1]
    second.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
    rest = islice(loop(board, Contrastive(), second, batches, initial=begun.next_latent, bounds=bounds), 3)
    np.testing.assert_array_equal([step.next_latent for step in rest], whole[2:])
