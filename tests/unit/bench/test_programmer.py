"""From latent conductances to what is sent."""

import numpy as np
import pytest

from labrig.bench.programmer import Programmer, realise
from labrig.bench.wiring import WiringMap
from labrig.boards.base import Codes, Conductances
from labrig.devices.laws import RheostatLaw
from labrig.devices.parts import digipot

LAW = RheostatLaw.nominal(digipot("MCP4351-104"), 3)
WIRING = WiringMap(np.arange(4), np.array([4, 0, 2]), wipers=5)
ALL, WITHOUT_SECOND = np.array([True, True, True]), np.array([True, False, True])
HELD = Codes(np.array([11, 22, 33, 44, 55]))


def test_codes_go_to_the_wipers_of_the_branches_and_other_wipers_keep_theirs() -> None:
    wanted = LAW.conductances(np.array([100, 150, 200]))
    program = Programmer(LAW, WIRING, ALL).program(wanted, HELD)
    assert isinstance(program, Codes)
    np.testing.assert_array_equal(program.values, [150, 22, 200, 44, 100])


def test_a_masked_branch_keeps_what_the_board_holds() -> None:
    wanted = LAW.conductances(np.array([100, 150, 200]))
    program = Programmer(LAW, WIRING, WITHOUT_SECOND).program(wanted, HELD)
    np.testing.assert_array_equal(program.values, [11, 22, 200, 44, 100])


def test_what_the_board_holds_is_not_changed_by_planning_something_else() -> None:
    Programmer(LAW, WIRING, ALL).program(LAW.conductances(np.array([1, 2, 3])), HELD)
    np.testing.assert_array_equal(HELD.values, [11, 22, 33, 44, 55])


def test_a_continuous_board_takes_conductances_as_they_are() -> None:
    held = Conductances(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    program = Programmer(None, WIRING, WITHOUT_SECOND).program(np.array([0.1, 0.2, 0.3]), held)
    assert isinstance(program, Conductances)
    np.testing.assert_array_equal(program.values, [1.0, 2.0, 0.3, 4.0, 0.1])
    np.testing.assert_array_equal(
        Programmer(None, WIRING, ALL).realised(program), [0.1, 1.0, 0.3], "wiper 4, 0, 2"
    )


def test_what_a_program_realises_is_told_branch_by_branch() -> None:
    expected = 1 / (75 + 100e3 * np.array([55, 11, 33]) / 256)
    np.testing.assert_allclose(Programmer(LAW, WIRING, ALL).realised(HELD), expected, rtol=1e-15)
    assert realise(None, np.array([2, 3])).dtype == np.float64


@pytest.mark.parametrize("latent", [1e-9, 10e-6, 21e-6, 33e-6, 1.0])
def test_within_bounds_only_codes_between_them_are_sent(latent: float) -> None:
    floor, ceiling = np.full(3, 20e-6), np.full(3, 30e-6)
    programmer = Programmer(LAW, WIRING, ALL).within(floor, ceiling)
    sent = programmer.realised(programmer.program(np.full(3, latent), HELD))
    assert (sent >= floor).all()
    assert (sent <= ceiling).all()
