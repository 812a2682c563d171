"""Policies whose lengths are measured: their counts, what is proved of them, and how they go on."""

import json
from collections.abc import Callable
from itertools import islice
from typing import TypeAlias

import numpy as np
import pytest

from labrig.arrays import BranchArray
from labrig.circuit import IdealNetwork, Topology
from labrig.learning import (
    BarzilaiBorweinStep,
    Bounds,
    Contrastive,
    GaussNewtonStep,
    KaczmarzStep,
    RandomSamples,
    Sample,
    SecantStep,
    StepPolicy,
    WholeTask,
    loop,
)
from tests.support.off import PAPER, PAPER_INPUTS, grid, paper_targets, sample_of

NOTHING = np.zeros(1200, dtype=np.bool_)
MET = 1e-6
Make: TypeAlias = Callable[[Sample], StepPolicy]


def kaczmarz(_: Sample) -> StepPolicy:
    return KaczmarzStep(PAPER, 1.0, NOTHING)


def barzilai_borwein(_: Sample) -> StepPolicy:
    return BarzilaiBorweinStep(0.007, 30, NOTHING)


def secant(sample: Sample) -> StepPolicy:
    return SecantStep(sample, PAPER.inputs, PAPER.outputs, 0.007, NOTHING)


def updates(make: Make, kind: str, seed: int) -> int:
    sample = sample_of(PAPER, PAPER_INPUTS, paper_targets(kind, seed))
    steps = loop(
        IdealNetwork(PAPER),
        Contrastive(),
        make(sample),
        WholeTask([sample]),
        initial=np.ones(1200),
        bounds=Bounds.uniform(1200, 0.1),
    )
    return next(step.step for step in steps if step.error < MET or step.step > 100)


@pytest.mark.parametrize(
    ("make", "most"), [(kaczmarz, (1, 1, 6)), (barzilai_borwein, (5, 6, 11)), (secant, (4, 6, 13))]
)
def test_updates_on_the_papers_crossbar(make: Make, most: tuple[int, int, int]) -> None:
    """Medians of ten seeds; an independent program has these with rates of its own for the first step."""
    found = [
        np.median([updates(make, kind, seed) for seed in range(10)]) for kind in ("easy", "middle", "spread")
    ]
    assert all(np.asarray(found) <= most)


@pytest.mark.parametrize("relaxation", [0.3, 1.0, 1.9])
def test_projections_never_go_away_from_a_solution(relaxation: float) -> None:
    net = Topology.crossbar(6, 3)
    none = np.zeros(18, dtype=np.bool_)
    for seed in range(10):
        draw = np.random.default_rng(seed)
        solution = draw.uniform(0.3, 2.0, 18)
        g = solution.reshape(6, 3)
        inputs = [draw.uniform(0.0, 1.0, 6) for _ in range(3)]
        samples = [sample_of(net, p, p @ g / g.sum(axis=0)) for p in inputs]
        steps = loop(
            IdealNetwork(net),
            Contrastive(),
            KaczmarzStep(net, relaxation, none),
            RandomSamples(samples, np.random.default_rng(seed)),
            initial=draw.uniform(0.3, 2.0, 18),
            bounds=Bounds.uniform(18, 0.2, 2.5),
        )
        away = [np.linalg.norm(step.latent - solution) for step in islice(steps, 60)]
        assert np.all(np.diff(away) <= 1e-12)
        assert away[-1] < away[0]


def test_a_sample_whose_solution_is_out_of_the_box_is_still_projected_within_it() -> None:
    net = Topology.crossbar(3, 1)
    sample = sample_of(net, np.array([0.0, 1.0, 2.0]), np.array([1.99]))
    bounds = Bounds.uniform(3, 0.5, 1.0)
    steps = loop(
        IdealNetwork(net),
        Contrastive(),
        KaczmarzStep(net, 1.0, np.zeros(3, dtype=np.bool_)),
        WholeTask([sample]),
        initial=np.full(3, 0.7),
        bounds=bounds,
    )
    last = list(islice(steps, 50))[-1].latent
    np.testing.assert_allclose(last, [0.5, 0.5, 1.0], atol=1e-9)


def test_gauss_newton_takes_three_updates_on_the_grid() -> None:
    """Where branches conduct what they are told; physics of ten hidden nodes, box 0.01 … 10 S."""
    counts: list[int] = []
    for seed in range(8):
        topology, sample = grid(seed)
        count = len(topology.branches)
        steps = loop(
            IdealNetwork(topology),
            Contrastive(),
            GaussNewtonStep(topology, np.zeros(count, dtype=np.bool_)),
            WholeTask([sample]),
            initial=np.ones(count),
            bounds=Bounds.uniform(count, 0.01, 10.0),
        )
        counts.append(next(step.step for step in steps if step.error < MET or step.step > 100))
    assert np.median(counts) <= 4
    assert max(counts) <= 100


@pytest.mark.parametrize("make", [barzilai_borwein, secant])
def test_what_was_stopped_goes_on_bit_for_bit(make: Make) -> None:
    sample = sample_of(PAPER, PAPER_INPUTS, np.random.default_rng(4).uniform(15, 26, 30))

    def run(policy: StepPolicy, initial: BranchArray, count: int) -> list[BranchArray]:
        steps = loop(
            IdealNetwork(PAPER),
            Contrastive(),
            policy,
            WholeTask([sample]),
            initial=initial,
            bounds=Bounds.uniform(1200, 0.1),
        )
        return [step.next_latent for step in islice(steps, count)]

    whole = run(make(sample), np.ones(1200), 5)
    first, second = make(sample), make(sample)
    begun = run(first, np.ones(1200), 2)
    second.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
    np.testing.assert_array_equal(run(second, begun[-1], 3), whole[2:])


def test_masked_branches_stay() -> None:
    mask = np.arange(1200) % 7 == 0
    sample = sample_of(PAPER, PAPER_INPUTS, np.full(30, 19.0))
    policies: list[StepPolicy] = [
        KaczmarzStep(PAPER, 1.0, mask),
        BarzilaiBorweinStep(0.007, 30, mask),
        SecantStep(sample, PAPER.inputs, PAPER.outputs, 0.007, mask),
    ]
    for policy in policies:
        steps = loop(
            IdealNetwork(PAPER),
            Contrastive(),
            policy,
            WholeTask([sample]),
            initial=np.ones(1200),
            bounds=Bounds.uniform(1200, 0.1),
            mask=mask,
        )
        last = list(islice(steps, 30))[-1]
        np.testing.assert_array_equal(last.latent[mask], 1.0)
        assert last.error < MET
