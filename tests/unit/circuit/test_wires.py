"""A crossbar whose wires have a resistance, against circuits that are solved by hand."""

import numpy as np
import pytest

from labrig.arrays import FloatArray
from labrig.circuit.topology import Topology
from labrig.circuit.wires import Wires, inner_drops, meshed


def seen(topology: Topology, wires: Wires, branches: FloatArray) -> FloatArray:
    mesh = meshed(topology, wires)
    return mesh.seen(np.concatenate([branches, mesh.conductances(wires)]))[0]


def test_one_branch_is_in_series_with_the_ends_of_its_two_lines() -> None:
    topology = Topology.crossbar(1, 1)
    wires = Wires(np.array([2.0, 3.0]), np.array([7.0, 7.0]))
    assert seen(topology, wires, np.array([1 / 95]))[0, 0] == pytest.approx(1 / 100)


def test_a_row_is_a_ladder_from_the_first_column_on() -> None:
    topology = Topology.crossbar(1, 3)
    wires = Wires(np.array([1.0, 0, 0, 0]), np.array([2.0, 0, 0, 0]))
    g = np.array([0.1, 0.2, 0.3])
    last = 1 / (2.0 + 1 / g[2])
    middle = 1 / (2.0 + 1 / (g[1] + last))
    assert seen(topology, wires, g)[0, 0] == pytest.approx(1 / (1.0 + 1 / (g[0] + middle)))


def test_a_column_is_a_ladder_from_the_last_row_on() -> None:
    topology = Topology.crossbar(2, 1)
    wires = Wires(np.array([0, 0, 5.0]), np.array([0, 0, 10.0]))
    g = np.array([0.1, 0.2])
    far = 1 / (10.0 + 1 / g[0])
    assert seen(topology, wires, g)[2, 2] == pytest.approx(1 / (5.0 + 1 / (g[1] + far)))


def test_without_resistance_terminals_see_the_branches_and_no_row_sees_another() -> None:
    topology = Topology.crossbar(2, 3)
    g = np.arange(1.0, 7.0)
    found = seen(topology, Wires(np.zeros(5), np.zeros(5)), g)
    incidence = topology.incidence
    assert np.allclose(found, incidence @ np.diag(g) @ incidence.T)
    assert found[0, 1] == 0
    assert seen(topology, Wires(np.ones(5), np.zeros(5)), g)[0, 1] < 0


def test_what_is_left_over_a_branch_is_what_its_wires_do_not_drop() -> None:
    topology = Topology.crossbar(1, 1)
    wires = Wires(np.array([2.0, 3.0]), np.zeros(2))
    drops = inner_drops(meshed(topology, wires), wires, np.array([1 / 95]), np.array([[1.0, 0.0]]))
    assert drops == pytest.approx(np.array([[0.95]]))
