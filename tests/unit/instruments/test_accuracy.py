"""What the makers state becomes a standard uncertainty."""

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from labrig.config.instruments import AnySourceMeter
from labrig.instruments.accuracy import Accuracies, accuracies_of, relative_uncertainty

KINDS: list[dict[str, Any]] = [
    {"kind": "keithley2400"},
    {"kind": "keithley2450"},
    {"kind": "keysight_b2900"},
    *({"kind": "keithley2600", "model": model} for model in ("2601B", "2602B", "2604B")),
]


def accuracies(keys: dict[str, Any]) -> Accuracies | None:
    link = {"kind": "visa", "resource": "TCPIP::127.0.0.1::1::SOCKET"}
    adapter: TypeAdapter[AnySourceMeter] = TypeAdapter(AnySourceMeter)
    return accuracies_of(adapter.validate_python({**keys, "link": link}))


def known_2400() -> Accuracies:
    found = accuracies({"kind": "keithley2400"})
    assert found is not None
    return found


def test_of_readings_in_one_range_the_gain_counts_and_the_zero_cancels() -> None:
    # 10 mA range: 0.035 % + 600 nA, whose zero is the same for all four.
    readings = np.array([7e-3, -7e-3, 2e-3, -2e-3])
    assert relative_uncertainty(known_2400().amperes, readings) == pytest.approx(0.035e-2 / 3**0.5)
    assert relative_uncertainty(known_2400().amperes, readings + 5e-4) == pytest.approx(0.035e-2 / 3**0.5)


def test_ranges_have_a_zero_each() -> None:
    # Slope through two points, 1.5 V in the 2 V range (0.012 % + 300 uV) and 3.5 V in the 20 V range
    # (0.015 % + 1.5 mV): (3.5 V - 1.5 V) / 2 V, so that each zero counts by 1/2 V.
    gain = 0.015e-2 * 3.5 / 2 + 0.012e-2 * 1.5 / 2
    zeros = np.hypot(300e-6, 1.5e-3) / 2
    told = relative_uncertainty(known_2400().volts, np.array([1.5, 3.5]))
    assert told == pytest.approx(np.hypot(gain, zeros) / 3**0.5)


def test_a_range_that_is_fixed_is_the_one_that_counts() -> None:
    # 2 mA in the 1 A range: 0.22 %.
    readings = np.array([2e-3, -2e-3])
    assert relative_uncertainty(known_2400().amperes, readings, 1.0) == pytest.approx(0.22e-2 / 3**0.5)
    # Asked for 0.5 A it takes that range as well.
    assert relative_uncertainty(known_2400().amperes, readings, 0.5) == pytest.approx(0.22e-2 / 3**0.5)
    # Both voltages in the 20 V range: 0.015 %.
    told = relative_uncertainty(known_2400().volts, np.array([1.5, 3.5]), 20.0)
    assert told == pytest.approx(0.015e-2 / 3**0.5)


@pytest.mark.parametrize("keys", KINDS)
def test_ranges_ascend_and_no_reading_is_better_than_a_hundred_ppm(keys: dict[str, Any]) -> None:
    found = accuracies(keys)
    assert found is not None
    for limits in (found.volts, found.amperes):
        assert np.all(np.diff([limit.span for limit in limits]) > 0)
        assert np.all(np.diff([limit.offset for limit in limits]) >= 0)
        # Of these makers' units, to a factor of two either way of what all of them state at full scale.
        full = [limit.gain + limit.offset / limit.span for limit in limits if limit.span >= 1e-6]
        assert 1e-4 < min(full) < 1e-3


@pytest.mark.parametrize("keys", [{"kind": "yokogawa_gs200"}, {"kind": "keithley2600", "model": "2636B"}])
def test_what_is_not_known_is_none(keys: dict[str, Any]) -> None:
    assert accuracies(keys) is None
