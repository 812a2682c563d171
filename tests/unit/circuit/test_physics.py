"""Laws that hold in every network, whatever solves it."""

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from labrig.arrays import BranchArray, FloatArray
from labrig.circuit import Boundary, ThroughConductance, Topology, solve

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Case:
    topology: Topology
    g: BranchArray
    boundary: Boundary


@st.composite
def networks(draw: st.DrawFn) -> tuple[Topology, BranchArray]:
    kind = draw(st.sampled_from(["crossbar", "tree", "graph"]))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    if kind == "crossbar":
        topology = Topology.crossbar(draw(st.integers(2, 6)), draw(st.integers(1, 6)))
    else:
        nodes = draw(st.integers(4, 24))
        branches = [(int(rng.integers(node)), node) for node in range(1, nodes)]
        more = draw(st.integers(0, 30)) if kind == "graph" else 0
        pairs = rng.integers(nodes, size=(more, 2)).tolist()
        branches += [(a, b) for a, b in pairs if a != b]
        topology = Topology(tuple(f"n{k}" for k in range(nodes)), tuple(branches), (0, 1), ())
    decades = draw(st.sampled_from([0.0, 2.0, 5.0]))
    return topology, 10.0 ** rng.uniform(-decades, 0, len(topology.branches))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    topology, g = draw(networks())
    size = len(topology.nodes)
    ways = draw(st.lists(st.sampled_from("-----vvin"), min_size=size, max_size=size))
    volts = st.floats(-5, 5, allow_subnormal=False)
    voltages = {0: draw(volts), **{node: draw(volts) for node in range(size) if ways[node] == "v"}}
    scale = float(g.min())
    currents = {n: scale * draw(st.floats(-1, 1)) for n in range(1, size) if ways[n] == "i"}
    nudges = {
        n: ThroughConductance(draw(volts), scale * draw(st.floats(0.1, 10)))
        for n in range(1, size)
        if ways[n] == "n"
    }
    return Case(topology, g, Boundary(voltages, currents, nudges))


def settle(case: Case) -> tuple[FloatArray, FloatArray]:
    states = solve(case.topology, case.g, [case.boundary])
    return states.node_voltages[0], np.nan_to_num(states.clamp_currents[0])


def span(case: Case, potentials: FloatArray) -> float:
    """Largest voltage anywhere, on the driver's side of nudges too."""
    targets = [
        nudge.target for nudge in case.boundary.nudges.values() if isinstance(nudge, ThroughConductance)
    ]
    return float(np.abs([*potentials, *targets]).max()) + 1e-300


@given(cases())
def test_currents_into_every_node_balance(case: Case) -> None:
    potentials, currents = settle(case)
    flow = case.g * case.topology.branch_voltages(potentials)
    leaving = np.zeros(len(potentials))
    np.add.at(leaving, case.topology.ends[:, 0], flow)
    np.add.at(leaving, case.topology.ends[:, 1], -flow)
    most = np.bincount(case.topology.ends.ravel(), weights=np.repeat(case.g, 2)) * span(case, potentials)
    assert (np.abs(leaving - currents) <= TOLERANCE * most).all()


@given(cases())
def test_power_in_is_power_dissipated(case: Case) -> None:
    potentials, currents = settle(case)
    dissipated = float((case.g * case.topology.branch_voltages(potentials) ** 2).sum())
    scale = dissipated + float(np.abs(potentials * currents).sum()) + 1e-300
    assert abs(float(potentials @ currents) - dissipated) <= TOLERANCE * scale


@given(cases())
def test_no_free_potential_lies_outside_those_of_the_sources(case: Case) -> None:
    quiet = Boundary(case.boundary.voltages, nudges=case.boundary.nudges)
    states = solve(case.topology, case.g, [quiet])
    levels = [
        *case.boundary.voltages.values(),
        *(n.target for n in case.boundary.nudges.values() if isinstance(n, ThroughConductance)),
    ]
    slack = TOLERANCE * max(abs(level) for level in levels)
    assert states.node_voltages.min() >= min(levels) - slack
    assert states.node_voltages.max() <= max(levels) + slack


@given(networks(), st.data())
def test_exchanging_source_and_ammeter_changes_nothing(
    network: tuple[Topology, BranchArray], data: st.DataObject
) -> None:
    topology, g = network
    a, b = data.draw(st.permutations(range(len(topology.nodes))))[:2]
    states = solve(topology, g, [Boundary({a: 1.0, b: 0.0}), Boundary({a: 0.0, b: 1.0})])
    there, back = states.clamp_currents[0, b], states.clamp_currents[1, a]
    assert abs(there - back) <= TOLERANCE * abs(there)


@given(networks(), st.data())
def test_states_superpose(network: tuple[Topology, BranchArray], data: st.DataObject) -> None:
    topology, g = network
    a, b, c = data.draw(st.permutations(range(len(topology.nodes))))[:3]
    scale = float(g.min())

    def boundary(volts: float, current: float) -> Boundary:
        return Boundary({a: volts, b: 0.0}, currents={c: current})

    states = solve(topology, g, [boundary(2.0, 0.0), boundary(0.0, scale), boundary(2.0, scale)])
    parts = states.node_voltages[:2]
    tolerance = TOLERANCE * np.abs(parts).max()
    np.testing.assert_allclose(parts.sum(axis=0), states.node_voltages[2], rtol=0, atol=tolerance)


@given(cases(), st.floats(0.01, 100))
def test_scaling_all_conductances_scales_currents_only(case: Case, factor: float) -> None:
    nudges = {
        node: ThroughConductance(nudge.target, nudge.conductance * factor)
        for node, nudge in case.boundary.nudges.items()
        if isinstance(nudge, ThroughConductance)
    }
    currents = {node: current * factor for node, current in case.boundary.currents.items()}
    scaled = Case(case.topology, case.g * factor, Boundary(case.boundary.voltages, currents, nudges))
    potentials, flows = settle(case)
    scaled_potentials, scaled_flows = settle(scaled)
    unit = span(case, potentials)
    np.testing.assert_allclose(scaled_potentials, potentials, rtol=0, atol=TOLERANCE * unit)
    np.testing.assert_allclose(
        scaled_flows, factor * flows, rtol=0, atol=TOLERANCE * factor * unit * float(case.g.sum())
    )
