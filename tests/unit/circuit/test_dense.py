import numpy as np
import pytest

from labrig.arrays import BoolArray, FloatArray
from labrig.circuit import Boundary, ThroughConductance, Topology, dense, solve

CHAIN = np.array([[0, 1], [1, 2]])


def settle(
    g: list[float], fixed: BoolArray, volts: FloatArray, shunts: FloatArray, sources: FloatArray
) -> tuple[FloatArray, FloatArray]:
    return dense.settle(
        CHAIN,
        np.array(g),
        fixed=fixed,
        volts=volts,
        shunts=shunts,
        sources=sources,
        injected=np.zeros(volts.shape),
    )


def test_lines_behind_drive_resistors_settle_as_nudged_nodes_do() -> None:
    rng = np.random.default_rng(0)
    topology = Topology.crossbar(7, 4)
    g = rng.uniform(1e-5, 3e-4, 28)
    sources = np.zeros((2, 11))
    shunts = np.zeros((2, 11))
    sources[:, :7], shunts[:, :7] = rng.uniform(0, 5, 7), 0.01
    sources[1, 7:], shunts[1, 7:] = rng.uniform(0, 5, 4), 0.01
    injected = np.zeros((2, 11))
    injected[0, 8] = 1e-4
    potentials, currents = dense.settle(
        topology.ends,
        g,
        fixed=np.zeros((2, 11), dtype=np.bool_),
        volts=np.zeros((2, 11)),
        shunts=shunts,
        sources=sources,
        injected=injected,
    )
    boundaries = [
        Boundary(
            {},
            {node: 1e-4 for node in (8,) if row == 0},
            {
                node: ThroughConductance(float(sources[row, node]), 0.01)
                for node in range(11)
                if shunts[row, node] > 0
            },
        )
        for row in range(2)
    ]
    states = solve(topology, g, boundaries)
    np.testing.assert_allclose(potentials, states.node_voltages, rtol=1e-11)
    driven = shunts > 0
    np.testing.assert_allclose(currents[driven], states.clamp_currents[driven], rtol=1e-9)
    assert not currents[~driven].any()


def test_forced_and_shunted_nodes_mix() -> None:
    fixed = np.array([True, False, False])
    potentials, currents = settle(
        [1.0, 1.0], fixed, np.array([1.0, 9.0, 9.0]), np.array([5.0, 0.0, 1.0]), np.array([7.0, 0.0, 4.0])
    )
    assert potentials.tolist() == pytest.approx([1.0, 2.0, 3.0])
    assert currents.tolist() == pytest.approx([-1.0, 0.0, 1.0])


def test_a_node_that_nothing_drives_has_no_potential_and_draws_no_current() -> None:
    fixed = np.array([True, False, False])
    potentials, currents = settle([2.0, 0.0], fixed, np.array([1.0, 0.0, 0.0]), np.zeros(3), np.zeros(3))
    assert potentials[:2].tolist() == pytest.approx([1.0, 1.0])
    assert np.isnan(potentials[2])
    assert currents.tolist() == pytest.approx([0.0, 0.0, 0.0])


def test_a_network_that_nothing_drives_has_no_potentials() -> None:
    potentials, currents = settle([1.0, 1.0], np.zeros(3, np.bool_), np.zeros(3), np.zeros(3), np.zeros(3))
    assert np.isnan(potentials).all()
    assert not currents.any()


def test_a_matrix_that_is_singular_to_rounding_is_solved_all_the_same() -> None:
    shunts = np.array([1e-20, 0.0, 0.0])
    potentials, _ = settle([1.0, 1.0], np.zeros(3, np.bool_), np.zeros(3), shunts, np.array([2.0, 0.0, 0.0]))
    assert potentials.tolist() == pytest.approx([2.0, 2.0, 2.0])


def test_cholesky_declines_where_a_random_walk_does_not_end() -> None:
    from labrig.circuit.lower import lower

    _, group = next(lower("abc", [Boundary({0: 1.0})]).groups())
    assert dense.settle_group(CHAIN, np.array([1.0, 1.0]), group) is not None
    assert dense.settle_group(CHAIN, np.array([1e-7, 1.0]), group) is None
