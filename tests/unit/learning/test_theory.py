from itertools import islice

import numpy as np
import pytest

from labrig.circuit import IdealNetwork, Topology
from labrig.errors import ConfigError
from labrig.learning import (
    Bounds,
    Contrastive,
    FixedStep,
    Sample,
    WholeTask,
    crossbar_bound,
    graph_bound,
    loop,
    paper_bound,
)

CROSSBAR = Topology.crossbar(40, 30)
INPUTS = np.arange(1.0, 41.0)


def test_each_bound_is_safer_than_the_next() -> None:
    rates = [f(CROSSBAR, INPUTS, 0.1).largest_rate for f in (paper_bound, graph_bound, crossbar_bound)]
    assert rates == sorted(rates)


def test_the_crossbar_bound_is_the_curvature_of_q_at_the_floor() -> None:
    topology, p = Topology.crossbar(3, 1), np.array([0.0, 1.0, 5.0])
    floor, h = 0.2, 1e-5
    x0 = 2.0  # the mean: reached where all branches are equal
    sample = Sample(dict(enumerate(p)), {3: x0})
    network = IdealNetwork(topology)

    def slope(g: np.ndarray) -> np.ndarray:
        step = next(
            loop(
                network,
                Contrastive(),
                FixedStep(1.0),
                WholeTask([sample]),
                initial=g,
                bounds=Bounds.uniform(3, 1e-6),
            )
        )
        return -Contrastive().contrast(topology, step.evidence)

    hessian = np.array([(slope(floor + h * unit) - slope(floor - h * unit)) / (2 * h) for unit in np.eye(3)])
    curvature = float(np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1])
    assert curvature == pytest.approx(crossbar_bound(topology, p, floor).lipschitz, rel=1e-6)


def test_q_never_grows_below_the_crossbar_bound() -> None:
    topology, p = Topology.crossbar(5, 2), np.linspace(0, 4, 5)
    sample = Sample(dict(enumerate(p)), {5: 0.9, 6: 3.2})
    rate = 0.99 * crossbar_bound(topology, p, 0.1).largest_rate
    steps = loop(
        IdealNetwork(topology),
        Contrastive(),
        FixedStep(rate),
        WholeTask([sample]),
        initial=np.full(10, 0.1),
        bounds=Bounds.uniform(10, 0.1, 5.0),
    )
    values: list[float] = []
    for step in islice(steps, 200):
        e = step.evidence.free.node_voltages[0, 5:] - sample.target_volts
        values.append(float(step.latent.reshape(5, 2).sum(axis=0) @ e**2))
    assert np.all(np.diff(values) <= 0)
    assert values[-1] < 0.5 * values[0]


def test_no_bound_is_given_where_nodes_are_hidden() -> None:
    chain = Topology.graph(["a", "b", "c"], [("a", "b"), ("b", "c")], ["a"], ["c"])
    for bound in (paper_bound, graph_bound):
        with pytest.raises(ConfigError, match=r"hidden nodes \(b\)"):
            bound(chain, np.array([1.0]), 0.1)
    with pytest.raises(ConfigError, match="crossbar only"):
        crossbar_bound(chain, np.array([1.0]), 0.1)
