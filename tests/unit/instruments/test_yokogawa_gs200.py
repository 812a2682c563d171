"""The dialogue with a Yokogawa GS200."""

import math
from itertools import pairwise

import numpy as np
import pytest

from labrig.errors import LinkOpenError, LinkTimeout, ReadbackMismatch
from labrig.instruments.base import CurrentSource, Limited, Metering, SweepPoints, VoltageSource
from labrig.instruments.safe import Caps, SafeSourceMeter
from labrig.instruments.scpi import ScpiSession
from labrig.instruments.yokogawa_gs200 import YokogawaGS200Channel, connect
from tests.support.scripted import ScriptedLink, Turn, scripted, told

CAPS = (10.0, 0.2)
IDENTITY = "YOKOGAWA,GS210,91N520063,1.05"


def hello(options: str = "/MON") -> list[Turn]:
    return [
        ("*IDN?", IDENTITY),
        (":SYST:ERR?", '-113,"Undefined header"'),
        (":SYST:ERR?", '0,"No error"'),
        ("*OPT?", options),
        (":SYST:LFR?", "50"),
    ]


SETUP = VoltageSource(5e-3, metering=Metering(delay=0.0015))
SET_UP = told(
    "*RST",
    ":SOUR:FUNC VOLT",
    ":SOUR:RANG 10",
    ":SOUR:LEV 0",
    ":SOUR:PROT:CURR 5.000000E-03",
    ":SENS:REM 0;:SENS:GUAR 0",
    ":SENS 1;:SENS:TRIG COMM;:SENS:NPLC 1",
    ":SENS:ZERO:AUTO 1;:SENS:DEL 2",
)


class ClearableLink(ScriptedLink):
    """As a bus whose device clear breaks a message off."""

    cleared = 0

    def clear(self) -> None:
        self.cleared += 1


def opened(link: ScriptedLink, caps: tuple[float, float] = CAPS) -> YokogawaGS200Channel:
    return connect(ScpiSession(link), caps)


def test_it_is_set_up_in_the_range_that_holds_the_cap_and_with_a_delay_no_shorter_than_asked() -> None:
    with scripted(hello(), SET_UP) as link:
        opened(link).apply(SETUP)


@pytest.mark.parametrize(
    ("volts", "span"),
    [(0.05, "1"), (1.0, "1"), (1.2, "1"), (5.0, "10"), (12.0, "10"), (13.0, "30"), (32.0, "30")],
)
def test_no_range_is_so_low_that_it_neither_limits_nor_measures(volts: float, span: str) -> None:
    turns = [
        (f":SOUR:RANG {span}", None) if said.startswith(":SOUR:RANG") else (said, a) for said, a in SET_UP
    ]
    with scripted(hello(), turns) as link:
        opened(link, (volts, 0.2)).apply(SETUP)


def test_a_current_is_limited_in_voltage() -> None:
    with scripted(
        hello(),
        told(
            "*RST",
            ":SOUR:FUNC CURR",
            ":SOUR:RANG 0.01",
            ":SOUR:LEV 0",
            ":SOUR:PROT:VOLT 5.000000E+00",
            ":SENS:REM 1;:SENS:GUAR 0",
            ":SENS 1;:SENS:TRIG COMM;:SENS:NPLC 5",
            ":SENS:ZERO:AUTO 0;:SENS:DEL 0",
        ),
        [(":MEAS?;:STAT:COND?", "+1.25000E+0;5")],
    ) as link:
        channel = opened(link)
        channel.apply(
            CurrentSource(5.0, range=0.01, metering=Metering(nplc=5, four_wire=True, autozero=False))
        )
        reading = channel.measure(2e-3)
    assert reading.volts == 1.25
    assert math.isnan(reading.amperes)


def test_the_output_stays_off_where_the_limiter_reads_back_differently() -> None:
    with scripted(
        hello(),
        [(":OUTP?", "0")],
        SET_UP,
        [(":SYST:ERR?", '0,"No error"'), (":SOUR:FUNC?", "VOLT"), (":SOUR:PROT:CURR?", "+200.000E-3")],
    ) as link:
        meter = SafeSourceMeter(opened(link), Caps(10.0, 0.2, 100.0))
        with pytest.raises(ReadbackMismatch, match=r"5 mA.*200 mA"):
            meter.configure(SETUP)


