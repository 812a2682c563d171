"""Source-measure units on the circuit of a board: closed forms of two and three resistors."""

import numpy as np
import pytest

from labrig.circuit.boundary import Boundary, ThroughConductance
from labrig.circuit.topology import Topology
from labrig.sim.instruments.analogue import Drive, Quantity, operate
from labrig.sim.world import CircuitWorld, LineTerminals

MILLISIEMENS = 1e-3
VOLTS, AMPERES = Quantity.VOLTAGE, Quantity.CURRENT


@pytest.fixture
def world() -> CircuitWorld:
    """Three lines in a row, 1 mS between neighbours."""
    row = Topology(nodes=("a", "b", "c"), branches=((0, 1), (1, 2)), inputs=(0,), outputs=(1, 2))
    return CircuitWorld(row, np.full(2, MILLISIEMENS))


def force(world: CircuitWorld, line: int, drive: Drive) -> float:
    """Let a unit settle on a line; the current that it reads, A."""
    terminals = LineTerminals(world, line)
    point = operate(terminals.seen(), drive)
    terminals.force(point)
    return point.amperes


def test_nothing_is_seen_behind_a_line_that_nobody_drives(world: CircuitWorld) -> None:
    assert world.seen(1).ohms == float("inf")


def test_a_line_is_seen_through_the_resistors_to_what_the_board_drives(world: CircuitWorld) -> None:
    world.standing = Boundary({0: 3.0})
    seen = world.seen(2)
    assert seen.volts == pytest.approx(3.0, rel=1e-9)
    assert seen.ohms == pytest.approx(2000.0, rel=1e-6)


def test_two_sources_on_one_circuit_see_each_other(world: CircuitWorld) -> None:
    world.standing = Boundary({})
    force(world, 0, Drive(VOLTS, 2.0, limit=1.0))
    amperes = force(world, 2, Drive(VOLTS, 0.0, limit=1.0))
    assert amperes == pytest.approx(-1e-3, rel=1e-6), "2 V over 2 kohm, into the source"
    assert world.settle([Boundary({})])[0] == pytest.approx([2.0, 1.0, 0.0], abs=1e-9)


def test_a_board_reads_a_source_that_runs_into_its_limit(world: CircuitWorld) -> None:
    force(world, 0, Drive(VOLTS, 5.0, limit=1e-3))
    volts = world.settle([Boundary({2: 0.0})])[0]
    assert volts == pytest.approx([2.0, 1.0, 0.0], rel=1e-9), "1 mA through 2 kohm"
    assert world.settle([Boundary({2: 4.0})])[0][0] == pytest.approx(5.0), (
        "with 1 V between, it holds its level"
    )


def test_a_source_of_current_is_limited_in_voltage(world: CircuitWorld) -> None:
    world.standing = Boundary({2: 0.0})
    assert force(world, 0, Drive(AMPERES, 1e-3, limit=10.0)) == pytest.approx(1e-3)
    assert world.settle([world.standing])[0] == pytest.approx([2.0, 1.0, 0.0])
    assert force(world, 0, Drive(AMPERES, 1e-3, limit=1.0)) == pytest.approx(0.5e-3)
    assert world.settle([world.standing])[0] == pytest.approx([1.0, 0.5, 0.0])


def test_a_source_adds_to_a_pull_through_a_conductance_on_its_own_line(world: CircuitWorld) -> None:
    pull = Boundary({2: 0.0}, {}, {0: ThroughConductance(1.0, MILLISIEMENS)})
    world.standing = pull
    force(world, 0, Drive(AMPERES, 1e-3, limit=100.0))
    volts = world.settle([pull])[0]
    # Node a: (1 - va) 1 mS + 1 mA = va / 2 kohm
    assert volts[0] == pytest.approx(2.0 / 1.5, rel=1e-9)


def test_a_source_that_is_off_is_no_longer_there(world: CircuitWorld) -> None:
    force(world, 0, Drive(VOLTS, 2.0, limit=1.0))
    LineTerminals(world, 0).force(None)
    assert world.settle([Boundary({2: 1.0})])[0] == pytest.approx([1.0, 1.0, 1.0])
