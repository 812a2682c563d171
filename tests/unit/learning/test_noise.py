"""Noise of readings does not push conductances: it is squared in both states alike."""

import numpy as np
import pytest

from labrig.circuit import IdealNetwork, Topology
from labrig.circuit.network import NetworkStates
from labrig.learning import Batch, Contrastive, Coupled, Equilibrium, LearningRule, Sample
from labrig.learning.evidence import Evidence, phases_of

SIGMA, REPEATS = 0.05, 200_000


def noisy(states: NetworkStates, generator: np.random.Generator) -> NetworkStates:
    """One state read so many times, each reading with noise."""
    shape = (REPEATS, states.node_voltages.shape[1])
    return NetworkStates(
        node_voltages=states.node_voltages + generator.normal(0, SIGMA, shape),
        voltage_origin=np.broadcast_to(states.voltage_origin, shape),
        clamp_currents=np.broadcast_to(states.clamp_currents, shape),
        current_origin=np.broadcast_to(states.current_origin, shape),
        flags=np.broadcast_to(states.flags, shape),
        conductances=states.conductances,
    )


@pytest.mark.parametrize(
    ("rule", "factor"),
    [(Contrastive(), 1.0), (Coupled(0.5), 1.0), (Equilibrium(0.1), 5.0)],
    ids=["contrastive", "coupled", "equilibrium"],
)
def test_where_the_targets_are_met_the_mean_of_the_contrast_is_zero(
    rule: LearningRule, factor: float
) -> None:
    """A branch's voltage v has noise of variance s = 2σ², and v² a variance of 4v²s + 2s²; twice, over n."""
    topology = Topology.crossbar(3, 2)
    conductances = np.random.default_rng(1).uniform(0.5, 2, 6)
    network = IdealNetwork(topology)
    inputs = {0: 0.0, 1: 0.4, 2: 1.0}
    (volts,) = network.settle([Sample(inputs, {}).free], program=conductances).node_voltages
    batch = Batch.whole([Sample(inputs, {3: float(volts[3]), 4: float(volts[4])})])
    generator = np.random.default_rng(2)
    phases = phases_of(network.settle(rule.first(batch)), 1)
    free, clamped = (noisy(phase, generator) for phase in phases)
    usable = np.ones(REPEATS, dtype=np.bool_)
    evidence = Evidence(0, batch, free, clamped, np.zeros(REPEATS), usable)
    contrast = rule.contrast(topology, evidence)
    s = 2 * SIGMA**2
    v = topology.branch_voltages(volts[None])[0]
    uncertainty = factor * np.sqrt(2 * (4 * v**2 * s + 2 * s**2) / REPEATS)
    assert np.all(np.abs(contrast) < 4.5 * uncertainty)
    assert np.all(factor * SIGMA**2 > 4.5 * uncertainty)  # noise in one of the states alone would be seen
