"""What every driver promises, on its simulated instrument, over every transport."""

import math
import time
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

from labrig.bench.line_meter import MESSAGES_A_CHANGE
from labrig.config.instruments import SourceMeterConfig
from labrig.errors import InstrumentError, LimitExceeded, LinkOpenError
from labrig.instruments.base import CurrentSource, Limited, Metering, SweepPoints, VoltageSource
from labrig.instruments.opening import open_source_meter
from labrig.instruments.safe import SafeSourceMeter
from labrig.sim.instruments.building import MODELS
from tests.support.served_meters import TRANSPORTS, ServedMeter, served_meter

OHMS = 1000.0
FAST = Metering(nplc=1.0)
MILLIAMPERE = VoltageSource(compliance=1e-3, metering=FAST)
NOISE = 1e-4
"""Of a simulated reading of one power-line cycle, as a share of its range: ten standard deviations."""


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=TRANSPORTS)
def served(model: str, request: pytest.FixtureRequest, tmp_path: Path) -> Generator[ServedMeter]:
    with served_meter(model, request.param, tmp_path) as found:
        yield found


@pytest.fixture
def meter(served: ServedMeter) -> Generator[SafeSourceMeter]:
    opened = open_source_meter(served.config())
    yield opened
    opened.close()


def test_a_resistor_is_measured(served: ServedMeter, meter: SafeSourceMeter) -> None:
    meter.configure(MILLIAMPERE)
    meter.enable()
    reading = meter.source_measure(0.5)
    assert reading.amperes == pytest.approx(0.5 / OHMS, abs=span(served, 1e-3) * NOISE)
    assert reading.limited is Limited.NO
    if measures_both(served):
        assert reading.volts == pytest.approx(0.5, abs=2.0 * NOISE)
        assert reading.lost == ""
    else:
        assert math.isnan(reading.volts)
        assert reading.lost
    meter.make_safe()


def test_a_current_is_forced_and_its_voltage_measured(meter: SafeSourceMeter) -> None:
    meter.configure(CurrentSource(compliance=2.0, metering=FAST))
    meter.enable()
    reading = meter.source_measure(1e-3)
    assert reading.volts == pytest.approx(1.0, abs=2.0 * NOISE)
    beyond = meter.source_measure(5e-3)
    assert beyond.limited is Limited.SET
    assert beyond.volts == pytest.approx(2.0, abs=20 * NOISE)
    meter.make_safe()


def test_a_point_at_the_limit_that_was_set_is_flagged(meter: SafeSourceMeter) -> None:
    meter.configure(MILLIAMPERE)
    meter.enable()
    reading = meter.source_measure(3.0)
    assert reading.limited is Limited.SET
    assert reading.amperes == pytest.approx(1e-3, rel=0.01)
    assert meter.source_measure(0.2).limited is Limited.NO
    meter.make_safe()


def test_opening_and_closing_change_no_output(served: ServedMeter) -> None:
    open_source_meter(served.config()).close()
    assert not any(state.on for state in served.outputs)


def test_an_output_comes_on_at_zero_and_goes_off_at_zero(served: ServedMeter, meter: SafeSourceMeter) -> None:
    meter.configure(MILLIAMPERE)
    meter.enable()
    meter.source_measure(0.7)
    meter.make_safe()
    on = [state for state in served.outputs if state.on]
    assert on[0].level == 0.0
    assert on[-1].level == 0.0
    assert max(state.level for state in on) == pytest.approx(0.7)
    assert not served.on


def test_an_output_that_was_left_on_is_ramped_down_and_not_dropped(served: ServedMeter) -> None:
    config = served.config(slew="5 V/s")
    first = open_source_meter(config)
    first.configure(MILLIAMPERE)
    first.enable(level=1.0)
    first.close()
    assert served.on
    begun = len(served.outputs)
    second = open_source_meter(config)
    asked_at = time.monotonic()
    second.make_safe()
    taken = time.monotonic() - asked_at
    second.close()
    levels = [1.0, *(state.level for state in served.outputs[begun:])]
    assert not served.on
    assert np.abs(np.diff(levels)).max() <= 5.0 * 0.01 * (1 + 1e-6), "no step over the slew of one pace"
    assert taken >= 0.9 * 1.0 / 5.0


