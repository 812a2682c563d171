from collections.abc import Callable

import numpy as np
import pytest

from labrig.arrays import BranchArray, FloatArray, IntArray
from labrig.circuit import Boundary, ThroughConductance, Topology, closed, dense, solve, sparse, starmesh
from labrig.circuit.drives import Group
from labrig.circuit.lower import lower

Exact = Callable[[Topology, BranchArray, Boundary], tuple[list[float], dict[int, float]]]
Graphs = Callable[[np.random.Generator, int, int], Topology]
Method = Callable[[IntArray, BranchArray, Group], tuple[FloatArray, FloatArray] | None]

RELATIVE = 1e-9


def assert_exact(
    exact: Exact,
    topology: Topology,
    g: BranchArray,
    boundary: Boundary,
    potentials: FloatArray,
    currents: FloatArray,
) -> None:
    true_potentials, true_currents = exact(topology, g, boundary)
    np.testing.assert_allclose(potentials, true_potentials, rtol=RELATIVE, atol=0)
    for node, current in true_currents.items():
        assert currents[node] == pytest.approx(current, rel=RELATIVE, abs=0)


def drive(scale: float) -> Boundary:
    """Three forced nodes, a nudge, and a current that is neither lost nor alone."""
    return Boundary(
        {0: 0.0, 1: 1.0, 2: 0.3}, currents={3: 0.1 * scale}, nudges={4: ThroughConductance(0.7, 0.5 * scale)}
    )


@pytest.mark.parametrize("decades", [0, 3, 6, 12])
@pytest.mark.parametrize("seed", range(6))
def test_random_graphs_agree_with_rational_arithmetic(
    exact: Exact, connected_graph: Graphs, decades: int, seed: int
) -> None:
    rng = np.random.default_rng([seed, decades])
    nodes = int(rng.integers(5, 32))
    topology = connected_graph(rng, nodes, int(rng.integers(2 * nodes)))
    g = 10.0 ** rng.uniform(-decades, 0, len(topology.branches))
    boundary = drive(10.0**-decades)
    states = solve(topology, g, [boundary])
    assert_exact(exact, topology, g, boundary, states.node_voltages[0], states.clamp_currents[0])


def test_a_hundred_and_twenty_nodes_over_twelve_decades_agree_with_rational_arithmetic(
    exact: Exact, connected_graph: Graphs
) -> None:
    rng = np.random.default_rng(7)
    topology = connected_graph(rng, 120, 60)
    short = rng.integers(1, 1024, len(topology.branches))  # few digits keep the rational numbers short
    g = np.ldexp(short.astype(np.float64), -rng.integers(0, 41, len(topology.branches)))
    boundary = drive(2.0**-40)
    assert g.max() / g.min() > 1e12
    states = solve(topology, g, [boundary])
    assert_exact(exact, topology, g, boundary, states.node_voltages[0], states.clamp_currents[0])


@pytest.mark.parametrize("decades", [0, 2, 8])
def test_crossbars_with_all_rows_forced_agree_with_rational_arithmetic(exact: Exact, decades: int) -> None:
    rng = np.random.default_rng(decades)
    topology = Topology.crossbar(6, 5)
    g = 10.0 ** rng.uniform(-decades, 0, 30)
    boundary = Boundary(
        {**{i: float(i + 1) for i in range(6)}, 6: 2.5},
        currents={7: 0.3},
        nudges={8: ThroughConductance(1.0, 0.2)},
    )
    states = solve(topology, g, [boundary])
    assert_exact(exact, topology, g, boundary, states.node_voltages[0], states.clamp_currents[0])


@pytest.mark.parametrize(
    "method", [starmesh.settle, dense.settle_group, sparse.settle], ids=["star-mesh", "cholesky", "cg"]
)
@pytest.mark.parametrize("seed", range(4))
def test_each_method_agrees_with_rational_arithmetic(
    exact: Exact, connected_graph: Graphs, method: Method, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    topology = connected_graph(rng, 25, 30)
    g = 10.0 ** rng.uniform(-1, 0, len(topology.branches))
    boundary = drive(0.1)
    _, group = next(lower(topology.nodes, [boundary]).groups())
    solution = method(topology.ends, g, group)
    assert solution is not None
    assert_exact(exact, topology, g, boundary, solution[0][0], solution[1][0])


def test_the_closed_form_of_any_star_forest_agrees_with_rational_arithmetic(exact: Exact) -> None:
    topology = Topology(
        ("a", "b", "x", "y"), ((0, 2), (2, 1), (1, 3), (0, 3), (0, 2), (0, 1)), (0, 1), (2, 3)
    )
    g = np.array([1.0, 2.0, 0.5, 0.25, 3.0, 7.0])
    boundary = Boundary({0: 1.0, 1: -0.5}, currents={2: 0.125}, nudges={3: ThroughConductance(2.0, 1.5)})
    _, group = next(lower(topology.nodes, [boundary]).groups())
    assert closed.applies(topology.ends, g, group)
    potentials, currents = closed.settle(topology.ends, g, group)
    assert_exact(exact, topology, g, boundary, potentials[0], currents[0])


def test_a_current_between_nearly_equal_large_potentials_keeps_its_digits(exact: Exact) -> None:
    topology = Topology(("a", "x", "b"), ((0, 1), (1, 2)), (0, 2), (1,))
    boundary = Boundary({0: 1000.0, 2: 1000.0 + 2.0**-20})
    states = solve(topology, np.array([1.0, 3.0]), [boundary])
    _, currents = exact(topology, np.array([1.0, 3.0]), boundary)
    assert states.clamp_currents[0, 0] == pytest.approx(currents[0], rel=RELATIVE, abs=0)


def test_the_current_of_a_large_conductance_in_series_with_a_small_one_keeps_its_digits(exact: Exact) -> None:
    topology = Topology(("a", "x", "b"), ((0, 1), (1, 2)), (0, 2), (1,))
    g = np.array([1.0, 1e-12])
    boundary = Boundary({0: 1.0, 2: 0.1})
    states = solve(topology, g, [boundary])
    assert_exact(exact, topology, g, boundary, states.node_voltages[0], states.clamp_currents[0])


def test_many_states_at_once_equal_the_same_states_one_by_one(connected_graph: Graphs) -> None:
    rng = np.random.default_rng(3)
    topology = connected_graph(rng, 20, 20)
    g = 10.0 ** rng.uniform(-1, 1, len(topology.branches))
    boundaries = [
        Boundary({0: 1.0, 1: 0.0}),
        Boundary({0: 0.2, 1: -0.5}, currents={5: 0.1}),
        Boundary({2: 1.0}, nudges={6: ThroughConductance(0.3, 2.0)}),
        Boundary({2: 0.4}, nudges={6: ThroughConductance(-0.3, 2.0)}),
    ]
    together = solve(topology, g, boundaries)
    for row, boundary in enumerate(boundaries):
        alone = solve(topology, g, [boundary])
        np.testing.assert_allclose(together.node_voltages[row], alone.node_voltages[0], rtol=1e-12)
        np.testing.assert_allclose(together.clamp_currents[row], alone.clamp_currents[0], rtol=1e-11)
