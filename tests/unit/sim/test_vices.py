"""What sets simulated parts apart from their law stays within what was said, and follows the seed alone."""

import numpy as np
import pytest

from labrig.config.boards import AdcConfig, DigipotElements, DigipotVices
from labrig.devices.parts import digipot
from labrig.sim.branches import TrueDigipots, draw_branches
from labrig.sim.scales import Scales

BRANCHES = 400


def drawn(part: str = "MCP4351-104", seed: int = 1, **vices: float) -> TrueDigipots:
    elements = DigipotElements(part=part, vices=DigipotVices(**vices))
    found = draw_branches(elements, BRANCHES, seed)
    assert isinstance(found, TrueDigipots)
    return found


def deviations_in_taps(branches: TrueDigipots) -> np.ndarray:
    assert branches.deviations is not None
    return branches.deviations / (branches.law.end_to_end / branches.law.steps)[:, None]


def test_the_channels_of_a_package_have_its_end_to_end_resistance_in_common() -> None:
    part = digipot("MCP4351-104")
    packages = drawn().law.end_to_end.reshape(-1, part.channels) / part.end_to_end
    means = packages.mean(axis=1)
    assert np.all(np.abs(packages / means[:, None] - 1) <= 2 * part.matching)
    assert np.ptp(means) > part.tolerance
    assert np.all(np.abs(packages - 1) <= (1 + part.tolerance) * (1 + part.matching) - 1)


@pytest.mark.parametrize("part", ["MCP4351-104", "AD5270-20"])
def test_the_nonlinearity_is_largest_as_the_part_has_it_on_average(part: str) -> None:
    largest = np.abs(deviations_in_taps(drawn(part))).max(axis=1)
    # The standard deviation of Kolmogorov's distribution is 0.26 where its mean is 0.87.
    expected = digipot(part).nonlinearity
    assert (
        abs(largest.mean() / expected - 1) < 4 * 0.26 / 0.87 / np.sqrt(BRANCHES) + 0.06
    )  # of steps, not of time


def test_end_to_end_is_what_the_steps_add_up_to() -> None:
    found = deviations_in_taps(drawn(nonlinearity=3.0))
    assert np.abs(found[:, 0]).max() == 0
    assert np.abs(found[:, -1]).max() < 1e-9


def test_a_string_stays_monotone() -> None:
    branches = drawn(nonlinearity=4.0)
    codes = np.arange(257)
    resistances = np.array([branches.resistances(np.full(257, k), codes) for k in range(BRANCHES)])
    assert np.diff(resistances, axis=1).min() > 0


def test_parts_follow_the_seed_alone() -> None:
    first, again, other = drawn(seed=4), drawn(seed=4), drawn(seed=5)
    assert np.array_equal(first.law.wiper, again.law.wiper)
    assert np.array_equal(deviations_in_taps(first), deviations_in_taps(again))
    assert not np.any(first.law.wiper == other.law.wiper)


def test_each_line_of_a_converter_has_its_own_offset_and_gain() -> None:
    scales = Scales.draw(AdcConfig(bits=16, span=5.0, offset=2e-3, gain=0.01), None, 500, seed=1)
    assert 1.9e-3 < np.abs(scales.adc.offset).max() <= 2e-3
    assert 0.0095 < np.abs(scales.adc.gain).max() <= 0.01
    assert not np.any(scales.adc.offset == scales.sense.offset)
    assert scales.dac.exact
    volts = np.linspace(0, 5, 500)
    assert np.allclose(scales.adc.through(volts) - volts, scales.adc.gain * volts + scales.adc.offset)


def test_a_converter_is_bent_by_its_nonlinearity_and_straight_at_both_ends() -> None:
    config = AdcConfig(bits=12, span=4.095, nonlinearity=3.0)
    scale = Scales.draw(config, None, 50, seed=1).adc
    volts = np.linspace(0, 4.095, 101)[:, None] * np.ones(50)
    off = scale.through(volts) - volts
    largest = np.abs(off).max(axis=0)
    assert np.all(off[[0, -1]] == 0)
    # 50 drawn uniformly up to 3 mV: the largest is above 2.7 mV but once in 200; their mean is 1.5 mV.
    assert 2.7e-3 < largest.max() <= 3e-3
    assert abs(largest.mean() - 1.5e-3) < 4 * 3e-3 / np.sqrt(12 * 50)
    assert np.argmax(np.abs(off), axis=0).tolist() == [50] * 50
    assert off.min() < 0 < off.max()
