"""One tap by the sign, and updates of some branches only."""

import json
from itertools import islice

import numpy as np
import pytest

from labrig.arrays import BranchArray
from labrig.circuit import IdealNetwork, Topology
from labrig.devices.laws import RheostatLaw
from labrig.devices.parts import digipot
from labrig.learning import (
    Batch,
    Bounds,
    Contrastive,
    Desynchronous,
    Evidence,
    FixedStep,
    Sample,
    SignStep,
    WholeTask,
    loop,
)
from labrig.learning.evidence import gather

NET = Topology.crossbar(4, 2)
SAMPLE = Sample({0: 0.0, 1: 1.0, 2: 2.0, 3: 4.0}, {4: 1.5, 5: 2.4})
LAW = RheostatLaw.nominal(digipot("MCP4351-104"), 8)
BOX = Bounds(LAW.conductances(LAW.highest), LAW.conductances(LAW.lowest))


def evidence() -> Evidence:
    network = IdealNetwork(NET, LAW.conductances(np.full(8, 100)))
    free, clamped = (network.settle([state]) for state in (SAMPLE.free, SAMPLE.clamped))
    return gather(0, Batch.whole([SAMPLE]), free, clamped)


def test_a_tap_up_or_down_by_the_sign_and_none_where_there_is_none() -> None:
    codes = np.array([0, 256, 100, 100, 100, 0, 256, 7])
    contrast = np.array([1.0, -1.0, 1e-9, -1e-9, 0.0, -1.0, 1.0, 2.0])
    proposed = SignStep(LAW).propose(evidence(), contrast, LAW.conductances(codes), BOX)
    np.testing.assert_array_equal(LAW.codes(proposed), [0, 256, 99, 101, 100, 1, 255, 6])


def test_taps_by_the_sign_come_near_and_go_on_stepping() -> None:
    start = LAW.conductances(np.full(8, 128))
    steps = loop(
        IdealNetwork(NET), Contrastive(), SignStep(LAW), WholeTask([SAMPLE]), initial=start, bounds=BOX
    )
    done = list(islice(steps, 300))
    errors = np.array([step.error for step in done])
    assert errors[-50:].max() < errors[0] / 10
    assert all((one.next_latent != one.latent).any() for one in done[-20:]), "a cycle, not a rest"


@pytest.mark.parametrize("fraction", [0.1, 0.5, 1.0])
def test_a_drawn_share_of_the_branches_moves(fraction: float) -> None:
    policy = Desynchronous(FixedStep(1.0), fraction, np.random.default_rng(1))
    latent, contrast = np.ones(8), np.full(8, 0.5)
    moved = np.concatenate([policy.propose(evidence(), contrast, latent, BOX) for _ in range(2000)])
    assert set(moved.tolist()) <= {1.0, 1.5}
    share = np.count_nonzero(moved == 1.5) / moved.size
    assert share == pytest.approx(fraction, abs=5 * np.sqrt(fraction * (1 - fraction) / 16_000) + 1e-12)


def test_drawn_branches_come_to_the_same_targets() -> None:
    policy = Desynchronous(FixedStep(0.02), 0.3, np.random.default_rng(2))
    bounds = Bounds.uniform(8, 0.1, 10.0)
    steps = loop(
        IdealNetwork(NET), Contrastive(), policy, WholeTask([SAMPLE]), initial=np.ones(8), bounds=bounds
    )
    assert list(islice(steps, 3000))[-1].error < 1e-6


def test_which_branches_are_drawn_goes_on_where_it_was_left() -> None:
    def run(policy: Desynchronous, count: int) -> list[BranchArray]:
        return [policy.propose(evidence(), np.ones(8), np.ones(8), BOX) for _ in range(count)]

    whole = run(Desynchronous(FixedStep(1.0), 0.5, np.random.default_rng(3)), 6)
    first = Desynchronous(FixedStep(1.0), 0.5, np.random.default_rng(3))
    run(first, 2)
    second = Desynchronous(FixedStep(1.0), 0.5, np.random.default_rng(4))
    second.restore(json.loads(json.dumps(first.state())))
    np.testing.assert_array_equal(run(second, 4), whole[2:])
