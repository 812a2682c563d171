"""Potentiometers with three terminals, against resistors in series and parallel."""

import numpy as np
import pytest

from labrig.devices.dividers import DividerLaw, TerminalLaw, potentiometers
from labrig.devices.parts import DIGIPOTS, digipot
from labrig.errors import ConfigError

COLUMNS = 3
BRANCHES = 4 * COLUMNS


def nominal(part: str = "MCP4351-103") -> DividerLaw:
    return DividerLaw.nominal(digipot(part), BRANCHES, COLUMNS)


def worst(part: str = "MCP4351-103") -> TerminalLaw:
    ends = (np.full(BRANCHES, code) for code in (0, 256))
    return TerminalLaw.worst(digipot(part), *ends)


def star(code: float, ohms: float, wiper: float) -> np.ndarray:
    """Conductances between A, B and W by nodal analysis: their matrix once the node inside is eliminated."""
    to_a, to_b, to_w = 1 / (ohms * (1 - code / 256)), 1 / (ohms * code / 256), 1 / wiper
    whole = np.zeros((4, 4))
    for terminal, g in enumerate((to_a, to_b, to_w)):
        whole[terminal, terminal] += g
        whole[3, 3] += g
        whole[terminal, 3] = whole[3, terminal] = -g
    return np.asarray(whole[:3, :3] - np.outer(whole[:3, 3], whole[3, :3]) / whole[3, 3])


def test_two_rows_share_the_potentiometers_of_a_column() -> None:
    assert potentiometers(12, 3).tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]
    law = nominal()
    assert law.at_a.tolist() == [True] * 3 + [False] * 3 + [True] * 3 + [False] * 3
    assert law.partner.tolist() == [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]


@pytest.mark.parametrize("code", [1, 17, 128, 200, 255])
@pytest.mark.parametrize("part", ["MCP4351-502", "MCP4351-104"])
def test_both_conductances_are_those_of_a_star(part: str, code: int) -> None:
    matrix = star(code, digipot(part).end_to_end, digipot(part).wiper)
    found = nominal(part).conductances(np.full(BRANCHES, code))
    np.testing.assert_allclose(found[:COLUMNS], -matrix[0, 2], rtol=1e-12)
    np.testing.assert_allclose(found[COLUMNS : 2 * COLUMNS], -matrix[1, 2], rtol=1e-12)


@pytest.mark.parametrize("code", [2, 17, 127, 200, 254])
@pytest.mark.parametrize("suffix", ["502", "103", "503", "104"])
def test_no_terminal_draws_more_than_the_busiest_of_the_least_part_nearest_to_an_end(
    suffix: str, code: int
) -> None:
    # ±20 % and matched to 1.5 %, R_W as far down as it is drawn, and a wiper that is a step further out.
    part, out = digipot(f"MCP4351-{suffix}"), code - 1 if code < 128 else code + 1
    draws = np.diag(star(out, part.end_to_end * 0.8 * 0.985, 60.0))
    found = worst(part.name).conductances(np.full(BRANCHES, code))
    np.testing.assert_allclose(found, draws.max(), rtol=1e-12)


def test_beyond_its_ends_there_is_no_string() -> None:
    np.testing.assert_allclose(worst().conductances(np.array([0, 1, 255, 256])), (1 + 60 / 7880) / 60)


def test_a_wiper_draws_least_in_the_middle_of_its_codes() -> None:
    lowest, highest = np.array([0, 0, 140]), np.array([256, 100, 256])
    law = TerminalLaw.worst(digipot("MCP4351-103"), lowest, highest)
    assert np.array_equal(law.least, law.conductances(np.array([128, 100, 140])))
    allowed = law.conductances(np.array([30, 30, 150]))
    narrowed = law.within(law.least, allowed)
    assert (narrowed.lowest.tolist(), narrowed.highest.tolist()) == ([30, 30, 140], [226, 100, 150])
    with pytest.raises(ConfigError, match="no wiper code of branch 2 lies between"):
        law.within(law.least, law.least * np.array([1, 1, 0.99]))


def test_at_the_ends_the_wiper_is_all_that_is_left() -> None:
    at_b, at_a = (nominal().conductances(np.full(BRANCHES, code)) for code in (0, 256))
    np.testing.assert_allclose(at_b.reshape(-1, COLUMNS)[:, 0], [0, 1 / 75, 0, 1 / 75], rtol=1e-12)
    np.testing.assert_allclose(at_a.reshape(-1, COLUMNS)[:, 0], [1 / 75, 0, 1 / 75, 0], rtol=1e-12)


def test_slopes_are_differences() -> None:
    law, shares = nominal(), np.linspace(0.05, 0.95, BRANCHES)
    differences = (law.at(shares + 1e-6) - law.at(shares - 1e-6)) / 2e-6
    np.testing.assert_allclose(law.slopes(shares), differences, rtol=1e-7)
    assert np.array_equal(law.slopes(shares) > 0, law.at_a)


def test_codes_come_back_from_their_conductances_whatever_the_part_is_off_by() -> None:
    law = nominal()
    half = np.repeat(np.array([[3, 99, 128], [255, 200, 77]]), 2, axis=0).ravel()
    for factor in (0.8, 1.0, 1.2):
        assert law.codes(factor * law.conductances(half)).tolist() == half.tolist()


def test_between_two_codes_the_nearer_one_is_taken() -> None:
    law = nominal()
    assert law.codes(law.at(np.full(BRANCHES, 77.4 / 256))).tolist() == [77] * BRANCHES
    assert law.codes(law.at(np.full(BRANCHES, 77.6 / 256))).tolist() == [78] * BRANCHES


def test_bounds_hold_for_both_branches() -> None:
    law = nominal()
    # 1 / g = R s (1 - s) / s + R_W / s: s is least where the smaller one is at the floor.
    floor = 1 / (10e3 * (1 - 20 / 256) + 75 * 256 / 20)
    found = law.within(np.full(BRANCHES, floor), np.full(BRANCHES, np.inf))
    assert (found.lowest[0], found.highest[0]) == (20, 236)
    assert set(found.lowest.tolist()) == {20}
    np.testing.assert_allclose(found.least, floor, rtol=1e-12)
    np.testing.assert_allclose(found.most, law.conductances(np.full(BRANCHES, 20))[COLUMNS], rtol=1e-12)
    ceiling = np.full(BRANCHES, np.inf)
    ceiling[0] = 1.0001 * law.conductances(np.full(BRANCHES, 150))[0]
    found = law.within(np.full(BRANCHES, floor), ceiling)
    assert found.highest.tolist() == [150, 236, 236, 150, 236, 236] + [236] * 6
    assert found.lowest.tolist() == [20] * BRANCHES


def test_bounds_that_no_code_keeps_are_refused() -> None:
    with pytest.raises(ConfigError, match="no wiper code of branch 0 lies between"):
        nominal().within(np.full(BRANCHES, 3e-4), np.full(BRANCHES, np.inf))


def test_a_rheostat_of_two_terminals_is_refused() -> None:
    with pytest.raises(ConfigError, match="AD5270-20 is a rheostat and has no terminal B"):
        nominal("AD5270-20")
    assert all((part.divider is None) == name.startswith("AD5270") for name, part in DIGIPOTS.items())
