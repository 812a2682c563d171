"""A calibrated law is looked up as the nominal one is computed."""

import numpy as np
import pytest

from labrig.devices.laws import RheostatLaw, TabulatedLaw
from labrig.devices.parts import digipot
from labrig.errors import ConfigError


def tables(part: str) -> tuple[RheostatLaw, TabulatedLaw]:
    nominal = RheostatLaw.nominal(digipot(part), 50)
    codes = np.arange(digipot(part).code_max + 1)
    resistances = np.array(
        [nominal.wiper[k] + nominal.end_to_end[k] * codes / nominal.steps for k in range(50)]
    )
    return nominal, TabulatedLaw.of(resistances, nominal.lowest, nominal.highest)


@pytest.mark.parametrize("part", ["MCP4351-104", "AD5270-20"])
def test_the_table_of_a_nominal_law_gives_its_codes(part: str) -> None:
    nominal, tabulated = tables(part)
    generator = np.random.default_rng(1)
    for _ in range(50):
        wanted = 10 ** generator.uniform(-7, -1, 50)
        assert np.array_equal(tabulated.codes(wanted), nominal.codes(wanted))
        least = nominal.conductances(nominal.highest)
        floor = least * 10 ** generator.uniform(-0.5, 1.2, 50)
        ceiling = floor * 10 ** generator.uniform(1, 3, 50)
        ours, theirs = tabulated.within(floor, ceiling), nominal.within(floor, ceiling)
        assert np.array_equal(ours.lowest, theirs.lowest)
        assert np.array_equal(ours.highest, theirs.highest)
        assert np.array_equal(ours.codes(wanted), theirs.codes(wanted))


def test_codes_at_a_bound_are_legal() -> None:
    nominal, tabulated = tables("MCP4351-104")
    held = nominal.conductances(np.full(50, 100))
    found = tabulated.within(held, held)
    assert np.array_equal(found.lowest, np.full(50, 100))
    assert np.array_equal(found.highest, np.full(50, 100))


def test_no_code_is_left() -> None:
    _, tabulated = tables("MCP4351-104")
    with pytest.raises(ConfigError, match="no wiper code of branch 0"):
        tabulated.within(np.full(50, 1.0e-4), np.full(50, 1.001e-4))


def test_a_table_with_neighbours_that_changed_places_gives_what_is_nearest_to_within_them() -> None:
    resistances = np.array([[100.0, 300.0, 200.0, 400.0]])
    law = TabulatedLaw.of(resistances, np.array([0]), np.array([3]))
    assert law.codes(np.array([1 / 390.0]))[0] == 3
    assert law.codes(np.array([1 / 110.0]))[0] == 0
    assert law.conductances(np.array([2]))[0] == 1 / 200.0


def test_no_legal_code_is_above_the_ceiling_or_below_the_floor_where_neighbours_changed_places() -> None:
    resistances = np.array([[100.0, 500.0, 1000.0, 1010.0, 995.0, 1500.0, 2000.0]])
    law = TabulatedLaw.of(resistances, np.array([0]), np.array([6]))
    for floor, ceiling in ((1 / 2100, 1 / 1005), (1 / 1005, 1 / 50), (1 / 1600, 1 / 400)):
        found = law.within(np.array([floor]), np.array([ceiling]))
        legal = 1 / resistances[0, found.lowest[0] : found.highest[0] + 1]
        assert legal.min() >= floor
        assert legal.max() <= ceiling
