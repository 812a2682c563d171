"""The dialogue with a Keithley 2450."""

import math

import numpy as np
import pytest

from labrig.errors import LinkOpenError, LinkTimeout, ReadbackMismatch
from labrig.instruments.base import CurrentSource, Limited, Metering, SweepPoints, VoltageSource
from labrig.instruments.keithley2450 import Keithley2450Channel, connect
from labrig.instruments.safe import Caps, SafeSourceMeter
from labrig.instruments.scpi import ScpiSession
from tests.support.scripted import ScriptedLink, Turn, block, scripted, told

IDENTITY = "KEITHLEY INSTRUMENTS,MODEL 2450,04123456,1.7.12b"
NO_ERROR = '0,"No error;0;0 0"'
HELLO: list[Turn] = [
    (":ABOR", None),
    ("*IDN?", IDENTITY),
    ("*LANG?", "SCPI"),
    (":SYST:ERR?", '-113,"Undefined header;1;2026/01/01 00:00:00.000"'),
    (":SYST:ERR?", NO_ERROR),
    (":SYST:LFR?", "50"),
]
SETUP = VoltageSource(1e-3, metering=Metering(nplc=0.01, delay=1e-4))
SET_UP: list[Turn] = [
    (":ROUT:TERM?", "FRON"),
    *told(
        "*RST",
        ":ROUT:TERM FRON",
        ":SOUR:FUNC VOLT",
        ':SENS:FUNC "CURR"',
        ":OUTP:VOLT:SMOD NORM",
        ":SENS:CURR:RSEN 0;:SENS:CURR:AZER 1",
        ":SOUR:VOLT:RANG:AUTO 1",
        ":SOUR:VOLT 0",
        ":SOUR:VOLT:ILIM 1.000000E-03",
        ":SENS:CURR:RANG:AUTO 1",
        ":SENS:CURR:NPLC 0.01",
        ":SOUR:VOLT:READ:BACK 1;:SOUR:VOLT:DEL 1.000000E-04",
    ),
]
MEASURED = ':READ? "defbuffer1", READ, SOUR, SOURSTAT'


def opened(link: ScriptedLink) -> Keithley2450Channel:
    return connect(ScpiSession(link))


def blocks(settings: str, count: int, delay: str = "0.000000E+00") -> str:
    return (
        ':TRIG:LOAD "Empty";:TRIG:BLOC:BUFF:CLE 1, "defbuffer1"'
        f';:TRIG:BLOC:CONF:REC 2, "{settings}";:TRIG:BLOC:BRAN:ALW 3, 5'
        f';:TRIG:BLOC:CONF:NEXT 4, "{settings}";:TRIG:BLOC:DEL:CONS 5, {delay}'
        f';:TRIG:BLOC:MEAS 6, "defbuffer1";:TRIG:BLOC:BRAN:COUN 7, {count}, 4'
    )


def fetched(rows: list[float], statuses: list[int]) -> list[Turn]:
    count = len(statuses)
    return [
        ("*OPC?", "1"),
        (
            f':FORM REAL;:FORM:BORD SWAP;:TRAC:DATA? 1, {count}, "defbuffer1", READ, SOUR, REL',
            block(rows, "<d", indefinite=True),
        ),
        (f':FORM ASC;:TRAC:DATA? 1, {count}, "defbuffer1", SOURSTAT', ", ".join(map(str, statuses))),
    ]


def test_it_is_set_up_with_level_0_and_the_source_range_before_the_limit() -> None:
    with scripted(HELLO, SET_UP) as link:
        opened(link).apply(SETUP)


def test_terminals_ranges_sense_and_off_mode_are_set_where_they_are_asked_for() -> None:
    asked = Metering(
        nplc=1, range=2.0, four_wire=True, autozero=False, off_mode="high-impedance", terminals="rear"
    )
    with scripted(
        HELLO,
        told(
            "*RST",
            ":ROUT:TERM REAR",
            ":SOUR:FUNC CURR",
            ':SENS:FUNC "VOLT"',
            ":OUTP:CURR:SMOD HIMP",
            ":SENS:VOLT:RSEN 1;:SENS:VOLT:AZER 0",
            ":SOUR:CURR:RANG 1.000000E-03",
            ":SOUR:CURR 0",
            ":SOUR:CURR:VLIM 2.000000E+00",
            ":SENS:VOLT:RANG 2.000000E+00",
            ":SENS:VOLT:NPLC 1",
            ":SOUR:CURR:READ:BACK 1;:SOUR:CURR:DEL 0.000000E+00",
        ),
        [(MEASURED, "1.5, 1.0E-3, 128"), (":SENS:VOLT:RANG?", "2")],
    ) as link:
        channel = opened(link)
        channel.apply(CurrentSource(2.0, range=1e-3, metering=asked))
        reading = channel.measure(1e-3)
    assert (reading.volts, reading.amperes, reading.range) == (1.5, 1e-3, 2.0)


