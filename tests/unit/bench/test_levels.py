"""Voltages on the DAC's grid."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrig.bench.levels import Levels
from labrig.boards.base import Converter
from labrig.circuit.boundary import Boundary, Nudge, ThroughConductance, TowardTarget

DAC = Converter(bits=8, span=2.55)
"""10 mV a code."""


@given(volts=st.floats(0, 2.55), limit=st.floats(0.01, 5.0))
def test_a_voltage_within_the_limit_goes_to_the_nearest_level_that_is_within_it_too(
    volts: float, limit: float
) -> None:
    (level,) = Levels(DAC, limit).imposable(Boundary({0: volts})).voltages.values()
    if volts > limit:
        assert level == volts
        return
    assert level <= limit * (1 + 1e-9)
    assert level / 0.01 == pytest.approx(round(level / 0.01), abs=1e-9)
    assert abs(level - volts) <= 0.005 * (1 + 1e-9) or level + 0.01 > limit


def test_a_limit_that_is_a_level_can_be_reached() -> None:
    assert Levels(DAC, 2.55).imposable(Boundary({0: 2.55})).voltages[0] == pytest.approx(2.55, rel=1e-15)


def test_targets_of_nudges_go_to_levels_and_fractions_to_those_of_the_wire() -> None:
    nudges: dict[int, Nudge] = {1: ThroughConductance(1.003, 1e-6), 2: TowardTarget(1.003, 0.3, 0)}
    given_back = Levels(DAC, 5.0).imposable(Boundary({0: 0.996}, {3: 1e-6}, nudges))
    assert given_back.voltages[0] == pytest.approx(1.0)
    assert given_back.currents == {3: 1e-6}
    through, toward = given_back.nudges[1], given_back.nudges[2]
    assert isinstance(through, ThroughConductance)
    assert isinstance(toward, TowardTarget)
    assert through.target == toward.target == pytest.approx(1.0)
    assert through.conductance == 1e-6
    assert toward.reference == 0
    assert toward.fraction * 16384 == round(0.3 * 16384)


def test_without_a_dac_nothing_is_rounded() -> None:
    boundary = Boundary({0: 1 / 3}, nudges={1: TowardTarget(1 / 7, 0.3, 0)})
    assert Levels(None, math.inf).imposable(boundary) is boundary


def test_what_is_no_number_stays_none_so_that_it_is_refused() -> None:
    nudges = {1: TowardTarget(1.0, math.nan, 0)}
    given_back = Levels(DAC, 5.0).imposable(Boundary({0: math.nan}, nudges=nudges))
    assert math.isnan(given_back.voltages[0])
    nudge = given_back.nudges[1]
    assert isinstance(nudge, TowardTarget)
    assert math.isnan(nudge.fraction)
