import numpy as np
import pytest

from labrig.arrays import FloatArray
from labrig.circuit import (
    Boundary,
    IdealNetwork,
    Nudge,
    Nudging,
    Origin,
    PhysicalNetwork,
    ThroughConductance,
    Topology,
    TowardTarget,
    solve,
)
from labrig.errors import CircuitError

CROSSBAR = Topology.crossbar(5, 3)
INPUTS = {i: float(i + 1) for i in range(5)}
FREE = Boundary(INPUTS)
CLAMPED = Boundary({**INPUTS, 5: 2.0, 7: 3.0})
TOWARD = Boundary(INPUTS, nudges={6: TowardTarget(4.0, 0.5, 0)})
THROUGH = Boundary(INPUTS, currents={5: 0.5}, nudges={6: ThroughConductance(4.0, 0.5)})


def random_conductances(seed: int) -> FloatArray:
    return np.random.default_rng(seed).uniform(0.1, 1, 15)


def test_it_is_a_physical_network() -> None:
    network: PhysicalNetwork = IdealNetwork(CROSSBAR)
    assert network.topology is CROSSBAR
    assert network.nudging == Nudging()


@pytest.mark.parametrize("currents", [False, True])
def test_it_settles_as_solve_does(currents: bool) -> None:
    g = random_conductances(0)
    boundaries = [FREE, CLAMPED, TOWARD, THROUGH]
    states = IdealNetwork(CROSSBAR, g).settle(boundaries, currents=currents)
    expected = solve(CROSSBAR, g, boundaries)
    np.testing.assert_allclose(states.node_voltages, expected.node_voltages, rtol=1e-13)
    np.testing.assert_array_equal(states.voltage_origin, expected.voltage_origin)
    if currents:
        np.testing.assert_allclose(states.clamp_currents, expected.clamp_currents, rtol=1e-12)
        np.testing.assert_array_equal(states.current_origin, expected.current_origin)
    else:
        assert np.isnan(states.clamp_currents).all()
        assert (states.current_origin == Origin.UNKNOWN).all()


def test_hidden_nodes_settle_as_solve_says() -> None:
    topology = Topology.graph("iho", [("i", "h"), ("h", "o"), ("i", "o")], ["i"], ["o"])
    g = np.array([1.0, 2.0, 3.0])
    boundaries = [Boundary({0: 1.0}), Boundary({0: 1.0, 2: 0.0})]
    states = IdealNetwork(topology, g).settle(boundaries)
    assert states.node_voltages.tolist() == solve(topology, g, boundaries).node_voltages.tolist()


def test_a_program_stays_until_the_next() -> None:
    network = IdealNetwork(CROSSBAR)
    assert network.settle([FREE]).conductances.tolist() == [1.0] * 15
    program = random_conductances(1)
    programmed = network.settle([FREE], program=program)
    np.testing.assert_array_equal(network.settle([FREE]).node_voltages, programmed.node_voltages)
    expected = program.copy()
    program[:] = 9.0
    np.testing.assert_array_equal(network.conductances, expected)
    np.testing.assert_array_equal(programmed.conductances, expected)


def test_exchanges_and_settled_states_are_counted() -> None:
    network = IdealNetwork(CROSSBAR)
    network.settle([FREE, CLAMPED])
    network.settle([FREE])
    assert network.exchanges == 2
    assert network.measurements == 3


def test_a_refused_program_changes_nothing() -> None:
    network = IdealNetwork(CROSSBAR, random_conductances(2))
    with pytest.raises(CircuitError, match=r"branch in0-out1"):
        network.settle([FREE], program=np.array([1.0, -1.0, *[1.0] * 13]))
    np.testing.assert_array_equal(network.conductances, random_conductances(2))
    assert network.exchanges == 0


def test_a_column_that_nothing_drives_is_named() -> None:
    g = np.ones((5, 3))
    g[:, 2] = 0.0
    with pytest.raises(CircuitError, match=r"^out2: no path"):
        IdealNetwork(CROSSBAR, g.ravel()).settle([CLAMPED, FREE])


@pytest.mark.parametrize(
    ("nudging", "nudge"),
    [
        (Nudging(toward_target=False), TowardTarget(1.0, 0.5, 0)),
        (Nudging(through=None), ThroughConductance(1.0, 0.5)),
        (Nudging(through=(1.0, 2.0)), ThroughConductance(1.0, 0.5)),
        (Nudging(inject=False), None),
    ],
)
def test_what_it_says_it_cannot_do_is_refused(nudging: Nudging, nudge: Nudge | None) -> None:
    nudges: dict[int, Nudge] = {} if nudge is None else {5: nudge}
    boundary = Boundary(INPUTS, currents={6: 1.0} if nudge is None else {}, nudges=nudges)
    able = IdealNetwork(CROSSBAR)
    assert able.settle([FREE, boundary]).node_voltages.shape == (2, 8)
    with pytest.raises(CircuitError, match=r"boundary 1 .*which this network cannot do"):
        IdealNetwork(CROSSBAR, nudging=nudging).settle([FREE, boundary])