def test_the_output_stays_off_where_the_limit_reads_back_differently() -> None:
    with scripted(
        HELLO,
        [(":OUTP?", "0")],
        SET_UP,
        [(":SYST:ERR?", NO_ERROR), (":SOUR:FUNC?", "VOLT"), (":SOUR:VOLT:ILIM?", "1.05E-1")],
    ) as link:
        meter = SafeSourceMeter(opened(link), Caps(10.0, 1.0, 100.0))
        with pytest.raises(ReadbackMismatch, match=r"1 mA.*105 mA"):
            meter.configure(SETUP)


@pytest.mark.parametrize(
    ("status", "limited"), [(128, Limited.NO), (128 + 32, Limited.SET), (64, Limited.NO)]
)
def test_the_source_status_says_whether_the_limit_held(status: int, limited: Limited) -> None:
    with scripted(
        HELLO, SET_UP, [(MEASURED, f"1.000000E-03, 4.000000E-01, {status}"), (":SENS:CURR:RANG?", "1E-3")]
    ) as link:
        channel = opened(link)
        channel.apply(SETUP)
        reading = channel.measure(1.0)
    assert (reading.volts, reading.amperes) == (0.4, 1e-3)
    assert reading.limited is limited


@pytest.mark.parametrize(("written", "why"), [("9.9E+37", "overflow"), ("9.91E+37", "no value")])
def test_a_current_that_is_none_becomes_nan_with_a_reason(written: str, why: str) -> None:
    with scripted(HELLO, SET_UP, [(MEASURED, f"{written}, 1.0, 128"), (":SENS:CURR:RANG?", "1E-3")]) as link:
        channel = opened(link)
        channel.apply(SETUP)
        reading = channel.measure(1.0)
    assert reading.volts == 1.0
    assert math.isnan(reading.amperes)
    assert why in reading.lost


def test_a_thousand_points_take_eight_messages_and_leave_the_output_on() -> None:
    levels = np.linspace(0.0, 1.0, 1000)
    parts = [",".join(f"{level:.6E}" for level in levels[k : k + 100]) for k in range(0, 1000, 100)]
    lists = [f":SOUR:LIST:VOLT {parts[0]}", *(f":SOUR:LIST:VOLT:APP {part}" for part in parts[1:])]
    rows = [value for k, level in enumerate(levels) for value in (level / 1e3, level, 0.01 * k)]
    with scripted(
        HELLO,
        SET_UP,
        told(
            ";".join(lists[:5]),
            ";".join(lists[5:]),
            blocks("VoltCustomSweepList", 1000),
            ":INIT",
        ),
        fetched(rows, [160 if level > 0.5 else 128 for level in levels]),
        told(":SOUR:VOLT 1.000000E+00"),
    ) as link:
        channel = opened(link)
        channel.apply(SETUP)
        readings = channel.run(SweepPoints(levels))
        assert len(link.written) - len(HELLO) - len(SET_UP) == 8
        assert not any(":SOUR:STAT" in said or "OUTP OFF" in said for said in link.written)
    assert [reading.volts for reading in readings] == levels.tolist()
    assert readings[500].amperes == pytest.approx(levels[500] / 1e3)
    assert readings[999].time - readings[0].time == pytest.approx(9.99)
    assert [reading.level for reading in readings if reading.limited is Limited.SET] == [
        level for level in levels if level > 0.5
    ]


def test_the_delay_of_a_sweep_is_made_up_of_that_of_the_source_and_that_of_a_block() -> None:
    with scripted(
        HELLO,
        SET_UP,
        told(
            ":SOUR:LIST:VOLT 0.000000E+00,1.000000E+00",
            blocks("VoltCustomSweepList", 2, "9.900000E-03"),
            ":INIT",
        ),
        fetched([0.0] * 6, [128, 128]),
        told(":SOUR:VOLT 1.000000E+00"),
    ) as link:
        channel = opened(link)
        channel.apply(SETUP)
        channel.run(SweepPoints(np.array([0.0, 1.0]), delay=0.01))


def test_the_end_of_a_sweep_that_does_not_come_is_awaited_once() -> None:
    with scripted(
        HELLO,
        SET_UP,
        told(
            ":SOUR:LIST:VOLT 0.000000E+00,1.000000E+00",
            blocks("VoltCustomSweepList", 2),
            ":INIT",
            "*OPC?",
            ":ABOR",
        ),
    ) as link:
        channel = opened(link)
        channel.apply(SETUP)
        with pytest.raises(LinkTimeout, match="asked once"):
            channel.run(SweepPoints(np.array([0.0, 1.0])))
        channel.abort()


@pytest.mark.parametrize("language", ["TSP", "SCPI2400"])
def test_a_2450_in_another_command_set_says_so_and_how_to_switch(language: str) -> None:
    with (
        scripted(told(":ABOR"), [("*IDN?", IDENTITY), ("*LANG?", language)]) as link,
        pytest.raises(LinkOpenError, match=rf"2450 is in {language}: .*\*LANG SCPI"),
    ):
        opened(link)


@pytest.mark.parametrize("model", ["MODEL 2400", "MODEL 2460"])
def test_another_model_is_refused(model: str) -> None:
    with (
        scripted(told(":ABOR"), [("*IDN?", f"KEITHLEY INSTRUMENTS,{model},1,1")]) as link,
        pytest.raises(LinkOpenError, match=f"{model}.*the rig has a Keithley 2450"),
    ):
        opened(link)
