"""The dialogue with a Keysight B2900."""

import math

import numpy as np
import pytest

from labrig.errors import ConfigError, LinkOpenError, ReadbackMismatch
from labrig.instruments.base import CurrentSource, Limited, Metering, SweepPoints, VoltageSource
from labrig.instruments.keysight_b2900 import KeysightB2900Channel, connect
from labrig.instruments.safe import Caps, SafeSourceMeter
from labrig.instruments.scpi import ScpiSession
from tests.support.scripted import ScriptedLink, Turn, block, scripted, told

IDENTITY = "Keysight Technologies,B2902A,MY51140001,3.4.2011.5100"
HELLO: list[Turn] = [
    (":ABOR (@2)", None),
    ("*IDN?", IDENTITY),
    (":SYST:ERR?", '-222,"Data out of range"'),
    (":SYST:ERR?", '+0,"No error"'),
    (":SYST:LFR?", "+50"),
]
SETUP = VoltageSource(1e-3, metering=Metering(nplc=0.1, delay=0.002))
SET_UP = told(
    ":ABOR (@2)",
    ":OUTP2:ON:AUTO 0;:OUTP2:OFF:AUTO 0;:OUTP2:OFF:MODE NORM",
    ":SENS2:REM 0",
    ":SOUR2:FUNC:MODE VOLT;:SOUR2:FUNC:SHAP DC;:SOUR2:FUNC:TRIG:CONT 0",
    ":SOUR2:VOLT:MODE FIX;:SOUR2:VOLT 0",
    ":SOUR2:VOLT:RANG:AUTO 1",
    ":SENS2:CURR:PROT 1.000000E-03",
    ':SENS2:FUNC:OFF "RES";:SENS2:FUNC "VOLT","CURR"',
    ":SENS2:CURR:RANG:AUTO 1",
    ":SENS2:CURR:NPLC 0.1;:SENS2:VOLT:NPLC 0.1",
    ":ARM2:COUN 1;:ARM2:SOUR AINT;:TRIG2:SOUR AINT;:TRIG2:COUN 1",
    ":TRIG2:TRAN:DEL 0;:TRIG2:ACQ:DEL 2.000000E-03",
    ":FORM:ELEM:SENS VOLT,CURR,TIME,STAT;:FORM REAL,64;:FORM:BORD NORM",
)
FETCHED = ":INIT:ACQ (@2);:FETC? (@2)"


def second(link: ScriptedLink) -> KeysightB2900Channel:
    return connect(ScpiSession(link), channel=2)


def test_it_is_set_up_by_name_without_a_reset_that_would_reach_the_other_channel() -> None:
    with scripted(HELLO, SET_UP) as link:
        second(link).apply(SETUP)


def test_ranges_sense_and_off_mode_are_set_where_they_are_asked_for() -> None:
    asked = Metering(nplc=1, range=2.0, four_wire=True, off_mode="high-impedance")
    with scripted(
        HELLO,
        told(
            ":ABOR (@2)",
            ":OUTP2:ON:AUTO 0;:OUTP2:OFF:AUTO 0;:OUTP2:OFF:MODE HIZ",
            ":SENS2:REM 1",
            ":SOUR2:FUNC:MODE CURR;:SOUR2:FUNC:SHAP DC;:SOUR2:FUNC:TRIG:CONT 0",
            ":SOUR2:CURR:MODE FIX;:SOUR2:CURR 0",
            ":SOUR2:CURR:RANG:AUTO 0;:SOUR2:CURR:RANG 1.000000E-03",
            ":SENS2:VOLT:PROT 2.000000E+00",
            ':SENS2:FUNC:OFF "RES";:SENS2:FUNC "VOLT","CURR"',
            ":SENS2:VOLT:RANG:AUTO 0;:SENS2:VOLT:RANG 2.000000E+00",
            ":SENS2:CURR:NPLC 1;:SENS2:VOLT:NPLC 1",
            ":ARM2:COUN 1;:ARM2:SOUR AINT;:TRIG2:SOUR AINT;:TRIG2:COUN 1",
            ":TRIG2:TRAN:DEL 0;:TRIG2:ACQ:DEL 0.000000E+00",
            ":FORM:ELEM:SENS VOLT,CURR,TIME,STAT;:FORM REAL,64;:FORM:BORD NORM",
        ),
    ) as link:
        second(link).apply(CurrentSource(2.0, range=1e-3, metering=asked))


