"""Each rule against finite differences of what it says it descends, with and without hidden nodes."""

from collections.abc import Callable
from itertools import islice, pairwise
from typing import Protocol

import numpy as np
import pytest

from labrig.arrays import BranchArray, FloatArray
from labrig.circuit import Boundary, IdealNetwork, ThroughConductance, Topology, TowardTarget
from labrig.circuit.coercivity import coercivity
from labrig.learning import (
    AdjointCoupled,
    Batch,
    Contrastive,
    Coupled,
    CoupledByHost,
    Equilibrium,
    EquilibriumByCurrent,
    FixedStep,
    LearningRule,
    OverClamped,
    Sample,
    SymmetricEquilibrium,
    SymmetricEquilibriumByCurrent,
    WholeTask,
    loop,
)
from labrig.learning.bounds import Bounds


class Instance(Protocol):
    @property
    def topology(self) -> Topology: ...
    @property
    def conductances(self) -> BranchArray: ...
    @property
    def samples(self) -> tuple[Sample, ...]: ...


def contrast(rule: LearningRule, instance: Instance, *samples: Sample) -> BranchArray:
    """What the rule makes of these samples at the instance's conductances."""
    network = IdealNetwork(instance.topology)
    step = next(
        loop(
            network,
            rule,
            FixedStep(1.0),
            WholeTask(samples),
            initial=instance.conductances,
            bounds=Bounds.uniform(len(instance.conductances), 1e-9),
        )
    )
    return rule.contrast(instance.topology, step.evidence)


def q(topology: Topology, g: BranchArray, sample: Sample) -> float:
    """Q = v^Dᵀ G v^D − vᵀ G v."""
    return energy(topology, g, sample.clamped) - energy(topology, g, sample.free)


def energy(topology: Topology, g: BranchArray, boundary: Boundary) -> float:
    """What a settled network minimises: the power in branches and nudges, less twice what is injected."""
    volts = IdealNetwork(topology, g).settle([boundary]).node_voltages[0]
    in_branches = float(g @ topology.branch_voltages(volts) ** 2)
    in_nudges = sum(
        nudge.conductance * (nudge.target - volts[node]) ** 2
        for node, nudge in boundary.nudges.items()
        if isinstance(nudge, ThroughConductance)
    )
    injected = sum(current * volts[node] for node, current in boundary.currents.items())
    return float(in_branches + in_nudges - 2 * injected)


def half_squared_error(topology: Topology, g: BranchArray, sample: Sample) -> float:
    e = errors(topology, g, sample)
    return 0.5 * float(e @ e)


def errors(topology: Topology, g: BranchArray, sample: Sample) -> FloatArray:
    x = IdealNetwork(topology, g).settle([sample.free]).node_voltages[0]
    return np.asarray(x[sample.target_nodes] - sample.target_volts)


def gradient(
    loss: Callable[[Topology, BranchArray, Sample], float], instance: Instance, sample: Sample
) -> BranchArray:
    """Central differences with a step of 1e-5 of 1 S: good to about 1e-10."""
    h = 1e-5
    slopes = np.empty(len(instance.conductances))
    for k in range(len(slopes)):
        up, down = instance.conductances.copy(), instance.conductances.copy()
        up[k] += h
        down[k] -= h
        slopes[k] = (loss(instance.topology, up, sample) - loss(instance.topology, down, sample)) / (2 * h)
    return slopes


def imposed_error(instance: Instance, sample: Sample) -> BranchArray:
    """w: branch voltages when e is imposed on the outputs with the inputs at 0."""
    e = errors(instance.topology, instance.conductances, sample)
    boundary = Boundary(
        dict.fromkeys(sample.inputs, 0.0) | dict(zip(sample.target_nodes.tolist(), e.tolist(), strict=True))
    )
    volts = IdealNetwork(instance.topology, instance.conductances).settle([boundary]).node_voltages[0]
    return np.asarray(instance.topology.branch_voltages(volts))


def test_contrastive_learning_is_the_negative_gradient_of_q(instance: Instance) -> None:
    sample = instance.samples[0]
    np.testing.assert_allclose(
        contrast(Contrastive(), instance, sample), -gradient(q, instance, sample), atol=1e-8
    )


