"""The drivers of QCoDeS and PyMeasure on the simulated units, for which none of them was written."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.libraries import imported
from tests.support.served_meters import ServedMeter, served_meter

pytestmark = pytest.mark.filterwarnings("ignore")
OHMS = 1000.0
"""The load of every simulated unit."""
TERMINATED = {"read_termination": "\n", "write_termination": "\n", "timeout": 5000}


@contextmanager
def of_qcodes(served: ServedMeter, module: str, name: str) -> Generator[Any]:
    drivers = imported(f"qcodes.instrument_drivers.{module}")
    instrument = getattr(drivers, name)("smu", served.visa, visalib="@py", terminator="\n", timeout=5)
    try:
        yield instrument
    finally:
        instrument.close()


@contextmanager
def of_pymeasure(served: ServedMeter, module: str, name: str) -> Generator[Any]:
    drivers = imported(f"pymeasure.instruments.{module}")
    instrument = getattr(drivers, name)(served.visa, visa_library="@py", **TERMINATED)
    try:
        yield instrument
    finally:
        instrument.adapter.close()


@contextmanager
def unit(model: str, folder: Path) -> Generator[ServedMeter]:
    with served_meter(model, "tcp", folder) as served:
        yield served


def fast_sweep(channel: Any) -> Any:
    """0 to 1 V in eleven points, by whatever this version of QCoDeS calls it."""
    if hasattr(channel, "setup_fastsweep"):
        channel.setup_fastsweep(imported("qcodes.dataset").LinSweep(channel.volt, 0.0, 1.0, 11))
    else:
        channel.fastsweep.prepareSweep(0.0, 1.0, 11, "IV")
    return channel.fastsweep.get()


def test_qcodes_sweeps_a_keithley_2450(tmp_path: Path) -> None:
    with unit("keithley2450", tmp_path) as served, of_qcodes(served, "Keithley", "Keithley2450") as smu:
        smu.source.function("voltage")
        smu.source.limit(5e-3)
        smu.sense.function("current")
        smu.sense.nplc(0.1)
        smu.source.sweep_setup(0.0, 1.0, 11)
        with smu.output_enabled.set_to(True):
            amperes = smu.sense.sweep()
        assert not smu.output_enabled()
        assert not served.on
    assert np.asarray(amperes) == pytest.approx(np.linspace(0.0, 1.0, 11) / OHMS, abs=2e-6)


def test_qcodes_runs_its_scripts_on_a_keithley_2602b(tmp_path: Path) -> None:
    with unit("keithley2600", tmp_path) as served, of_qcodes(served, "Keithley", "Keithley2602B") as smu:
        smu.smua.mode("voltage")
        smu.smua.limiti(5e-3)
        smu.smua.nplc(0.1)
        smu.smua.output(True)
        swept = fast_sweep(smu.smua)
        smu.smua.output(False)
        assert not smu.smua.output()
        assert not served.on
    assert np.asarray(swept) == pytest.approx(np.linspace(0.0, 1.0, 11) / OHMS, abs=2e-6)


def test_qcodes_ramps_a_yokogawa_gs200(tmp_path: Path) -> None:
    with unit("yokogawa_gs200", tmp_path) as served, of_qcodes(served, "yokogawa", "YokogawaGS200") as smu:
        smu.source_mode("VOLT")
        smu.voltage_range(1)
        smu.current_limit(5e-3)
        smu.on()
        smu.ramp_voltage(0.5, 0.1, 0.01)
        assert smu.voltage() == 0.5
        smu.measure.on()
        assert smu.measure.measure() == pytest.approx(0.5 / OHMS, abs=2e-6)
        smu.off()
        assert smu.state() == 0
        assert not served.on
    assert max(state.level for state in served.outputs) == 0.5


def test_pymeasure_drives_a_keithley_2450(tmp_path: Path) -> None:
    with unit("keithley2450", tmp_path) as served, of_pymeasure(served, "keithley", "Keithley2450") as smu:
        smu.apply_voltage(compliance_current=5e-3)
        smu.measure_current(nplc=0.1, auto_range=True)
        smu.source_voltage = 0.5
        smu.enable_source()
        assert smu.current == pytest.approx(0.5 / OHMS, rel=2e-3)
        smu.disable_source()
        assert smu.check_errors() == []
        assert not served.on


def test_pymeasure_drives_both_channels_of_a_keithley_2602b(tmp_path: Path) -> None:
    with unit("keithley2600", tmp_path) as served, of_pymeasure(served, "keithley", "Keithley2600") as smu:
        for channel in (smu.ChA, smu.ChB):
            channel.apply_voltage(compliance_current=5e-3)
            channel.measure_current(nplc=0.1)
            channel.source_voltage = 0.5
            channel.source_output = "ON"
        assert smu.ChA.current == pytest.approx(0.5 / OHMS, rel=2e-3)
        assert smu.ChB.current == pytest.approx(0.0, abs=1e-6), "nothing is joined to it"
        for channel in (smu.ChA, smu.ChB):
            channel.source_output = "OFF"
        assert smu.check_errors() == []
        assert not served.on


def test_pymeasure_drives_a_yokogawa_gs200(tmp_path: Path) -> None:
    with unit("yokogawa_gs200", tmp_path) as served, of_pymeasure(served, "yokogawa", "YokogawaGS200") as smu:
        smu.source_mode = "voltage"
        smu.source_range = 1.0
        smu.current_limit = 5e-3
        smu.source_enabled = True
        smu.trigger_ramp_to_level(0.5, 0.2)
        assert smu.source_level == pytest.approx(0.5)
        smu.source_enabled = False
        assert not smu.source_enabled
        assert not served.on
