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


def test_a_bound_is_taken_as_uniform_on_the_lowest_range_that_holds_all_readings() -> None:
    found = accuracies({"kind": "keithley2400"})
    assert found is not None
    # 10 mA range: 0.035 % + 600 nA, of 5 mA root mean square 0.012 %.
    told = relative_uncertainty(found.amperes, np.array([7e-3, -1e-3]))
    assert told == pytest.approx((0.035e-2 + 600e-9 / 5e-3) / 3**0.5)
    # 20 V range, which 3 V need: 0.015 % + 1.5 mV.
    assert relative_uncertainty(found.volts, np.array([3.0, -3.0])) == pytest.approx(0.065e-2 / 3**0.5)


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