def test_the_output_stays_off_where_the_compliance_reads_back_differently() -> None:
    with scripted(
        HELLO,
        [(":OUTP2?", "0")],
        SET_UP,
        [(":SYST:ERR?", '+0,"No error"'), (":SOUR2:FUNC:MODE?", "VOLT"), (":SENS2:CURR:PROT?", "+1.0E-04")],
    ) as link:
        meter = SafeSourceMeter(second(link), Caps(10.0, 1.0, 100.0))
        with pytest.raises(ReadbackMismatch, match=r"1 mA.*100 .A"):
            meter.configure(SETUP)


@pytest.mark.parametrize("condition", [2, 4, 6])
def test_any_of_the_two_compliance_bits_says_that_the_limit_held(condition: int) -> None:
    with scripted(
        HELLO,
        SET_UP,
        [(FETCHED, block([0.4, 1e-3, 7.5, condition], ">d")), (":SENS2:CURR:RANG?", "+1.0E-03")],
    ) as link:
        channel = second(link)
        channel.apply(SETUP)
        reading = channel.measure(1.0)
    assert (reading.level, reading.volts, reading.amperes, reading.range) == (1.0, 0.4, 1e-3, 1e-3)
    assert reading.limited is Limited.SET
    assert not reading.lost


def test_the_kind_of_source_in_the_status_is_no_limit() -> None:
    with scripted(
        HELLO, SET_UP, [(FETCHED, block([1, 1e-4, 0, 1], ">d")), (":SENS2:CURR:RANG?", "1E-3")]
    ) as link:
        channel = second(link)
        channel.apply(SETUP)
        assert channel.measure(1.0).limited is Limited.NO


@pytest.mark.parametrize(
    ("amperes", "status", "why"),
    [
        (math.inf, 8192, "overflow"),
        (9.9e37, 0, "overflow"),
        (math.nan, 0, "no value"),
        (9.91e37, 0, "no value"),
        (1.05e-3, 8192, "overflow"),
    ],
)
def test_a_current_that_is_none_becomes_nan_with_a_reason(amperes: float, status: int, why: str) -> None:
    with scripted(
        HELLO, SET_UP, [(FETCHED, block([1.0, amperes, 0, status], ">d")), (":SENS2:CURR:RANG?", "1E-3")]
    ) as link:
        channel = second(link)
        channel.apply(SETUP)
        reading = channel.measure(1.0)
    assert reading.volts == 1.0
    assert math.isnan(reading.amperes)
    assert why in reading.lost


def test_a_staircase_of_a_thousand_points_takes_six_messages_and_ends_at_its_last_level() -> None:
    levels = np.linspace(-1.0, 1.0, 1000)
    rows = [value for k, level in enumerate(levels) for value in (level, level / 1e4, 0.004 * k, 0.0)]
    with scripted(
        HELLO,
        SET_UP,
        told(
            ":SOUR2:VOLT:STAR -1.000000E+00;:SOUR2:VOLT:STOP 1.000000E+00",
            ":SOUR2:SWE:POIN 1000;SPAC LIN;DIR UP;STA SING;RANG BEST",
            ":SOUR2:VOLT:MODE SWE",
            ":SOUR2:FUNC:TRIG:CONT 1;:TRIG2:COUN 1000;:TRIG2:ACQ:DEL 3.000000E-03",
            ":INIT (@2)",
        ),
        [(":FETC:ARR? (@2)", block(rows, ">d"))],
        told(
            ":SOUR2:VOLT 1.000000E+00;:SOUR2:VOLT:MODE FIX;"
            ":SOUR2:FUNC:TRIG:CONT 0;:TRIG2:COUN 1;:TRIG2:ACQ:DEL 2.000000E-03"
        ),
    ) as link:
        channel = second(link)
        channel.apply(SETUP)
        readings = channel.run(SweepPoints(levels, delay=0.003))
    assert [reading.level for reading in readings] == levels.tolist()
    assert readings[999].amperes == pytest.approx(1e-4)
    assert readings[999].time - readings[0].time == pytest.approx(3.996)


