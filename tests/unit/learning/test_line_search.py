"""How many settled states the line search takes, on boards whose branches are not what the host thinks.

A 40×30 crossbar with 1 … 40 V and ε = 0.1 S; the first reading and the final check count.
"""

import json
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import pytest

from labrig.arrays import BranchArray, FloatArray
from labrig.circuit import IdealNetwork, Topology
from labrig.learning import Bounds, Contrastive, LineSearch, Progress, Sample, TrainingStep, WholeTask, loop
from tests.support.off import Hidden, OffNetwork, off_by_a_fifth, paper_targets, partly_stuck, with_wipers

ROWS, COLUMNS = 40, 30
NET = Topology.crossbar(ROWS, COLUMNS)
BRANCHES = ROWS * COLUMNS
P = np.arange(1.0, 41.0)
MET = 1e-6
"""V, ‖x − y‖."""
SEEDS = range(20)
NOTHING = np.zeros(BRANCHES, dtype=np.bool_)


def sample(y: FloatArray) -> Sample:
    return Sample(
        dict(zip(NET.inputs, P.tolist(), strict=True)), dict(zip(NET.outputs, y.tolist(), strict=True))
    )


def steps(
    board: IdealNetwork, policy: LineSearch, task: Sample, initial: BranchArray, ceiling: float = np.inf
) -> Iterator[TrainingStep]:
    bounds = Bounds.uniform(BRANCHES, 0.1, ceiling)
    return loop(board, Contrastive(), policy, WholeTask([task]), initial=initial, bounds=bounds)


def policy_for(task: Sample) -> LineSearch:
    return LineSearch(task, NET.inputs, NET.outputs, NOTHING)


def measurements(hidden: Hidden, kind: str, seed: int, start: float = 1.0, ceiling: float = np.inf) -> int:
    task = sample(paper_targets(kind, seed))
    board = OffNetwork(NET, hidden)
    for step in islice(steps(board, policy_for(task), task, np.full(BRANCHES, start), ceiling), 40):
        if step.error < MET:
            break
    return board.measurements


KINDS = ("easy", "middle", "spread")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ceiling", [np.inf, 10.0])
@pytest.mark.parametrize("start", [0.1, 1.0, 10.0])
def test_two_where_branches_conduct_what_they_are_told(kind: str, ceiling: float, start: float) -> None:
    assert {measurements(lambda g: g, kind, seed, start, ceiling) for seed in SEEDS} == {2}


@pytest.mark.parametrize(("kind", "median", "worst"), [("easy", 4, 5), ("middle", 5, 6), ("spread", 5, 6)])
def test_few_where_branches_are_off_by_a_fifth_that_nobody_knows(kind: str, median: int, worst: int) -> None:
    counts = [measurements(off_by_a_fifth(BRANCHES, seed), kind, seed) for seed in SEEDS]
    assert np.median(counts) <= median
    assert max(counts) <= worst


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("hidden", "median"), [(with_wipers, 6), (partly_stuck, 7)])
def test_few_with_wipers_and_stuck_branches(
    kind: str, hidden: Callable[[int, int], Hidden], median: int
) -> None:
    counts = [measurements(hidden(BRANCHES, seed), kind, seed) for seed in SEEDS]
    assert np.median(counts) <= median
    assert max(counts) <= 9


def test_what_the_board_cannot_reach_is_shown_and_the_best_is_come_to() -> None:
    """Half the columns want 38 V, and 36.849 V is the most in [0.1, 10]: k rows at 10, the others at 0.1."""
    best = max(np.average(P, weights=np.where(edge < P, 10.0, 0.1)) for edge in P)
    beyond = np.arange(COLUMNS) % 2 == 0
    task = sample(np.where(beyond, 38.0, 20.0))
    policy = policy_for(task)
    last = list(islice(steps(OffNetwork(NET, lambda g: g), policy, task, np.ones(BRANCHES), 10.0), 7))[-1]
    assert policy.unreachable.tolist() == beyond.tolist()
    x = last.evidence.free.node_voltages[0, NET.outputs[0] :]
    assert x[beyond] == pytest.approx(best, abs=1e-9)
    assert x[~beyond] == pytest.approx(20.0, abs=1e-6)


@pytest.mark.parametrize("margin", [-0.01, 0.01])
def test_nothing_within_reach_is_called_unreachable_nor_the_reverse(margin: float) -> None:
    """10 mV on either side of what a board of unknown branches comes to at its best."""
    hidden = off_by_a_fifth(BRANCHES, 3)
    above = np.array([[edge < P for edge in P]])[0]
    real = [hidden(np.repeat(np.where(side, 10.0, 0.1), COLUMNS)).reshape(ROWS, COLUMNS) for side in above]
    best = np.max([P @ g / g.sum(axis=0) for g in real], axis=0)
    task = sample(best + margin)
    policy = policy_for(task)
    for step in islice(steps(OffNetwork(NET, hidden), policy, task, np.ones(BRANCHES), 10.0), 60):
        if step.error < MET:
            break
    assert policy.unreachable.all() == (margin > 0)
    assert policy.unreachable.any() == (margin > 0)


def test_a_search_that_was_stopped_goes_on_bit_for_bit() -> None:
    task, hidden = sample(paper_targets("spread", 5)), with_wipers(BRANCHES, 5)
    whole = [
        step.next_latent
        for step in islice(steps(OffNetwork(NET, hidden), policy_for(task), task, np.ones(BRANCHES)), 5)
    ]
    first = policy_for(task)
    begun = list(islice(steps(OffNetwork(NET, hidden), first, task, np.ones(BRANCHES)), 2))[-1]
    second = policy_for(task)
    second.restore(json.loads(json.dumps(first.state())))
    rest = [
        step.next_latent
        for step in islice(steps(OffNetwork(NET, hidden), second, task, begun.next_latent), 3)
    ]
    assert begun.next_progress == Progress(2, 2, 2)
    np.testing.assert_array_equal(rest, whole[2:])


def test_masked_branches_stay_and_columns_without_a_target_are_left_alone() -> None:
    y = np.full(COLUMNS, 18.0)
    task = Sample(sample(y).inputs, dict.fromkeys(NET.outputs[1:], 18.0))
    mask = np.arange(BRANCHES) % 7 == 0
    policy = LineSearch(task, NET.inputs, NET.outputs, mask)
    board = OffNetwork(NET, lambda g: g)
    bounds = Bounds.uniform(BRANCHES, 0.1, 10.0)
    initial = np.random.default_rng(4).uniform(0.2, 2.0, BRANCHES)
    done = loop(board, Contrastive(), policy, WholeTask([task]), initial=initial, bounds=bounds, mask=mask)
    last = list(islice(done, 2))[-1]
    assert last.error < MET
    np.testing.assert_array_equal(board.told[-1][mask], initial[mask])
    np.testing.assert_array_equal(
        board.told[-1].reshape(ROWS, COLUMNS)[:, 0], initial.reshape(ROWS, COLUMNS)[:, 0]
    )