@pytest.mark.parametrize(
    ("answer", "limited"),
    [("+1.0E-3;5", Limited.NO), ("+5.0E-3;2053", Limited.SET), ("-5.0E-3;1029", Limited.SET)],
)
def test_the_upper_and_the_lower_limiter_are_both_a_limit(answer: str, limited: Limited) -> None:
    with scripted(hello(), SET_UP, [(":MEAS?;:STAT:COND?", answer)]) as link:
        channel = opened(link)
        channel.apply(SETUP)
        assert channel.measure(1.0).limited is limited


def test_what_is_sourced_is_never_passed_off_as_measured() -> None:
    with scripted(hello(), SET_UP, [(":MEAS?;:STAT:COND?", "+1.0E-3;5")]) as link:
        channel = opened(link)
        channel.apply(SETUP)
        reading = channel.measure(1.0)
    assert reading.amperes == 1e-3
    assert math.isnan(reading.volts)
    assert "measures the current only" in reading.lost


@pytest.mark.parametrize("answer", ["+9.9E+37;7", "+0.22E+0;7"])
def test_an_overflow_is_no_current(answer: str) -> None:
    with scripted(hello(), SET_UP, [(":MEAS?;:STAT:COND?", answer)]) as link:
        channel = opened(link)
        channel.apply(SETUP)
        reading = channel.measure(1.0)
    assert math.isnan(reading.amperes)
    assert "overflow" in reading.lost


def test_a_gs200_without_its_option_sources_and_says_that_it_measures_nothing() -> None:
    with scripted(hello("NONE"), SET_UP[:6], [(":STAT:COND?", "2052")]) as link:
        channel = opened(link)
        channel.apply(SETUP)
        reading = channel.measure(1.0)
    assert math.isnan(reading.volts)
    assert math.isnan(reading.amperes)
    assert "/MON" in reading.lost
    assert reading.limited is Limited.SET


def swept(levels: list[float]) -> str:
    return ";".join(f":SOUR:LEV {level:.6E};:MEAS?;:STAT:COND?" for level in levels)


def test_a_thousand_points_take_twelve_messages_where_a_device_clear_can_break_them_off() -> None:
    levels = np.linspace(-1.0, 1.0, 1000)
    parts = [levels[k : k + 100].tolist() for k in range(0, 1000, 100)]
    link = ClearableLink(
        [
            *hello(),
            *SET_UP,
            (":SENS:DEL 2", None),
            *((swept(part), ";".join(f"{level / 1000:.6E};5" for level in part)) for part in parts),
            (":SENS:DEL 2", None),
        ]
    )
    channel = opened(link)
    channel.apply(SETUP)
    readings = channel.run(SweepPoints(levels))
    assert not link.expected
    assert len(link.written) - len(hello()) - len(SET_UP) == 12
    assert [reading.level for reading in readings] == levels.tolist()
    assert [reading.amperes for reading in readings] == pytest.approx(levels / 1000, abs=1e-9)
    assert all(a.time <= b.time for a, b in pairwise(readings))


def test_without_a_device_clear_no_message_lasts_longer_than_a_second() -> None:
    levels = [0.1 * k for k in range(10)]
    with scripted(
        hello(),
        SET_UP,
        told(":SENS:DEL 400"),
        [(swept(levels[k : k + 2]), "+1E-3;5;+1E-3;5") for k in range(0, 10, 2)],
        told(":SENS:DEL 2"),
    ) as link:
        channel = opened(link)
        channel.apply(SETUP)
        assert len(channel.run(SweepPoints(np.array(levels), delay=0.4))) == 10


def test_a_part_of_a_sweep_that_is_not_answered_is_not_sent_again() -> None:
    with scripted(hello(), SET_UP, told(":SENS:DEL 2", swept([0.0, 1.0]))) as link:
        channel = opened(link)
        channel.apply(SETUP)
        with pytest.raises(LinkTimeout, match="asked once"):
            channel.run(SweepPoints(np.array([0.0, 1.0])))


def test_what_is_under_way_is_broken_off_by_a_device_clear_also_before_anything_is_asked() -> None:
    link = ClearableLink(hello())
    channel = opened(link)
    assert link.cleared == 1
    channel.abort()
    assert link.cleared == 2


def test_another_source_of_the_same_maker_is_refused() -> None:
    with (
        scripted([("*IDN?", "YOKOGAWA,765611,91E,1.0")]) as link,
        pytest.raises(LinkOpenError, match="765611"),
    ):
        opened(link)
