import math

import numpy as np
import pytest

from labrig.circuit import Boundary, Nudge, Origin, ThroughConductance, Topology, TowardTarget, solve
from labrig.errors import CircuitError

DIVIDER = Topology(("a", "x", "b"), ((0, 1), (1, 2)), (0, 2), (1,))
G = np.array([1.0, 3.0])


def test_a_divider_divides() -> None:
    states = solve(DIVIDER, G, [Boundary({0: 1.0, 2: 0.0})])
    assert states.node_voltages.tolist() == [[1.0, 0.25, 0.0]]
    assert states.clamp_currents[0, 0] == 0.75
    assert states.clamp_currents[0, 2] == -0.75
    assert math.isnan(states.clamp_currents[0, 1])
    assert states.conductances.tolist() == [1.0, 3.0]


def test_forced_potentials_are_commanded_and_the_rest_is_modelled() -> None:
    states = solve(
        DIVIDER,
        G,
        [
            Boundary({0: 1.0, 2: 0.0}),
            Boundary({0: 1.0}, currents={1: 0.0}, nudges={2: ThroughConductance(0, 1)}),
        ],
    )
    commanded, modelled, unknown = Origin.COMMANDED, Origin.MODELLED, Origin.UNKNOWN
    assert states.voltage_origin.tolist() == [
        [commanded, modelled, commanded],
        [commanded, modelled, modelled],
    ]
    assert states.current_origin.tolist() == [[modelled, unknown, modelled], [modelled, commanded, modelled]]
    assert not states.flags.any()


def test_commanded_potentials_come_back_to_the_last_bit() -> None:
    states = solve(DIVIDER, G, [Boundary({0: 0.1 + 0.2, 2: 0.1})])
    assert states.node_voltages[0, 0] == 0.1 + 0.2
    assert states.node_voltages[0, 2] == 0.1


def test_an_injected_current_raises_the_free_node_by_the_resistance_it_sees() -> None:
    states = solve(DIVIDER, G, [Boundary({0: 0.0, 2: 0.0}, currents={1: 2.0})])
    assert states.node_voltages[0, 1] == pytest.approx(0.5)
    assert states.clamp_currents[0].tolist() == pytest.approx([-0.5, 2.0, -1.5])


def test_a_nudge_through_a_conductance_is_a_source_behind_a_resistor() -> None:
    states = solve(DIVIDER, G, [Boundary({0: 1.0, 2: 0.0}, nudges={1: ThroughConductance(1.0, 4.0)})])
    assert states.node_voltages[0, 1] == pytest.approx(5 / 8)
    assert states.clamp_currents[0, 1] == pytest.approx(4 * (1 - 5 / 8))


def test_a_nudge_through_nothing_leaves_the_free_state() -> None:
    states = solve(DIVIDER, G, [Boundary({0: 1.0, 2: 0.0}, nudges={1: ThroughConductance(9.0, 0.0)})])
    assert states.node_voltages[0, 1] == pytest.approx(0.25)
    assert states.clamp_currents[0, 1] == 0.0


def test_a_clamp_toward_a_target_starts_from_the_state_it_names() -> None:
    driven = {0: 1.0, 2: 0.0}
    states = solve(
        DIVIDER,
        G,
        [
            Boundary({0: 2.0, 2: 0.0}),
            Boundary(driven),
            Boundary(driven, nudges={1: TowardTarget(1.0, 0.5, reference=1)}),
            Boundary(driven, nudges={1: TowardTarget(1.0, 0.5, reference=2)}),
            Boundary(driven, nudges={1: TowardTarget(1.0, 1.0, reference=0)}),
        ],
    )
    assert states.node_voltages[:, 1].tolist() == pytest.approx([0.5, 0.25, 0.625, 0.8125, 1.0])
    assert states.voltage_origin[2, 1] == Origin.COMMANDED
    assert states.clamp_currents[2, 1] == pytest.approx(0.625 * 4 - 1)


def test_hidden_nodes_float_while_outputs_are_clamped() -> None:
    topology = Topology.graph("iho", [("i", "h"), ("h", "o")], ["i"], ["o"])
    states = solve(topology, np.array([1.0, 1.0]), [Boundary({0: 1.0}), Boundary({0: 1.0, 2: 0.0})])
    assert states.node_voltages.tolist() == [[1.0, 1.0, 1.0], [1.0, 0.5, 0.0]]


def test_parallel_branches_add() -> None:
    topology = Topology(("a", "x", "b"), ((0, 1), (1, 2), (2, 1)), (0, 2), (1,))
    states = solve(topology, np.array([1.0, 1.0, 2.0]), [Boundary({0: 1.0, 2: 0.0})])
    assert states.node_voltages[0, 1] == pytest.approx(0.25)


def test_a_zero_conductance_is_an_open_branch() -> None:
    states = solve(DIVIDER, np.array([1.0, 0.0]), [Boundary({0: 1.0, 2: 0.0})])
    assert states.node_voltages[0, 1] == pytest.approx(1.0)
    assert states.clamp_currents[0, 2] == 0.0


def test_no_boundary_gives_no_state() -> None:
    assert solve(DIVIDER, G, []).node_voltages.shape == (0, 3)


