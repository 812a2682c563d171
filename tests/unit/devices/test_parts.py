"""Presets of parts, by what their datasheets say in numbers of their own."""

import numpy as np
import pytest

from labrig.boards.base import Codes
from labrig.config.boards import DigipotElements
from labrig.devices.laws import RheostatLaw
from labrig.devices.parts import DIGIPOTS, digipot
from labrig.errors import ConfigError
from labrig.sim.branches import TrueDigipots, draw_branches

MCP4351 = {"502": 5e3, "103": 10e3, "503": 50e3, "104": 100e3}
AD5270 = {"20": 20e3, "50": 50e3, "100": 100e3}


@pytest.mark.parametrize(("suffix", "ohms"), AD5270.items())
def test_an_ad5270_has_1024_codes_of_ten_bits_and_one_step_less_than_full_scale_at_the_highest(
    suffix: str, ohms: float
) -> None:
    part = digipot(f"AD5270-{suffix}")
    law = RheostatLaw.nominal(part, 3)
    assert (part.code_bits, law.lowest.tolist(), law.highest.tolist()) == (10, [0] * 3, [1023] * 3)
    resistances = 1 / law.conductances(np.array([0, 512, 1023]))
    np.testing.assert_allclose(resistances, [35, 35 + ohms / 2, 35 + ohms * 1023 / 1024], rtol=1e-12)


@pytest.mark.parametrize(("suffix", "ohms"), MCP4351.items())
def test_an_mcp4351_has_257_codes_of_nine_bits_and_full_scale_at_the_highest(
    suffix: str, ohms: float
) -> None:
    part = digipot(f"MCP4351-{suffix}")
    law = RheostatLaw.nominal(part, 1)
    assert (part.code_bits, law.highest.tolist()) == (9, [256])
    assert 1 / law.conductances(np.array([256]))[0] == pytest.approx(75 + ohms, rel=1e-12)


@pytest.mark.parametrize(("part", "tolerance"), [("AD5270-50", 0.01), ("MCP4351-503", 0.2)])
def test_simulated_parts_differ_by_what_the_part_promises_and_start_at_half_scale(
    part: str, tolerance: float
) -> None:
    branches = draw_branches(DigipotElements(part=part), 400, seed=2)
    assert isinstance(branches, TrueDigipots)
    power_up = branches.power_up
    assert set(power_up.values.tolist()) == {digipot(part).steps // 2}
    off = branches.law.end_to_end / 50e3 - 1
    assert 0.9 * tolerance < np.abs(off).max() <= tolerance
    expected = 1 / (branches.law.wiper + branches.law.end_to_end / 2)
    np.testing.assert_allclose(branches.conductances(Codes(power_up.values), 0), expected, rtol=1e-12)


def test_a_part_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        ConfigError, match=r"part 'AD5270' is not known; labrig knows MCP4351-502, "
    ) as refused:
        digipot("AD5270")
    assert all(name in str(refused.value) for name in DIGIPOTS)
