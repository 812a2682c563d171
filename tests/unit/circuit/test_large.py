"""Networks too large for rational arithmetic: methods that share nothing agree with each other."""

from collections.abc import Callable

import numpy as np
import pytest

from labrig.circuit import Boundary, Topology, methods, solve, sparse, starmesh
from labrig.circuit.lower import lower

Graphs = Callable[[np.random.Generator, int, int], Topology]


def grid(size: int) -> Topology:
    along = [(i * size + j, i * size + j + 1) for i in range(size) for j in range(size - 1)]
    across = [(i * size + j, (i + 1) * size + j) for i in range(size - 1) for j in range(size)]
    return Topology(tuple(f"n{k}" for k in range(size * size)), (*along, *across), (0, size * size - 1), ())


def chain(nodes: int) -> Topology:
    return Topology(
        tuple(f"n{k}" for k in range(nodes)),
        tuple((k, k + 1) for k in range(nodes - 1)),
        (0, nodes - 1),
        (),
    )


def test_conjugate_gradients_agree_with_elimination_on_a_random_graph(connected_graph: Graphs) -> None:
    rng = np.random.default_rng(0)
    topology = connected_graph(rng, 1400, 2400)
    assert len(topology.nodes) > methods.MANY
    g = 10.0 ** rng.uniform(-1, 0, len(topology.branches))
    _, group = next(lower(topology.nodes, [Boundary({0: 1.0, 1: 0.0, 700: 0.3}, {3: 0.01})]).groups())
    iterated = sparse.settle(topology.ends, g, group)
    assert iterated is not None
    eliminated = starmesh.settle(topology.ends, g, group)
    np.testing.assert_allclose(iterated[0], eliminated[0], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(iterated[1], eliminated[1], rtol=1e-9, atol=1e-12)


def test_conjugate_gradients_decline_where_they_cannot_prove_the_precision(connected_graph: Graphs) -> None:
    rng = np.random.default_rng(0)
    topology = connected_graph(rng, 1200, 2000)
    g = 10.0 ** rng.uniform(-12, 0, len(topology.branches))
    _, group = next(lower(topology.nodes, [Boundary({0: 1.0, 1: 0.0})]).groups())
    assert sparse.settle(topology.ends, g, group) is None


def test_a_long_chain_divides_the_voltage_by_resistance() -> None:
    rng = np.random.default_rng(5)
    nodes = 3000
    g = 10.0 ** rng.uniform(-12, 0, nodes - 1)
    states = solve(chain(nodes), g, [Boundary({0: 1.0, nodes - 1: 0.0})])
    below = np.concatenate([np.cumsum((1 / g)[::-1])[::-1], [0.0]])
    np.testing.assert_allclose(states.node_voltages[0], below / below[0], rtol=1e-9)
    assert states.clamp_currents[0, 0] == pytest.approx(1 / below[0], rel=1e-9)
    assert states.clamp_currents[0, -1] == pytest.approx(-1 / below[0], rel=1e-9)


@pytest.mark.parametrize("decades", [0, 12])
def test_kirchhoff_holds_in_a_grid_with_many_hidden_nodes(decades: int) -> None:
    rng = np.random.default_rng(decades)
    topology = grid(40)
    g = 10.0 ** rng.uniform(-decades, 0, len(topology.branches))
    states = solve(topology, g, [Boundary({0: 1.0, 1599: 0.0}), Boundary({0: 0.0, 1599: 1.0})])
    first = states.node_voltages[0]
    flow = g * topology.branch_voltages(first)
    into = np.zeros((len(topology.nodes), 2))
    np.add.at(into, topology.ends[:, 0], np.stack([-flow, np.abs(flow)], axis=1))
    np.add.at(into, topology.ends[:, 1], np.stack([flow, np.abs(flow)], axis=1))
    rounding = 1e-13 * np.bincount(topology.ends.ravel(), weights=np.repeat(g, 2))
    assert (np.abs(into[1:-1, 0]) <= 1e-9 * into[1:-1, 1] + rounding[1:-1]).all()
    np.testing.assert_allclose(first + states.node_voltages[1], 1.0, rtol=1e-9)
    assert states.clamp_currents[0, 0] == pytest.approx(-states.clamp_currents[0, 1599], rel=1e-9)
    assert states.clamp_currents[0, 0] == pytest.approx(-states.clamp_currents[1, 0], rel=1e-9)


def test_a_network_that_cannot_be_eliminated_says_so(
    connected_graph: Graphs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from labrig.errors import CircuitError

    monkeypatch.setattr(starmesh, "LARGEST_CORE", 100)
    rng = np.random.default_rng(0)
    topology = connected_graph(rng, 400, 4000)
    with pytest.raises(CircuitError, match=r"too interwoven .*100 allowed"):
        solve(topology, 10.0 ** rng.uniform(-12, 0, len(topology.branches)), [Boundary({0: 1.0, 1: 0.0})])
