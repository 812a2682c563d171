"""What an update costs, what it uses, and that it can be continued."""

import json
from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
import pytest

from labrig.arrays import BranchArray
from labrig.circuit import Boundary, Flag, IdealNetwork, NetworkStates, Nudging, Origin, Topology
from labrig.learning import (
    Batches,
    Bounds,
    Contrastive,
    Coupled,
    CoupledByHost,
    DiminishingStep,
    Equilibrium,
    EquilibriumByCurrent,
    Evidence,
    FixedStep,
    LearningRule,
    Progress,
    RandomSamples,
    Sample,
    ShuffledSamples,
    States,
    StepPolicy,
    TrainingStep,
    WholeTask,
    evaluate,
    loop,
)
from labrig.learning.steps import Forgetful

TOPOLOGY = Topology.crossbar(4, 3)
SAMPLES = tuple(
    Sample(dict(enumerate(p)), {4: 0.3 + 0.1 * k, 5: 0.5, 6: 0.7 - 0.1 * k})
    for k, p in enumerate([[0.0, 1.0, 0.2, 0.8], [1.0, 0.1, 0.9, 0.3], [0.4, 0.0, 1.0, 0.6]])
)
START = np.linspace(0.5, 2.0, 12)
BOX = Bounds.uniform(12, 0.1, 10.0)


def train(
    network: IdealNetwork | None = None,
    rule: LearningRule = Contrastive(),  # noqa: B008 - frozen
    policy: StepPolicy = FixedStep(0.1),  # noqa: B008 - frozen
    batches: Batches | None = None,
    *,
    updates: int,
    initial: BranchArray = START,
    bounds: Bounds = BOX,
    mask: tuple[int, ...] = (),
    start: Progress | None = None,
) -> list[TrainingStep]:
    """Measure `updates` + 1 times."""
    masked = np.isin(np.arange(12), mask)
    steps = loop(
        network or IdealNetwork(TOPOLOGY),
        rule,
        policy,
        batches or WholeTask(SAMPLES),
        initial=initial,
        bounds=bounds,
        mask=masked,
        start=start,
    )
    return list(islice(steps, updates + 1))


@pytest.mark.parametrize(
    ("rule", "exchanges"),
    [
        (Contrastive(), 1),
        (Coupled(0.5), 1),
        (Equilibrium(0.5), 1),
        (CoupledByHost(0.5), 2),
        (EquilibriumByCurrent(0.5), 2),
    ],
)
def test_n_updates_and_their_check_cost_n_plus_one_measurements(rule: LearningRule, exchanges: int) -> None:
    network = IdealNetwork(TOPOLOGY)
    steps = train(network, rule, updates=7)
    assert [step.step for step in steps] == list(range(8))
    assert network.exchanges == steps[-1].progress.exchanges == 8 * exchanges
    assert network.measurements == steps[-1].progress.measurements == 8 * 2 * len(SAMPLES)


def test_rules_that_the_host_completes_need_nothing_of_the_board() -> None:
    unable = Nudging(toward_target=False, through=None, inject=False)
    assert len(train(IdealNetwork(TOPOLOGY, nudging=unable), CoupledByHost(0.5), updates=2)) == 3


def test_nothing_is_written_before_the_next_step_is_asked_for() -> None:
    network = IdealNetwork(TOPOLOGY)
    steps = loop(network, Contrastive(), FixedStep(0.1), WholeTask(SAMPLES), initial=START, bounds=BOX)
    first = next(steps)
    assert network.exchanges == 1
    np.testing.assert_array_equal(network.conductances, START)
    assert not np.array_equal(first.next_latent, START)
    next(steps)
    np.testing.assert_array_equal(network.conductances, first.next_latent)


@pytest.mark.parametrize(
    "rule", [Contrastive(), Coupled(0.5), CoupledByHost(0.5), Equilibrium(0.5), EquilibriumByCurrent(0.5)]
)
def test_every_rule_learns(rule: LearningRule) -> None:
    sample = SAMPLES[:1]
    steps = train(rule=rule, policy=FixedStep(0.5), batches=WholeTask(sample), updates=2000)
    assert steps[-1].error < 1e-6 * steps[0].error


def test_an_update_is_rate_times_contrast_then_projected() -> None:
    rule, rate = Contrastive(), 3.0
    for step in train(rule=rule, policy=FixedStep(rate), updates=5):
        wished = step.latent + rate * rule.contrast(TOPOLOGY, step.evidence)
        np.testing.assert_array_equal(step.next_latent, np.clip(wished, 0.1, 10.0))
        assert step.walls.floor == np.count_nonzero(wished < 0.1)
        assert step.walls.ceiling == np.count_nonzero(wished > 10.0)


def test_walls_are_hit_where_the_box_is_small() -> None:
    steps = train(policy=FixedStep(1.0), initial=np.ones(12), bounds=Bounds.uniform(12, 0.9, 1.1), updates=9)
    assert steps[-1].walls.floor > 0
    assert steps[-1].walls.ceiling > 0


def test_the_step_diminishes_with_the_updates_applied() -> None:
    rule = Contrastive()
    steps = train(rule=rule, policy=DiminishingStep(0.4, 3.0), updates=6, start=Progress(step=10))
    for t, step in enumerate(steps, start=10):
        change = 0.4 / (3.0 + t) * rule.contrast(TOPOLOGY, step.evidence)
        np.testing.assert_allclose(step.next_latent - step.latent, change, atol=1e-15)