def test_a_change_of_function_takes_no_more_messages_than_a_preflight_reckons_with(
    served: ServedMeter, meter: SafeSourceMeter
) -> None:
    meter.configure(MILLIAMPERE)
    meter.enable()
    before = len(served.messages)
    meter.configure(CurrentSource(compliance=2.0, metering=FAST))
    meter.enable()
    assert 0 < len(served.messages) - before <= MESSAGES_A_CHANGE
    meter.make_safe()


def test_a_thousand_points_take_a_dozen_messages(served: ServedMeter, meter: SafeSourceMeter) -> None:
    meter.configure(VoltageSource(compliance=1e-2, metering=Metering(nplc=_least(served))))
    meter.enable()
    before = len(served.messages)
    levels = np.linspace(-1.0, 1.0, 1000 if _least(served) < 0.1 else 40)
    readings = meter.sweep(SweepPoints(levels))
    assert len(served.messages) - before <= 12
    meter.make_safe()
    assert [reading.level for reading in readings] == levels.tolist()
    amperes = np.array([reading.amperes for reading in readings])
    noise = 10 * NOISE * 1e-2 / math.sqrt(_least(served))
    assert np.abs(amperes - levels / OHMS).max() < noise
    assert np.all(np.diff([reading.time for reading in readings]) > 0)


def test_levels_in_no_order_are_swept_as_well(served: ServedMeter, meter: SafeSourceMeter) -> None:
    meter.configure(VoltageSource(compliance=1e-2, metering=Metering(nplc=_least(served))))
    meter.enable()
    levels = np.array([0.0, 0.3, -0.2, 0.9, 0.1] * 30)
    readings = meter.sweep(SweepPoints(levels))
    meter.make_safe()
    noise = 10 * NOISE * 1e-2 / math.sqrt(_least(served))
    assert np.abs(np.array([reading.amperes for reading in readings]) - levels / OHMS).max() < noise


def test_a_sweep_ends_in_compliance_and_says_where(served: ServedMeter, meter: SafeSourceMeter) -> None:
    meter.configure(VoltageSource(compliance=1e-3, metering=Metering(nplc=_least(served))))
    meter.enable()
    readings = meter.sweep(SweepPoints(np.linspace(0.0, 2.0, 21)))
    meter.make_safe()
    limited = [round(reading.level, 6) for reading in readings if reading.limited is not Limited.NO]
    assert limited[0] in (1.0, 1.1)
    assert limited[-1] == 2.0
    assert len(limited) in (10, 11)


def test_what_is_above_the_rigs_limits_is_refused_before_anything_is_sent(served: ServedMeter) -> None:
    opened = open_source_meter(served.config(limits={"voltage": "1 V", "current": "2 mA"}))
    opened.configure(MILLIAMPERE)
    opened.enable()
    before = len(served.messages)
    with pytest.raises(LimitExceeded, match="1 V"):
        opened.source_measure(1.5)
    with pytest.raises(LimitExceeded, match="1 V"):
        opened.sweep(SweepPoints(np.array([0.0, -1.5])))
    with pytest.raises(LimitExceeded, match="2 mA"):
        opened.configure(VoltageSource(compliance=3e-3))
    assert len(served.messages) == before
    opened.make_safe()
    opened.close()


def test_an_error_of_the_instrument_is_raised_with_its_text_and_keeps_the_output_off(
    served: ServedMeter,
) -> None:
    opened = open_source_meter(served.config())
    opened.configure(MILLIAMPERE)
    served.instrument.receive(b":NONSense 1\n")
    with pytest.raises(InstrumentError, match=r"-\d+"):
        opened.enable()
    assert not served.on
    opened.close()


def test_another_serial_number_than_the_rigs_is_refused(served: ServedMeter) -> None:
    with pytest.raises(LinkOpenError, match="serial number"):
        open_source_meter(served.config(serial_number="none of this"))


def measures_both(served: ServedMeter) -> bool:
    """A GS200 measures only what it does not source."""
    return served.model != "yokogawa_gs200"


def span(served: ServedMeter, least: float) -> float:
    """Range of a reading: the least that holds it; the one of a GS200 as its monitor has but one."""
    return least if measures_both(served) else 0.2


def _least(served: ServedMeter) -> float:
    config: SourceMeterConfig = served.config()
    return max(0.01, (config.capabilities.nplc or (1.0, 1.0))[0])
