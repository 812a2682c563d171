"""How many readings several samples take on crossbars whose branches are not what the host thinks."""

import json
from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from labrig.arrays import BranchArray
from labrig.learning import Bounds, Contrastive, Identification, InTurn, LastErrors, Sample, loop
from labrig.learning.identification import nearest
from tests.support.off import Hidden, OffNetwork, exact, off_by_a_fifth, several_samples, with_wipers

MET = 1e-6
"""V, ‖x − y‖ over all samples and outputs; inputs lie in 0 … 1 V."""


def readings(rows: int, columns: int, count: int, seed: int, make: Callable[[int, int], Hidden]) -> int:
    """Until every sample was read at the same conductances and all are met."""
    topology, samples = several_samples(rows, columns, count, seed)
    branches = rows * columns
    board = OffNetwork(topology, make(branches, seed))
    policy = Identification(topology, samples, np.zeros(branches, dtype=np.bool_))
    errors = LastErrors(count)
    bounds = Bounds.uniform(branches, 0.1, 10.0)
    steps = loop(board, Contrastive(), policy, InTurn(samples), initial=np.ones(branches), bounds=bounds)
    for step in islice(steps, 1000):
        if errors.take(step.evidence, step.latent) < MET and errors.at_once:
            break
    return board.measurements


@pytest.mark.parametrize(("make", "most"), [(exact, 140), (off_by_a_fifth, 140), (with_wipers, 340)])
def test_forty_identify_and_a_hundred_verify(make: Callable[[int, int], Hidden], most: int) -> None:
    assert max(readings(40, 30, 100, seed, make) for seed in range(100, 103)) <= most


def test_fifteen_on_a_small_board() -> None:
    assert max(readings(5, 4, 10, seed, off_by_a_fifth) for seed in range(100, 120)) <= 15


def test_fewer_samples_than_rows_come_to_their_targets_too() -> None:
    assert max(readings(12, 3, 4, seed, off_by_a_fifth) for seed in range(5)) <= 60


def test_targets_out_of_reach_are_missed_as_little_as_the_linear_programme_says() -> None:
    topology, samples = several_samples(5, 2, 6, 1)
    node = topology.outputs[0]
    samples[0] = Sample(samples[0].inputs, {**samples[0].targets, node: 5.0})
    policy = Identification(topology, samples, np.zeros(10, dtype=np.bool_))
    board, bounds = OffNetwork(topology, exact(10, 0)), Bounds.uniform(10, 0.1, 10.0)
    last = list(
        islice(loop(board, Contrastive(), policy, InTurn(samples), initial=np.ones(10), bounds=bounds), 12)
    )[-1]
    assert np.all((last.latent >= 0.1) & (last.latent <= 10.0))
    other = topology.outputs[1]
    x = last.evidence.free.node_voltages[0]
    assert x[other] == pytest.approx(last.evidence.batch.samples[0].targets[other], abs=1e-6)


def test_a_search_that_was_stopped_goes_on_bit_for_bit() -> None:
    topology, samples = several_samples(5, 4, 10, 2)
    bounds, nothing = Bounds.uniform(20, 0.1, 10.0), np.zeros(20, dtype=np.bool_)

    def run(policy: Identification, order: InTurn, initial: BranchArray, count: int) -> list[BranchArray]:
        board = OffNetwork(topology, off_by_a_fifth(20, 2))
        steps = loop(board, Contrastive(), policy, order, initial=initial, bounds=bounds)
        return [step.next_latent for step in islice(steps, count)]

    whole = run(Identification(topology, samples, nothing), InTurn(samples), np.ones(20), 12)
    for done in (3, 7):
        first, order = Identification(topology, samples, nothing), InTurn(samples)
        begun = run(first, order, np.ones(20), done)
        second, again = Identification(topology, samples, nothing), InTurn(samples)
        second.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
        again.restore(order.state())
        np.testing.assert_array_equal(run(second, again, begun[-1], 12 - done), whole[done:])


def test_the_shortest_way_into_the_box_is_taken_along_its_walls() -> None:
    low, high = np.zeros(3), np.full(3, 10.0)
    found = nearest(np.array([1.0, 1.0, 1.0]), np.array([[1.0, 1.0, -4.0]]), low, high)
    assert found is not None
    assert found[0] + found[1] == pytest.approx(4 * found[2])
    np.testing.assert_allclose(found, np.array([1.0, 1.0, 1.0]) + 2 / 18 * np.array([1, 1, -4]))
    held = nearest(np.array([1.0, 1.0, 1.0]), np.array([[1.0, 1.0, -4.0]]), low, np.array([1.0, 10.0, 10.0]))
    assert held is not None
    assert held[0] == 1.0
    assert held[0] + held[1] == pytest.approx(4 * held[2])
    assert nearest(np.ones(2), np.array([[1.0, 1.0]]), np.full(2, 0.5), np.full(2, 2.0)) is None
