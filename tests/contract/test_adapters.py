"""Source meters of other libraries behind labrig's limits: their drivers, on a simulated Keithley 2400."""

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

from labrig.errors import LimitExceeded, ReadbackMismatch
from labrig.instruments.adapters import from_pymeasure, from_qcodes
from labrig.instruments.base import CurrentSource, Limited, Metering, SweepPoints, VoltageSource
from labrig.instruments.safe import SafeSourceMeter
from tests.support.libraries import imported
from tests.support.served_meters import ServedMeter, served_meter

FAST = Metering(nplc=0.1)
MILLIAMPERE = VoltageSource(compliance=1e-3, metering=FAST)
CAPS = {"volts": 5.0, "amperes": 2e-3, "slew": 100.0}
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def served(tmp_path: Path) -> Generator[ServedMeter]:
    with served_meter("keithley2400", "tcp", tmp_path) as found:
        yield found


@pytest.fixture(params=["pymeasure", "qcodes"])
def meter(served: ServedMeter, request: pytest.FixtureRequest) -> Generator[SafeSourceMeter]:
    if request.param == "pymeasure":
        library = imported("pymeasure.instruments.keithley")
        options = {"read_termination": "\n", "write_termination": "\n", "timeout": 5000}
        instrument = library.Keithley2400(served.visa, visa_library="@py", **options)
        adapted = from_pymeasure(instrument, **CAPS)
    else:
        library = imported("qcodes.instrument_drivers.Keithley")
        instrument = library.Keithley2400("smu", served.visa, visalib="@py", terminator="\n", timeout=5)
        adapted = from_qcodes(instrument, **CAPS)
    yield adapted
    adapted.close()


def test_it_measures_and_ends_up_off(served: ServedMeter, meter: SafeSourceMeter) -> None:
    meter.configure(MILLIAMPERE)
    meter.enable()
    reading = meter.source_measure(0.5)
    assert reading.amperes == pytest.approx(0.5e-3, rel=2e-3)
    assert reading.limited is Limited.NO
    assert meter.source_measure(2.0).limited is Limited.SET
    meter.make_safe()
    assert not served.on
    assert served.outputs[-2].level == 0.0, "ramped down before it went off"


def test_it_forces_a_current(served: ServedMeter, meter: SafeSourceMeter) -> None:
    meter.configure(CurrentSource(compliance=2.0, metering=FAST))
    meter.enable()
    assert meter.source_measure(1e-3).volts == pytest.approx(1.0, rel=2e-3)
    meter.make_safe()
    assert not served.on


def test_it_sweeps_point_by_point(meter: SafeSourceMeter) -> None:
    meter.configure(MILLIAMPERE)
    meter.enable()
    readings = meter.sweep(SweepPoints(np.linspace(0.0, 0.5, 6)))
    meter.make_safe()
    assert [reading.amperes for reading in readings] == pytest.approx(np.linspace(0, 0.5e-3, 6), abs=1e-6)


def test_limits_are_enforced_before_the_library_is_asked(served: ServedMeter, meter: SafeSourceMeter) -> None:
    meter.configure(MILLIAMPERE)
    meter.enable()
    before = len(served.messages)
    with pytest.raises(LimitExceeded):
        meter.source_measure(6.0)
    with pytest.raises(LimitExceeded):
        meter.configure(VoltageSource(compliance=3e-3))
    assert len(served.messages) == before
    meter.make_safe()


def test_a_compliance_that_the_library_rounds_away_keeps_the_output_off(
    served: ServedMeter, meter: SafeSourceMeter
) -> None:
    """QCoDeS 0.58 sends a compliance with six decimals; PyMeasure 0.16 sends what it is given."""
    try:
        meter.configure(VoltageSource(compliance=1.4e-6, metering=FAST))
    except ReadbackMismatch:
        assert not served.on
    else:
        meter.enable()
        assert served.on
        meter.make_safe()
