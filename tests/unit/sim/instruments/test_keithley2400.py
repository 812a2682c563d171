"""A simulated 2400 on 1 kohm: what its manual's examples and other people's programs send."""

import struct

import pytest

from tests.support.instrument import Asked

COMPLIANCE, RANGE_COMPLIANCE = 1 << 3, 1 << 16


@pytest.fixture
def smu() -> Asked:
    return Asked("keithley2400")


def test_a_source_and_measure_example_reads_all_five_elements(smu: Asked) -> None:
    smu.raw(
        "*RST", ":SOUR:FUNC VOLT", ":SOUR:VOLT:MODE FIXED", ":SOUR:VOLT:RANG 20", ":SOUR:VOLT:LEV 10",
        ':SENS:FUNC "CURR"', ":SENS:CURR:PROT 20E-3", ":SENS:CURR:RANG 10E-3", ":OUTP ON",
    )  # fmt: skip
    volts, amperes, ohms, _, status = smu.numbers(":READ?")
    assert (volts, ohms) == (10.0, 9.91e37)
    assert amperes == pytest.approx(10e-3, rel=1e-3)
    assert not int(status) & (COMPLIANCE | RANGE_COMPLIANCE)
    assert smu.error == 0


def test_a_program_of_another_library_fills_the_buffer_and_is_told_so(smu: Asked) -> None:
    smu.raw(
        ":SOUR:FUNC VOLT;:SOUR:VOLT:RANG 2;:SENS:CURR:PROT 5e-3", ":SENS:FUNC 'CURR';:SENS:CURR:NPLC 1",
        ":SOUR:VOLT:LEV 0.5;:OUTP ON", ":STAT:PRES;*CLS;*SRE 1;:STAT:MEAS:ENAB 512;", ":TRAC:CLEAR;",
        ":TRAC:POIN 10", ":TRIG:COUN 10", ":TRAC:FEED SENSE;:TRAC:FEED:CONT NEXT;",
    )  # fmt: skip
    assert smu.ask("*STB?") == "0"
    smu.raw(":INIT")
    assert smu.ask("*STB?") == "65"
    assert smu.ask(":TRAC:POIN:ACT?") == "10"
    means = smu.numbers(":CALC3:FORM MEAN;:CALC3:DATA?")
    assert means[1] == pytest.approx(0.5e-3, rel=1e-3)
    assert len(smu.numbers(":TRAC:DATA?")) == 50


def test_a_staircase_holds_its_end_and_goes_back_with_the_mode(smu: Asked) -> None:
    smu.raw(
        ":SENS:CURR:PROT 0.1", ":SOUR:VOLT:STAR 1;STOP 5;:SOUR:SWE:POIN 5;:SOUR:VOLT:MODE SWE",
        ":TRIG:COUN 5;:FORM:ELEM CURR;:OUTP ON",
    )  # fmt: skip
    assert smu.numbers(":READ?") == pytest.approx([1e-3, 2e-3, 3e-3, 4e-3, 5e-3], rel=1e-3)
    assert smu.levels[-5:] == [1.0, 2.0, 3.0, 4.0, 5.0]
    smu.raw(":SOUR:VOLT:MODE FIX")
    assert smu.levels[-1] == 0.0


def test_a_step_decides_how_many_points_there_are(smu: Asked) -> None:
    smu.raw(":SOUR:VOLT:STAR 1;STOP 2;STEP 0.25")
    assert smu.ask(":SOUR:SWE:POIN?") == "5"


def test_a_logarithmic_staircase_and_a_list(smu: Asked) -> None:
    smu.raw(":SENS:CURR:PROT 0.1;:OUTP ON;:TRIG:COUN 3;:FORM:ELEM CURR")
    smu.raw(":SOUR:VOLT:STAR 0.1;STOP 10;:SOUR:SWE:POIN 3;SPAC LOG;:SOUR:VOLT:MODE SWE", ":READ?")
    assert smu.levels[-3:] == pytest.approx([0.1, 1.0, 10.0])
    smu.raw(":SOUR:LIST:VOLT 3,1;:SOUR:LIST:VOLT:APP 2;:SOUR:VOLT:MODE LIST", ":READ?")
    assert smu.levels[-3:] == [3.0, 1.0, 2.0]
    assert smu.ask(":SOUR:LIST:VOLT:POIN?") == "3"


def test_both_limits_are_told_apart(smu: Asked) -> None:
    smu.raw(":SENS:CURR:PROT 1e-3;:SOUR:VOLT:LEV 5;:FORM:ELEM CURR,STAT;:OUTP ON")
    amperes, status = smu.numbers(":READ?")
    assert amperes == pytest.approx(1e-3, rel=1e-3)
    assert int(status) & COMPLIANCE
    smu.raw(":SENS:CURR:RANG 1e-4")
    amperes, status = smu.numbers(":READ?")
    assert amperes == pytest.approx(1.05e-4, rel=1e-3)
    assert int(status) & RANGE_COMPLIANCE
    assert smu.ask(":SENS:CURR:PROT:TRIP?") == "1"


def test_binary_readings_are_blocks_of_single_floats(smu: Asked) -> None:
    smu.raw(":FORM:ELEM VOLT;:FORM REAL,32;:FORM:BORD NORM;:SOUR:VOLT:LEV 2;:OUTP ON")
    data = smu.raw(":READ?")
    assert data[:2] == b"#0"
    assert struct.unpack(">f", data[2:-1]) == (2.0,)


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        ((":READ?",), 803), ((":SOUR:VOLT:LEV 211",), -222),
        ((":SOUR:LIST:VOLT " + ",".join("1" * 101),), -108),
        ((":SENS:CURR:PROT 0.5;:SOUR:VOLT:RANG 200",), 826), ((":SENS:CURR:RANG 1",), 824),
        ((":SENS:CURR:PROT 1e-12",), -222), ((":TRIG:COUN 2501",), -222), ((":SENS:FUNC 'TEMP'",), -224),
        ((":CALC2:LIM1:STAT ON",), -113), ((":SOUR2:VOLT 1",), -114), ((":FETC?",), -230),
    ],
)  # fmt: skip
def test_what_the_manual_refuses_is_refused(smu: Asked, lines: tuple[str, ...], number: int) -> None:
    smu.raw(*lines)
    assert smu.error == number
    assert not smu.levels


def test_another_function_turns_the_output_off(smu: Asked) -> None:
    smu.raw(":OUTP ON", ":SOUR:FUNC CURR")
    assert smu.ask(":OUTP?") == "0"


def test_integration_takes_its_time(smu: Asked) -> None:
    smu.raw(":OUTP ON;:SOUR:DEL 0;:SYST:AZER OFF;:SENS:CURR:NPLC 10;:TRIG:COUN 5")
    begun = smu.time
    smu.raw(":READ?")
    assert smu.time - begun == pytest.approx(5 * 10 / 50, rel=0.1)


def test_noise_falls_with_integration(smu: Asked) -> None:
    smu.raw(":OUTP ON;:SOUR:VOLT:LEV 1;:FORM:ELEM CURR;:TRIG:COUN 400;:SENS:CURR:PROT 0.1")

    def spread(nplc: float) -> float:
        values = smu.numbers(f":SENS:CURR:NPLC {nplc}", ":READ?")
        mean = sum(values) / len(values)
        return float((sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5)

    assert spread(0.1) / spread(10) == pytest.approx(10.0, rel=0.25)
