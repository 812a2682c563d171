"""Two branches that share a code learn by the sum of what both say."""

from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrig.circuit import IdealNetwork, Topology
from labrig.devices.dividers import DividerLaw
from labrig.devices.parts import digipot
from labrig.learning import Bounds, Contrastive, Coupled, FixedStep, LearningRule, Sample, WholeTask, loop
from labrig.learning.dividers import DividerBounds, DividerWays
from labrig.learning.evidence import gather, phases_of
from labrig.learning.loop import Progress, TrainingStep
from labrig.learning.tasks import Batch

ROWS, COLUMNS = 4, 2
BRANCHES = ROWS * COLUMNS
TOPOLOGY = Topology.crossbar(ROWS, COLUMNS)
LAW = DividerLaw.nominal(digipot("MCP4351-104"), BRANCHES, COLUMNS)
SHARES = np.repeat([[0.3, 0.8], [0.55, 0.12]], 2, axis=0).ravel()
SAMPLE = Sample({0: 4.0, 1: 1.0, 2: 2.0, 3: 3.0}, {4: 2.8, 5: 2.2})


def bounds(floor: float = 11e-6) -> DividerBounds:
    law = LAW.within(np.full(BRANCHES, floor), np.full(BRANCHES, np.inf))
    return DividerBounds(law.least, law.most, law)


def outputs(shares: np.ndarray) -> np.ndarray:
    """Of the sample, by Kirchhoff's law at each column."""
    g = LAW.at(shares).reshape(ROWS, COLUMNS)
    p = np.array([SAMPLE.inputs[node] for node in range(ROWS)])
    return np.asarray(p @ g / g.sum(axis=0))


def power(shares: np.ndarray) -> float:
    """Q = Σ_j s_j e_j² on a crossbar."""
    g = LAW.at(shares).reshape(ROWS, COLUMNS)
    return float(g.sum(axis=0) @ (outputs(shares) - [2.8, 2.2]) ** 2)


def contrast(rule: LearningRule, shares: np.ndarray) -> np.ndarray:
    network, batch = IdealNetwork(TOPOLOGY), Batch.whole([SAMPLE])
    states = network.settle(rule.first(batch), program=LAW.at(shares))
    found = phases_of(states, 1)
    second = rule.then(batch, states)
    if second is not None:
        found += phases_of(network.settle(second), 1)
    return rule.contrast(TOPOLOGY, gather(0, batch, *found))


@pytest.mark.parametrize("branch", [0, 1, 4, 5])
def test_what_is_followed_is_the_derivative_of_the_power_by_the_code(branch: int) -> None:
    pair = np.isin(np.arange(BRANCHES), [branch, LAW.partner[branch]])
    slope = (power(SHARES + 1e-6 * pair) - power(SHARES - 1e-6 * pair)) / 2e-6
    direction = contrast(Contrastive(), SHARES)
    by_share = np.where(pair, LAW.slopes(SHARES), 0.0)
    assert direction @ by_share == pytest.approx(-slope, rel=1e-6)
    moved = bounds().along(LAW.at(SHARES), direction)
    assert moved @ by_share == pytest.approx(-slope, rel=1e-6)
    assert np.all(moved[LAW.at_a] * moved[~LAW.at_a] < 0)
    # Nothing is left across the curve.
    across = np.where(pair, np.where(LAW.at_a, 1.0, -1.0) * LAW.slopes(SHARES)[LAW.partner], 0.0)
    assert moved @ across == pytest.approx(0.0, abs=1e-12 * np.abs(moved).max() * np.abs(across).max())


def test_several_directions_are_followed_at_once() -> None:
    directions = np.random.default_rng(0).normal(size=(3, BRANCHES))
    rows = [bounds().along(LAW.at(SHARES), direction) for direction in directions]
    np.testing.assert_allclose(bounds().along(LAW.at(SHARES), directions), rows, rtol=1e-12)


@given(st.lists(st.floats(-1e-3, 1e-3), min_size=BRANCHES, max_size=BRANCHES))
def test_whatever_is_proposed_both_branches_end_on_the_curve_and_within_their_bounds(
    proposed: list[float],
) -> None:
    box = bounds()
    found = box.project(np.array(proposed))
    np.testing.assert_allclose(found, LAW.at(LAW.shares(found)), rtol=1e-12)
    assert np.all(found >= box.floor * (1 - 1e-12))
    assert np.all(found <= box.ceiling * (1 + 1e-12))
    np.testing.assert_allclose(box.project(found), found, rtol=1e-12)