@pytest.mark.parametrize("rule", [Equilibrium, EquilibriumByCurrent])
def test_equilibrium_propagation_tends_to_the_negative_gradient_of_half_the_squared_error(
    instance: Instance, rule: Callable[[float], LearningRule]
) -> None:
    sample = instance.samples[0]
    slope = -gradient(half_squared_error, instance, sample)
    away = [float(np.abs(contrast(rule(b), instance, sample) - slope).max()) for b in (1e-2, 1e-3, 1e-5)]
    assert away[0] / away[1] == pytest.approx(10, rel=0.05), "the bias is of order β"
    assert away[2] < 1e-4 * np.abs(slope).max()


@pytest.mark.parametrize("beta", [10.0, 0.3, 1e-3])
def test_nudged_both_ways_by_currents_it_is_the_gradient_itself_at_any_nudge(
    instance: Instance, beta: float
) -> None:
    sample = instance.samples[0]
    slope = -gradient(half_squared_error, instance, sample)
    found = contrast(SymmetricEquilibriumByCurrent(beta), instance, sample)
    np.testing.assert_allclose(found, slope, atol=1e-9)


def test_nudged_both_ways_through_conductances_the_even_part_of_the_bias_is_gone(instance: Instance) -> None:
    """The rest is that of the currents, (1 + βR)⁻¹, R the resistance between outputs."""
    sample = instance.samples[0]
    slope = -gradient(half_squared_error, instance, sample)
    away = {
        beta: float(np.abs(contrast(SymmetricEquilibrium(beta), instance, sample) - slope).max())
        for beta in (1e-2, 1e-3, 1e-5)
    }
    assert away[1e-2] / away[1e-3] == pytest.approx(10, rel=0.05)
    assert away[1e-5] < 1e-4 * np.abs(slope).max()
    for beta in (2.0, 0.01):
        free, toward, apart = mirrored(SymmetricEquilibrium(beta), instance, sample)
        np.testing.assert_allclose((toward + apart) / 2, free, atol=1e-14)


def mirrored(rule: SymmetricEquilibrium, instance: Instance, sample: Sample) -> list[FloatArray]:
    """Free, nudged toward and nudged away, node voltages."""
    network, batch = IdealNetwork(instance.topology, instance.conductances), Batch.whole([sample])
    free = network.settle(rule.first(batch))
    both = network.settle(rule.then(batch, free))
    return [free.node_voltages[0], both.node_voltages[0], both.node_voltages[1]]


@pytest.mark.parametrize("eta", [1e-1, 1e-2, 1e-3])
def test_adjoint_coupled_learning_descends_half_the_squared_clamp_currents(
    instance: Instance, eta: float
) -> None:
    """Its bias is −η/2 u², u the voltages when the clamp currents are imposed as voltages."""
    sample = instance.samples[0]
    network = IdealNetwork(instance.topology, instance.conductances)
    nodes = sample.target_nodes
    j = network.settle([sample.clamped], currents=True).clamp_currents[0, nodes]
    imposed = Boundary(dict.fromkeys(sample.inputs, 0.0) | dict(zip(nodes.tolist(), j.tolist(), strict=True)))
    u = instance.topology.branch_voltages(network.settle([imposed]).node_voltages[0])
    slope = -gradient(half_squared_currents, instance, sample)
    found = contrast(AdjointCoupled(eta), instance, sample)
    np.testing.assert_allclose(found, slope - eta / 2 * u**2, atol=1e-8)


def half_squared_currents(topology: Topology, g: BranchArray, sample: Sample) -> float:
    states = IdealNetwork(topology, g).settle([sample.clamped], currents=True)
    j = states.clamp_currents[0, sample.target_nodes]
    return 0.5 * float(j @ j)


def test_over_clamping_nudges_by_an_amplitude_however_small_the_error(instance: Instance) -> None:
    sample = instance.samples[0]
    largest = float(np.abs(errors(instance.topology, instance.conductances, sample)).max())
    for amplitude in (0.25 * largest, 2 * largest, 40 * largest):
        nudge = max(0.5, amplitude / largest)
        np.testing.assert_allclose(
            contrast(OverClamped(0.5, amplitude), instance, sample),
            contrast(CoupledByHost(nudge), instance, sample),
            atol=1e-13,
        )
    at_most = contrast(OverClamped(0.5, 1e9 * largest, largest=7.0), instance, sample)
    np.testing.assert_allclose(at_most, contrast(CoupledByHost(7.0), instance, sample), atol=1e-13)