def test_the_start_is_projected() -> None:
    (step,) = train(initial=np.linspace(0.01, 20, 12), updates=0)
    np.testing.assert_array_equal(step.latent, np.clip(np.linspace(0.01, 20, 12), 0.1, 10))


def test_masked_branches_keep_their_conductance_even_outside_the_bounds() -> None:
    initial = START.copy()
    initial[[2, 7]] = [0.01, 50.0]
    for step in train(initial=initial, mask=(2, 7), updates=5):
        np.testing.assert_array_equal(step.latent[[2, 7]], [0.01, 50.0])
        assert np.all(np.delete(step.next_latent - step.latent, [2, 7]) != 0)
        assert step.walls.floor == step.walls.ceiling == 0


def test_the_error_is_the_distance_of_the_free_outputs_from_their_targets() -> None:
    (step,) = train(updates=0)
    outputs = evaluate(IdealNetwork(TOPOLOGY, START), SAMPLES).outputs
    targets = np.array([list(sample.targets.values()) for sample in SAMPLES])
    assert step.error == pytest.approx(float(np.linalg.norm(outputs - targets)), rel=1e-14)


@pytest.mark.parametrize("order", [RandomSamples, ShuffledSamples])
@pytest.mark.parametrize("cut", [0, 1, 5, 12])
def test_a_continued_training_goes_on_bit_for_bit(
    order: Callable[[tuple[Sample, ...], np.random.Generator], Batches], cut: int
) -> None:
    policy = DiminishingStep(0.5, 2.0)
    whole = train(policy=policy, batches=order(SAMPLES, np.random.default_rng(3)), updates=20)

    batches = order(SAMPLES, np.random.default_rng(3))
    last = train(policy=policy, batches=batches, updates=cut)[-1]
    stored = json.loads(json.dumps(batches.state()))
    continued = order(SAMPLES, np.random.default_rng(99))
    continued.restore(stored)
    rest = train(
        policy=policy,
        batches=continued,
        initial=last.next_latent,
        start=last.next_progress,
        updates=20 - cut - 1,
    )
    assert len(rest) == 20 - cut
    for one, other in zip(whole[cut + 1 :], rest, strict=True):
        assert one.samples == other.samples
        assert one.progress == other.progress
        assert one.error == other.error
        np.testing.assert_array_equal(one.next_latent, other.next_latent)


class Spoiled(IdealNetwork):
    """Node 5 of one boundary is read badly."""

    def __init__(self, row: int, spoil: Callable[[NetworkStates, int, int], NetworkStates]) -> None:
        super().__init__(TOPOLOGY)
        self._row, self._spoil = row, spoil

    def settle(
        self, boundaries: Sequence[Boundary], *, program: BranchArray | None = None, currents: bool = False
    ) -> NetworkStates:
        states = super().settle(boundaries, program=program, currents=currents)
        return self._spoil(states, self._row, 5)


def saturated(states: NetworkStates, row: int, node: int) -> NetworkStates:
    states.flags[row, node] = Flag.SATURATED
    states.voltage_origin[row, node] = Origin.MEASURED
    return states


def unread(states: NetworkStates, row: int, node: int) -> NetworkStates:
    states.node_voltages[row, node] = np.nan
    return states


def saturated_but_commanded(states: NetworkStates, row: int, node: int) -> NetworkStates:
    states.flags[row, node] = Flag.SATURATED
    states.voltage_origin[row, node] = Origin.COMMANDED
    return states


@pytest.mark.parametrize("spoil", [saturated, unread])
@pytest.mark.parametrize(("row", "error_known"), [(2, False), (3, True)], ids=["free", "clamped"])
def test_a_sample_with_a_bad_reading_takes_no_part_in_the_update(
    spoil: Callable[[NetworkStates, int, int], NetworkStates], row: int, *, error_known: bool
) -> None:
    (step,) = train(Spoiled(row, spoil), updates=0)
    (others,) = train(batches=WholeTask((SAMPLES[0], SAMPLES[2])), updates=0)
    assert step.unused == (1,)
    np.testing.assert_array_equal(step.next_latent, others.next_latent)
    assert np.isnan(step.error) != error_known, "an error with a sample missing must not pass for convergence"


def test_a_flag_on_a_voltage_that_was_not_measured_says_nothing_against_it() -> None:
    (step,) = train(Spoiled(2, saturated_but_commanded), updates=0)
    assert step.unused == ()


def test_without_a_single_good_sample_nothing_moves() -> None:
    steps = train(Spoiled(0, unread), batches=WholeTask(SAMPLES[:1]), updates=3)
    for step in steps:
        assert step.unused == (0,)
        np.testing.assert_array_equal(step.next_latent, START)


class FreeOnly(Forgetful):
    """A policy that needs no clamped states: push every branch by the mean error."""

    def wants(self) -> States:
        return States.FREE

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        assert not contrast.any()
        return latent + float(evidence.errors.mean())


def test_a_policy_that_wants_free_states_only_pays_for_no_others() -> None:
    network = IdealNetwork(TOPOLOGY)
    steps = train(network, policy=FreeOnly(), updates=2)
    assert network.measurements == steps[-1].progress.measurements == 3 * len(SAMPLES)
    assert np.isnan(steps[0].evidence.clamped.node_voltages).all()
    assert np.all(steps[0].next_latent > steps[0].latent)