@pytest.mark.parametrize("rule", [Contrastive(), Coupled(0.3)], ids=["contrastive", "coupled"])
def test_a_training_brings_outputs_to_targets_of_which_one_branch_alone_knows_nothing(
    rule: LearningRule,
) -> None:
    steps = loop(
        IdealNetwork(TOPOLOGY),
        rule,
        FixedStep(3e-6),
        WholeTask([SAMPLE]),
        initial=LAW.at(SHARES),
        bounds=bounds(),
    )
    done = [*islice(steps, 400)]
    assert done[0].error > 0.3
    assert done[-1].error < 1e-6
    assert all(np.allclose(step.latent, LAW.at(LAW.shares(step.latent)), rtol=1e-12) for step in done)


def test_a_training_goes_on_from_each_of_its_steps_bit_for_bit() -> None:
    def steps(initial: np.ndarray, start: Progress | None = None) -> Iterator[TrainingStep]:
        return loop(
            IdealNetwork(TOPOLOGY),
            Contrastive(),
            FixedStep(3e-6),
            WholeTask([SAMPLE]),
            initial=initial,
            bounds=bounds(),
            start=start,
        )

    whole = [*islice(steps(LAW.at(SHARES)), 60)]
    # Some of these latents are not what they themselves are projected to: that is what could go wrong.
    assert any(not np.array_equal(bounds().project(step.latent), step.latent) for step in whole[1:])
    for before, after in pairwise(whole):
        resumed = next(steps(before.next_latent, before.next_progress))
        assert np.array_equal(resumed.latent, after.latent)
        assert np.array_equal(resumed.next_latent, after.next_latent)
        assert resumed.progress == after.progress


def test_a_step_is_as_long_along_the_curve_as_the_rate_says() -> None:
    rate = 1e-9
    first = next(
        loop(
            IdealNetwork(TOPOLOGY),
            Contrastive(),
            FixedStep(rate),
            WholeTask([SAMPLE]),
            initial=LAW.at(SHARES),
            bounds=bounds(),
        )
    )
    moved = LAW.shares(first.next_latent) - SHARES
    for branch in (0, 1, 4, 5):
        pair = np.isin(np.arange(BRANCHES), [branch, LAW.partner[branch]])
        slope = (power(SHARES + 1e-6 * pair) - power(SHARES - 1e-6 * pair)) / 2e-6
        length = np.sum(LAW.slopes(SHARES)[pair] ** 2)  # of the curve by s, squared
        assert moved[branch] == pytest.approx(-rate * slope / length, rel=1e-3)


def test_masked_branches_stay() -> None:
    mask = np.isin(np.arange(BRANCHES), [0, LAW.partner[0]])
    steps = loop(
        IdealNetwork(TOPOLOGY),
        Contrastive(),
        FixedStep(3e-6),
        WholeTask([SAMPLE]),
        initial=LAW.at(SHARES),
        bounds=bounds(),
        mask=mask,
    )
    last = [*islice(steps, 50)][-1]
    assert np.array_equal(last.latent[mask], LAW.at(SHARES)[mask])
    assert not np.any(last.latent[~mask] == LAW.at(SHARES)[~mask])


def test_a_box_follows_every_direction() -> None:
    direction = np.arange(3.0)
    assert np.array_equal(Bounds.uniform(3, 1.0).along(np.ones(3), direction), direction)


def test_a_search_goes_by_shares() -> None:
    box = bounds()
    ways = DividerWays.within(box.law, box.floor, box.ceiling)
    np.testing.assert_allclose(ways.lowest, box.law.lowest[LAW.at_a] / 256, rtol=1e-12)
    np.testing.assert_allclose(ways.highest, box.law.highest[LAW.at_a] / 256, rtol=1e-12)
    shares = SHARES[LAW.at_a]
    assert np.array_equal(ways.conductances(shares), LAW.at(SHARES))
    derivatives = np.random.default_rng(1).normal(size=(2, BRANCHES))
    for k in range(len(shares)):
        moved = np.where(np.arange(len(shares)) == k, 1e-6, 0.0)
        change = (ways.conductances(shares + moved) - ways.conductances(shares - moved)) / 2e-6
        found = ways.slopes(shares, derivatives)[:, k]
        np.testing.assert_allclose(found, derivatives @ change, rtol=1e-6)


def test_a_pinned_potentiometer_has_one_way() -> None:
    box, held = bounds(), LAW.at(SHARES)
    pinned = np.isin(np.arange(BRANCHES), [0, LAW.partner[0]])
    ways = DividerWays.within(box.law, np.where(pinned, held, box.floor), np.where(pinned, held, box.ceiling))
    assert ways.lowest[0] == pytest.approx(SHARES[0], rel=1e-12)
    assert ways.highest[0] == pytest.approx(SHARES[0], rel=1e-12)
    assert ways.highest[1] > ways.lowest[1]