@pytest.mark.parametrize(
    "rule", [CoupledByHost(0.6), CoupledByHost(0.02), EquilibriumByCurrent(0.6), EquilibriumByCurrent(0.02)]
)
def test_with_the_nudge_of_the_host_held_an_update_descends_the_difference_of_energies(
    instance: Instance, rule: CoupledByHost | EquilibriumByCurrent
) -> None:
    sample = instance.samples[0]
    batch = Batch.whole([sample])
    free = IdealNetwork(instance.topology, instance.conductances).settle(rule.first(batch))
    (held,) = rule.then(batch, free)

    def difference(topology: Topology, g: BranchArray, sample: Sample) -> float:
        return (energy(topology, g, held) - energy(topology, g, sample.free)) / (2 * rule.nudge)

    np.testing.assert_allclose(
        contrast(rule, instance, sample), -gradient(difference, instance, sample), atol=1e-8 / rule.nudge
    )


@pytest.mark.parametrize("beta", [5.0, 0.6, 0.02])
def test_equilibrium_propagation_at_any_nudge_descends_the_difference_of_energies(
    instance: Instance, beta: float
) -> None:
    sample = instance.samples[0]

    def difference(topology: Topology, g: BranchArray, sample: Sample) -> float:
        free, nudged = Equilibrium(beta).first(Batch.whole([sample]))
        return (energy(topology, g, nudged) - energy(topology, g, free)) / (2 * beta)

    np.testing.assert_allclose(
        contrast(Equilibrium(beta), instance, sample),
        -gradient(difference, instance, sample),
        atol=1e-8 / beta,
    )


def test_coupled_learning_tends_to_the_gradient_of_esse_and_the_imposed_error(instance: Instance) -> None:
    sample = instance.samples[0]
    limit = -0.5 * gradient(q, instance, sample) + 0.5 * imposed_error(instance, sample) ** 2
    away = [float(np.abs(contrast(Coupled(eta), instance, sample) - limit).max()) for eta in (1e-2, 1e-3)]
    assert away[0] / away[1] == pytest.approx(10, rel=0.02), "the difference is of order η"
    np.testing.assert_allclose(contrast(Coupled(1e-6), instance, sample), limit, atol=1e-6)


def test_coupled_learning_at_full_nudge_is_half_of_contrastive_learning(instance: Instance) -> None:
    sample = instance.samples[0]
    np.testing.assert_allclose(
        contrast(Coupled(1.0), instance, sample), 0.5 * contrast(Contrastive(), instance, sample), atol=1e-14
    )


@pytest.mark.parametrize("nudge", [1.0, 0.3, 0.01])
def test_coupled_learning_is_the_same_whether_board_or_host_finds_the_clamps(
    instance: Instance, nudge: float
) -> None:
    sample = instance.samples[1]
    np.testing.assert_allclose(
        contrast(CoupledByHost(nudge), instance, sample),
        contrast(Coupled(nudge), instance, sample),
        atol=1e-14 / nudge,
    )


def test_equilibrium_nudges_agree_to_the_order_of_the_nudge(instance: Instance) -> None:
    sample = instance.samples[1]

    def apart(beta: float) -> float:
        pair = [contrast(rule(beta), instance, sample) for rule in (Equilibrium, EquilibriumByCurrent)]
        return float(np.abs(pair[0] - pair[1]).max())

    assert apart(1e-2) / apart(1e-3) == pytest.approx(10, rel=0.05)


def test_the_injected_current_is_minus_nudge_times_error(instance: Instance) -> None:
    batch = Batch.whole(instance.samples)
    rule = EquilibriumByCurrent(0.25)
    free = IdealNetwork(instance.topology, instance.conductances).settle(rule.first(batch))
    for row, (sample, boundary) in enumerate(zip(batch.samples, rule.then(batch, free), strict=True)):
        for node, target in sample.targets.items():
            assert boundary.currents[node] == pytest.approx(-0.25 * (free.node_voltages[row, node] - target))
        assert boundary.voltages == sample.inputs


def test_q_is_never_negative_and_is_minus_error_times_clamp_current(instance: Instance) -> None:
    rng = np.random.default_rng(5)
    sample = instance.samples[0]
    nodes = sample.target_nodes
    for _ in range(20):
        g = rng.uniform(0.01, 3, len(instance.conductances))
        network = IdealNetwork(instance.topology, g)
        free, clamped = (
            network.settle([boundary], currents=True) for boundary in (sample.free, sample.clamped)
        )
        e = free.node_voltages[0, nodes] - sample.target_volts
        found = q(instance.topology, g, sample)
        assert found > 0
        assert -float(e @ clamped.clamp_currents[0, nodes]) == pytest.approx(found, rel=1e-10)