@pytest.mark.parametrize("g", [-1.0, math.nan, math.inf])
def test_an_impossible_conductance_is_refused_by_the_name_of_its_branch(g: float) -> None:
    with pytest.raises(CircuitError, match=r"branch x-b has conductance .*must be zero"):
        solve(DIVIDER, np.array([1.0, g]), [Boundary({0: 1.0})])


def test_the_wrong_number_of_conductances_is_refused() -> None:
    with pytest.raises(CircuitError, match=r"shape \(3,\); the network has 2 branches"):
        solve(DIVIDER, np.ones(3), [Boundary({0: 1.0})])


@pytest.mark.parametrize("nodes", [6, 1300])
def test_a_floating_island_is_refused_by_the_names_of_its_nodes(nodes: int) -> None:
    names = tuple(f"n{k}" for k in range(nodes))
    topology = Topology(names, tuple((k, k + 1) for k in range(nodes - 1)), (0, 1), ())
    g = np.ones(nodes - 1)
    g[3] = 0.0
    with pytest.raises(CircuitError, match=r"n4, n5.*: no path of non-zero conductance"):
        solve(topology, g, [Boundary({0: 1.0})])


def test_a_crossbar_column_without_a_conducting_branch_is_refused_by_name() -> None:
    g = np.ones((3, 2))
    g[:, 1] = 0.0
    topology = Topology.crossbar(3, 2)
    with pytest.raises(CircuitError, match=r"^out1: no path"):
        solve(topology, g.ravel(), [Boundary({0: 1.0, 1: 2.0, 2: 3.0})])
    clamped = solve(topology, g.ravel(), [Boundary({0: 1.0, 1: 2.0, 2: 3.0, 4: 7.0})])
    assert clamped.node_voltages[0].tolist() == pytest.approx([1.0, 2.0, 3.0, 2.0, 7.0])
    assert clamped.clamp_currents[0, 4] == 0.0


@pytest.mark.parametrize("boundary", [Boundary({}), Boundary({}, currents={0: 1.0})])
def test_a_network_that_no_potential_drives_is_refused(boundary: Boundary) -> None:
    with pytest.raises(CircuitError, match="a, x, b: no path"):
        solve(DIVIDER, G, [boundary])


@pytest.mark.parametrize(
    ("boundary", "ways"),
    [
        (Boundary({0: 1.0, 1: 1.0}, currents={1: 1.0}), "by a voltage and by a current"),
        (Boundary({0: 1.0, 1: 1.0}, nudges={1: ThroughConductance(0, 1)}), "by a voltage and by a nudge"),
        (
            Boundary({0: 1.0}, currents={1: 1.0}, nudges={1: ThroughConductance(0, 1)}),
            "by a current and by a nudge",
        ),
    ],
)
def test_a_node_that_is_driven_twice_is_refused_by_name(boundary: Boundary, ways: str) -> None:
    with pytest.raises(CircuitError, match=f"boundary 1 drives node x twice, {ways}"):
        solve(DIVIDER, G, [Boundary({0: 1.0}), boundary])


@pytest.mark.parametrize(
    ("boundary", "what"),
    [
        (Boundary({0: math.nan}), "boundary 0: the voltage of node a is nan V"),
        (Boundary({0: 1.0}, currents={1: math.inf}), "the injected current of node x is inf A"),
        (Boundary({0: 1.0}, nudges={1: ThroughConductance(math.nan, 1.0)}), "target of node x is nan V"),
        (Boundary({0: 1.0}, nudges={1: ThroughConductance(0.0, -1.0)}), "conductance of node x is -1.0 S"),
        (Boundary({0: 1.0}, nudges={1: ThroughConductance(0.0, math.inf)}), "conductance of node x is inf S"),
    ],
)
def test_a_value_that_cannot_be_imposed_is_refused_by_the_name_of_its_node(
    boundary: Boundary, what: str
) -> None:
    with pytest.raises(CircuitError, match=what):
        solve(DIVIDER, G, [boundary])


@pytest.mark.parametrize("node", [-1, 3])
@pytest.mark.parametrize("way", ["voltages", "currents", "nudges"])
def test_a_node_that_is_not_there_is_refused(node: int, way: str) -> None:
    voltages, currents, nudges = {0: 1.0}, dict[int, float](), dict[int, Nudge]()
    if way == "voltages":
        voltages[node] = 1.0
    elif way == "currents":
        currents[node] = 1.0
    else:
        nudges[node] = ThroughConductance(1.0, 1.0)
    with pytest.raises(CircuitError, match=rf"boundary 0 names node {node}, .* nodes are 0…2"):
        solve(DIVIDER, G, [Boundary(voltages, currents, nudges)])


@pytest.mark.parametrize("reference", [-1, 1, 2])
def test_a_clamp_refers_only_to_earlier_states(reference: int) -> None:
    nudged = Boundary({0: 1.0}, nudges={1: TowardTarget(1.0, 0.5, reference)})
    with pytest.raises(CircuitError, match=f"boundary 1 clamps node x relative to boundary {reference}"):
        solve(DIVIDER, G, [Boundary({0: 1.0}), nudged])


def test_a_clamp_by_no_finite_fraction_is_refused() -> None:
    nudged = Boundary({0: 1.0}, nudges={1: TowardTarget(1.0, math.nan, 0)})
    with pytest.raises(CircuitError, match="clamps node x by the fraction nan"):
        solve(DIVIDER, G, [Boundary({0: 1.0}), nudged])