def test_a_thousand_levels_in_no_order_take_four_lists_and_twelve_messages_at_most() -> None:
    levels = np.random.default_rng(1).uniform(-1, 1, 1000)
    channel_number, before = 2, len(HELLO) + len(SET_UP)
    parts = [",".join(f"{level:.6E}" for level in levels[k : k + 250]) for k in range(0, 1000, 250)]
    with scripted(
        HELLO,
        SET_UP,
        told(
            f":SOUR{channel_number}:LIST:VOLT {parts[0]}",
            *(f":SOUR{channel_number}:LIST:VOLT:APP {part}" for part in parts[1:]),
            ":SOUR2:VOLT:MODE LIST",
            ":SOUR2:FUNC:TRIG:CONT 1;:TRIG2:COUN 1000;:TRIG2:ACQ:DEL 2.000000E-03",
            ":INIT (@2)",
        ),
        [(":FETC:ARR? (@2)", block([0.0] * 4000, ">d"))],
        told(
            f":SOUR2:VOLT {levels[-1]:.6E};:SOUR2:VOLT:MODE FIX;"
            ":SOUR2:FUNC:TRIG:CONT 0;:TRIG2:COUN 1;:TRIG2:ACQ:DEL 2.000000E-03"
        ),
    ) as link:
        channel = second(link)
        channel.apply(SETUP)
        channel.run(SweepPoints(levels))
    assert len(link.written) - before <= 12


def test_another_instrument_is_refused_by_name() -> None:
    with (
        scripted(told(":ABOR (@1)"), [("*IDN?", "Keysight Technologies,34465A,MY1,1.0")]) as link,
        pytest.raises(LinkOpenError, match=r"34465A.*the rig has a Keysight B2900"),
    ):
        connect(ScpiSession(link))


@pytest.mark.parametrize("model", ["B2901A", "B2911B", "B2910BL"])
def test_a_second_channel_that_the_model_lacks_is_a_mistake_of_the_rig(model: str) -> None:
    with (
        scripted(told(":ABOR (@2)"), [("*IDN?", f"Agilent Technologies,{model},MY1,1.0")]) as link,
        pytest.raises(ConfigError, match=f"{model} on scripted has one"),
    ):
        connect(ScpiSession(link), channel=2)


def test_the_level_is_the_one_that_was_set() -> None:
    with scripted(HELLO, [(":SOUR2:VOLT:MODE?", "FIX"), (":SOUR2:VOLT?", "+5.0E-01")]) as link:
        assert second(link).level("V") == 0.5


def test_a_sweep_that_was_broken_off_is_left_at_the_level_it_had_come_to() -> None:
    with scripted(
        HELLO,
        [
            (":SOUR2:VOLT:MODE?", "SWE"),
            (":FORM ASC;:SENS2:VOLT:NPLC 0.1", None),
            (":MEAS:VOLT? (@2)", "+7.25E-01"),
            (":SOUR2:VOLT 7.250000E-01;:SOUR2:VOLT:MODE FIX;:SOUR2:FUNC:TRIG:CONT 0;:FORM REAL,64", None),
            (":SOUR2:VOLT?", "+7.25E-01"),
        ],
    ) as link:
        assert second(link).level("V") == 0.725


@pytest.mark.parametrize("measured", ["+9.91E+37", "-9.9E+37"])
def test_an_output_whose_level_nobody_knows_is_turned_off_at_once(measured: str) -> None:
    with scripted(
        HELLO,
        [
            (":ABOR (@2)", None),
            (":OUTP2?", "1"),
            (":SOUR2:FUNC:MODE?", "VOLT"),
            (":SOUR2:VOLT:MODE?", "SWE"),
            (":FORM ASC;:SENS2:VOLT:NPLC 0.1", None),
            (":MEAS:VOLT? (@2)", measured),
            (":ABOR (@2)", None),
            (":OUTP2 OFF", None),
            (":OUTP2?", "0"),
        ],
    ) as link:
        SafeSourceMeter(second(link), Caps(10.0, 1.0, 100.0)).make_safe()