@pytest.mark.parametrize("eta", [0.3, 1.0])
def test_coupled_learning_shrinks_the_sum_of_squares_by_eta_q(instance: Instance, eta: float) -> None:
    sample = instance.samples[0]
    rate = 2 * instance.conductances @ contrast(Coupled(eta), instance, sample)
    assert rate == pytest.approx(-eta * q(instance.topology, instance.conductances, sample), rel=1e-9)


def test_equilibrium_propagation_keeps_the_sum_of_squares_as_the_nudge_vanishes(instance: Instance) -> None:
    sample = instance.samples[0]
    direction = contrast(Equilibrium(1e-7), instance, sample)
    g = instance.conductances
    assert abs(g @ direction) < 1e-6 * np.linalg.norm(g) * np.linalg.norm(direction)


def test_a_nudge_toward_the_target_refers_to_the_free_state_of_its_own_sample(instance: Instance) -> None:
    batch = Batch.whole(instance.samples)
    boundaries = Coupled(0.5).first(batch)
    for row, sample in enumerate(batch.samples):
        assert boundaries[2 * row] == sample.free
        nudges = boundaries[2 * row + 1].nudges
        assert nudges == {node: TowardTarget(y, 0.5, 2 * row) for node, y in sample.targets.items()}


@pytest.mark.parametrize(
    "rule",
    [
        CoupledByHost(0.5),
        OverClamped(0.5, 1.0),
        EquilibriumByCurrent(0.5),
        SymmetricEquilibrium(0.5),
        SymmetricEquilibriumByCurrent(0.5),
    ],
)
def test_an_output_whose_reading_is_lost_is_not_nudged(instance: Instance, rule: LearningRule) -> None:
    batch = Batch.whole(instance.samples)
    states = IdealNetwork(instance.topology, instance.conductances).settle(rule.first(batch))
    gone, kept = (int(node) for node in batch.samples[0].target_nodes)
    states.node_voltages[0, gone] = np.nan
    boundaries = rule.then(batch, states)
    assert boundaries is not None
    nudged = {*boundaries[0].voltages, *boundaries[0].currents, *boundaries[0].nudges}
    assert gone not in nudged
    assert kept in nudged


@pytest.mark.parametrize(
    "rule",
    [
        Contrastive(),
        Coupled(0.5),
        CoupledByHost(0.5),
        OverClamped(0.5, 1.0),
        Equilibrium(0.5),
        EquilibriumByCurrent(0.5),
        SymmetricEquilibrium(0.5),
        SymmetricEquilibriumByCurrent(0.5),
        AdjointCoupled(0.01),
    ],
)
def test_the_contrast_of_a_batch_is_the_mean_over_its_samples(instance: Instance, rule: LearningRule) -> None:
    singles = [contrast(rule, instance, sample) for sample in instance.samples]
    np.testing.assert_allclose(
        contrast(rule, instance, *instance.samples), np.mean(singles, axis=0), atol=1e-14
    )


@pytest.mark.parametrize("rate", [1e-4, 1e-1])
def test_equilibrium_propagation_decays_as_its_singular_values_say(instance: Instance, rate: float) -> None:
    """d‖e‖²/dt = −2 eᵀJJᵀe lies between −2σ_max² and −2σ_min² of ‖e‖² (McGinnis, Li, Mori, arXiv:2606.15443).

    A finite step changes e by −rate JJᵀe + O(rate²), so that the measured rate of decay agrees with the
    bounds to the order of the rate.
    """
    sample, network = instance.samples[0], IdealNetwork(instance.topology)
    count = len(instance.conductances)
    steps = loop(
        network,
        SymmetricEquilibriumByCurrent(0.1),
        FixedStep(rate),
        WholeTask([sample]),
        initial=instance.conductances,
        bounds=Bounds.uniform(count, 1e-6),
    )
    done = list(islice(steps, 30))
    for one, other in pairwise(done):
        values = coercivity(instance.topology, one.latent, sample.inputs, [*sample.targets]).singular_values
        decay = (1 - (other.error / one.error) ** 2) / rate
        slack = 10 * rate * values[0] ** 2
        assert 2 * values[-1] ** 2 * (1 - slack) <= decay <= 2 * values[0] ** 2 * (1 + slack)
