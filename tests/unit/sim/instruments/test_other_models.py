"""Simulated B2902A, 2450 and GS200 by themselves: examples out of their manuals, on resistors of 1 kohm."""

import struct

import pytest

from tests.support.instrument import Asked


@pytest.fixture
def b2900() -> Asked:
    return Asked("keysight_b2900")


@pytest.fixture
def k2450() -> Asked:
    return Asked("keithley2450")


@pytest.fixture
def gs200() -> Asked:
    return Asked("yokogawa_gs200")


def test_both_channels_of_a_b2902a_sweep_side_by_side(b2900: Asked) -> None:
    for channel in (1, 2):
        b2900.raw(
            f":SOUR{channel}:FUNC:MODE VOLT;:SOUR{channel}:VOLT:MODE SWE",
            f":SOUR{channel}:VOLT:STAR 0;:SOUR{channel}:VOLT:STOP {channel};:SOUR{channel}:VOLT:POIN 3",
            f':SENS{channel}:FUNC "CURR";:SENS{channel}:CURR:PROT 0.1;:SENS{channel}:CURR:NPLC 1',
            f":TRIG{channel}:SOUR AINT;:TRIG{channel}:COUN 3;:OUTP{channel} ON",
        )
    begun = b2900.time
    b2900.raw(":INIT (@1,2)")
    assert b2900.time - begun == pytest.approx(3 / 50, rel=0.1), "side by side, not one after the other"
    assert b2900.numbers(":FETC:ARR:CURR? (@1)") == pytest.approx([0, 0.5e-3, 1e-3], abs=1e-6)
    assert b2900.numbers(":FETC:ARR:CURR? (@2)") == pytest.approx([0, 1e-3, 2e-3], abs=1e-6)
    assert b2900.error == 0


def test_a_b2902a_answers_in_blocks_of_definite_length(b2900: Asked) -> None:
    b2900.raw(":SOUR:VOLT 1;:SENS:CURR:PROT 0.1;:OUTP ON;:FORM:ELEM:SENS CURR,SOUR")
    data = b2900.raw(":FORM REAL,64;:MEAS? (@1)")
    assert data[:4] == b"#216"
    amperes, level = struct.unpack(">dd", data[4:-1])
    assert (level, amperes) == (1.0, pytest.approx(1e-3, rel=1e-3))


def test_the_status_data_of_a_b2902a_say_source_and_compliance(b2900: Asked) -> None:
    b2900.raw(":FORM:ELEM:SENS STAT;:SENS:CURR:PROT 1e-4;:SOUR:VOLT 1;:OUTP ON")
    assert int(b2900.numbers(":MEAS? (@1)")[0]) & 0b111 == 0b010
    b2900.raw(":OUTP OFF;:SOUR:FUNC:MODE CURR;:SENS:VOLT:PROT 2;:SOUR:CURR 1e-3;:OUTP ON")
    assert int(b2900.numbers(":MEAS? (@1)")[0]) & 0b111 == 0b001


@pytest.mark.parametrize(
    ("line", "number"),
    [(":OUTP3 ON", -114), (":INIT (@3)", -222), (":INIT 1", -104), (":SOUR:VOLT 300", -222)],
)
def test_a_b2902a_refuses_what_it_has_not(b2900: Asked, line: str, number: int) -> None:
    b2900.raw(line)
    assert b2900.error == number


def test_a_2450_sweeps_with_its_own_command_and_ends_off(k2450: Asked) -> None:
    k2450.raw(
        "*RST", "SOUR:FUNC VOLT", "SOUR:VOLT:ILIM 0.1", 'SENS:FUNC "CURR"', "SENS:CURR:RANG:AUTO ON",
        "SOUR:SWE:VOLT:LIN 0, 1, 3, 0.01", "INIT", "*WAI",
    )  # fmt: skip
    found = k2450.numbers('TRAC:DATA? 1, 3, "defbuffer1", SOUR, READ')
    assert found[1::2] == pytest.approx([0, 0.5e-3, 1e-3], abs=1e-6)
    assert k2450.ask("OUTP?") == "0"
    assert k2450.error == 0


def test_a_2450_measures_so_often_and_keeps_them(k2450: Asked) -> None:
    k2450.raw("SOUR:VOLT:ILIM 0.1;:SOUR:VOLT 1;:OUTP ON", 'SENS:COUN 4;:TRAC:CLE "defbuffer1"')
    assert k2450.numbers("READ?") == pytest.approx([1e-3], rel=1e-3)
    assert k2450.ask('TRAC:ACT? "defbuffer1"') == "4"
    assert float(k2450.ask('TRAC:STAT:AVER? "defbuffer1"')) == pytest.approx(1e-3, rel=1e-3)


def test_a_2450_tells_its_language_and_what_is_missing(k2450: Asked) -> None:
    assert k2450.ask("*LANG?") == "SCPI"
    k2450.raw('TRAC:DATA? 1, 1, "nobuffer"')
    assert k2450.error == 4916
    k2450.raw("INIT")
    assert k2450.error == 4950


def test_a_gs200_sources_within_its_range_and_monitors_the_other_quantity(gs200: Asked) -> None:
    gs200.raw(":SOUR:FUNC VOLT;:SOUR:RANG 1;:SOUR:LEV 0.5;:SOUR:PROT:CURR 0.01;:OUTP 1;:SENS 1")
    assert gs200.ask(":MEAS?") != ""
    assert float(gs200.ask(":MEAS?")) == pytest.approx(0.5e-3, abs=2e-5)
    gs200.raw(":SOUR:LEV 1.3")
    assert gs200.error == -222
    gs200.raw(":SOUR:LEV:AUTO 5")
    assert float(gs200.ask(":SOUR:RANG?")) == 10.0


def test_a_gs200_steps_through_its_program(gs200: Asked) -> None:
    gs200.raw(":SOUR:FUNC VOLT;:SOUR:RANG 10;:OUTP 1", ":PROG:EDIT:STAR", ":SOUR:LEV 1", ":SOUR:LEV 2")
    gs200.raw(":PROG:EDIT:END;:PROG:INT 0.5;:PROG:SLOP 0.1;:SOUR:LEV 0")
    assert gs200.ask(":PROG:COUN?") == "2"
    begun = gs200.time
    gs200.raw(":PROG:RUN")
    assert gs200.time - begun == pytest.approx(1.0)
    assert gs200.levels[-1] == 2.0
    assert max(abs(b - a) for a, b in zip(gs200.levels[-20:], gs200.levels[-19:], strict=False)) < 0.11
    assert int(gs200.ask(":STAT:EVEN?")) & 1 << 7, "end of program"


def test_a_gs200_says_which_limiter_holds(gs200: Asked) -> None:
    gs200.raw(":SOUR:FUNC VOLT;:SOUR:RANG 10;:SOUR:PROT:CURR 1e-3;:SOUR:LEV 5;:OUTP 1")
    assert int(gs200.ask(":STAT:COND?")) == 1 << 11
    gs200.raw(":SOUR:LEV -5")
    assert int(gs200.ask(":STAT:COND?")) == 1 << 10
