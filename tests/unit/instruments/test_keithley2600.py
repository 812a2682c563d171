"""The dialogue with a Keithley series 2600B."""

import math

import numpy as np
import pytest

from labrig.config.capabilities import Keithley2600Model
from labrig.errors import InstrumentError, LinkOpenError, ReadbackMismatch, UnexpectedReply
from labrig.instruments.base import CurrentSource, Limited, Metering, SweepPoints, Unit, VoltageSource
from labrig.instruments.keithley2600 import Keithley2600Channel, TspSession, connect
from labrig.instruments.safe import Caps, SafeSourceMeter
from tests.support.scripted import ScriptedLink, Turn, block, scripted, told

IDENTITY = "Keithley Instruments Inc., Model 2602B, 4401234, 3.3.5"
NO_ERROR = "0.00000e+00\tQueue Is Empty\t0.00000e+00\t1.00000e+00"
ASKED: list[Turn] = [
    ("*IDN?", IDENTITY),
    ("print(errorqueue.next())", "-2.85000e+02\tTSP Syntax error at line 1\t2.00000e+01\t1.00000e+00"),
    ("print(errorqueue.next())", NO_ERROR),
    ("print(localnode.linefreq)", "5.00000e+01"),
]
HELLO = [*told("abort", "smub.abort()"), *ASKED]
HELLO_A = [*told("abort", "smua.abort()"), *ASKED]
SETUP = VoltageSource(1e-3, metering=Metering(nplc=0.001, delay=1e-5))
FORMAT = "format.asciiprecision = 10 format.data = format.REAL64 format.byteorder = format.LITTLEENDIAN"


def set_up(smu: str) -> list[Turn]:
    return told(
        f"{smu}.reset() labrig_sweeping_{smu} = nil",
        f"{smu}.source.func = {smu}.OUTPUT_DCVOLTS",
        f"{smu}.source.offmode = {smu}.OUTPUT_NORMAL",
        f"{smu}.sense = {smu}.SENSE_LOCAL",
        f"{smu}.source.autorangev = {smu}.AUTORANGE_ON",
        f"{smu}.source.levelv = 0",
        f"{smu}.source.limiti = 1.000000E-03",
        f"{smu}.measure.autorangei = {smu}.AUTORANGE_ON",
        f"{smu}.measure.nplc = 0.001",
        f"{smu}.measure.autozero = {smu}.AUTOZERO_AUTO",
        *triggered(smu),
        FORMAT,
    )


def triggered(smu: str) -> tuple[str, ...]:
    return (
        f"{smu}.trigger.measure.iv({smu}.nvbuffer1, {smu}.nvbuffer2)",
        f"{smu}.trigger.measure.action = {smu}.ENABLE {smu}.trigger.source.action = {smu}.ENABLE",
        f"{smu}.trigger.endpulse.action = {smu}.SOURCE_HOLD",
        f"{smu}.trigger.endsweep.action = {smu}.SOURCE_HOLD",
    )


def buffers(smu: str, count: int) -> list[Turn]:
    return told(
        f"{smu}.nvbuffer1.clear() {smu}.nvbuffer1.appendmode = 1"
        f" {smu}.nvbuffer2.clear() {smu}.nvbuffer2.appendmode = 1"
        f" {smu}.nvbuffer1.collecttimestamps = 1 {smu}.nvbuffer2.collecttimestamps = 1",
        f"{smu}.source.delay = 1.000000E-05 {smu}.trigger.arm.count = 1 {smu}.trigger.count = {count}",
        f"labrig_sweeping_{smu} = true {smu}.trigger.initiate()",
    )


def printed(smu: str, count: int, ranges: str = "nvbuffer1") -> str:
    return (
        f"waitcomplete() printbuffer(1, {count}, {smu}.nvbuffer1.readings, {smu}.nvbuffer2.readings,"
        f" {smu}.nvbuffer1.timestamps, {smu}.nvbuffer1.statuses, {smu}.{ranges}.measureranges)"
    )


MEASURED = (
    "delay(1.000000E-05) local i, v = smub.measure.iv()"
    " print(i, v, smub.source.compliance, smub.measure.rangei)"
)


def opened(link: ScriptedLink, channel: int = 2) -> Keithley2600Channel:
    return connect(TspSession(link), "2602B", channel)


@pytest.mark.parametrize(("channel", "smu"), [(1, "smua"), (2, "smub")])
def test_a_channel_is_set_up_from_a_reset_of_its_own(channel: int, smu: str) -> None:
    with scripted(told("abort", f"{smu}.abort()"), ASKED, set_up(smu)) as link:
        opened(link, channel).apply(SETUP)


def test_ranges_sense_and_off_mode_are_set_where_they_are_asked_for() -> None:
    asked = Metering(nplc=1, range=6.0, four_wire=True, autozero=False, off_mode="high-impedance")
    with scripted(
        HELLO_A,
        told(
            "smua.reset() labrig_sweeping_smua = nil",
            "smua.source.func = smua.OUTPUT_DCAMPS",
            "smua.source.offmode = smua.OUTPUT_HIGH_Z",
            "smua.sense = smua.SENSE_REMOTE",
            "smua.source.rangei = 1.000000E-03",
            "smua.source.leveli = 0",
            "smua.source.limitv = 6.000000E+00",
            "smua.measure.rangev = 6.000000E+00",
            "smua.measure.nplc = 1",
            "smua.measure.autozero = smua.AUTOZERO_ONCE",
            *triggered("smua"),
            FORMAT,
        ),
    ) as link:
        opened(link, 1).apply(CurrentSource(6.0, range=1e-3, metering=asked))


def test_the_output_stays_off_where_the_limit_reads_back_differently() -> None:
    with scripted(
        HELLO,
        [("print(smub.source.output)", "0.00000e+00")],
        set_up("smub"),
        [
            ("print(errorqueue.next())", NO_ERROR),
            ("print(smub.source.func)", "1.0000000000e+00"),
            ("print(smub.source.limiti)", "1.0000000000e-02"),
        ],
    ) as link:
        meter = SafeSourceMeter(opened(link), Caps(10.0, 1.0, 100.0))
        with pytest.raises(ReadbackMismatch, match=r"1 mA.*10 mA"):
            meter.configure(SETUP)


def test_an_error_of_the_instrument_is_told_in_its_words() -> None:
    refused = "5.00700e+03\tOperation would exceed interlock\t2.00000e+01\t1.00000e+00"
    with scripted(
        HELLO,
        [("print(smub.source.output)", "0.00000e+00")],
        set_up("smub"),
        [("print(errorqueue.next())", refused), ("print(errorqueue.next())", NO_ERROR)],
    ) as link:
        meter = SafeSourceMeter(opened(link), Caps(10.0, 1.0, 100.0))
        with pytest.raises(InstrumentError, match="error 5007, Operation would exceed interlock"):
            meter.configure(SETUP)


@pytest.mark.parametrize(("held", "limited"), [("true", Limited.SET), ("false", Limited.NO)])
def test_a_measurement_says_whether_the_limit_held(held: str, limited: Limited) -> None:
    with scripted(
        HELLO,
        set_up("smub"),
        [(MEASURED, f"1.0000000000e-03\t4.0000000000e-01\t{held}\t1.0000000000e-03")],
    ) as link:
        channel = opened(link)
        channel.apply(SETUP)
        reading = channel.measure(1.0)
    assert (reading.volts, reading.amperes, reading.range) == (0.4, 1e-3, 1e-3)
    assert reading.limited is limited
    assert not reading.lost


@pytest.mark.parametrize("spelt", ["9.9100000000e+37", "nan", "nil", "-9.9100000000e+37"])
def test_a_current_that_is_none_becomes_nan_with_a_reason(spelt: str) -> None:
    with scripted(
        HELLO, set_up("smub"), [(MEASURED, f"{spelt}\t1.0000000000e+00\tfalse\t1.0000000000e-03")]
    ) as link:
        channel = opened(link)
        channel.apply(SETUP)
        reading = channel.measure(1.0)
    assert reading.volts == 1.0
    assert math.isnan(reading.amperes)
    assert reading.lost


def test_an_answer_that_is_no_number_is_refused() -> None:
    with scripted([("print(smua.source.levelv)", "table: 0x1")]) as link, pytest.raises(UnexpectedReply):
        TspSession(link).printed("smua.source.levelv")


def test_a_staircase_of_a_thousand_points_takes_six_messages() -> None:
    levels = np.linspace(0.0, 1.0, 1000)
    rows = [
        value
        for k, level in enumerate(levels)
        for value in (level / 1e3, level, 0.001 * k, 0x40 | 0x04 if level > 0.5 else 0x04, 1e-3)
    ]
    with scripted(
        HELLO_A,
        set_up("smua"),
        told("smua.trigger.source.linearv(0.000000E+00, 1.000000E+00, 1000)"),
        buffers("smua", 1000),
        [(printed("smua", 1000), block(rows, "<d", indefinite=True))],
        told("smua.source.levelv = 1.000000E+00 smua.source.delay = 0 labrig_sweeping_smua = nil"),
    ) as link:
        channel = opened(link, 1)
        channel.apply(SETUP)
        readings = channel.run(SweepPoints(levels))
        assert len(link.written) - len(HELLO_A) - len(set_up("smua")) == 6
    assert [reading.volts for reading in readings] == levels.tolist()
    assert readings[10].amperes == pytest.approx(levels[10] / 1e3)
    assert {reading.limited for reading in readings if reading.level > 0.5} == {Limited.SET}
    assert {reading.limited for reading in readings if reading.level < 0.5} == {Limited.NO}
    assert readings[999].time - readings[0].time == pytest.approx(0.999)
    assert readings[0].range == 1e-3


def test_a_thousand_levels_in_no_order_take_twelve_messages_at_most() -> None:
    levels = np.random.default_rng(2).uniform(-1, 1, 1000)
    parts = [",".join(f"{level:.6E}" for level in levels[k : k + 250]) for k in range(0, 1000, 250)]
    with scripted(
        HELLO,
        set_up("smub"),
        told(
            f"labrig_levels = {{{parts[0]}}}",
            *(f"for _, x in ipairs({{{part}}}) do table.insert(labrig_levels, x) end" for part in parts[1:]),
            "smub.trigger.source.listv(labrig_levels)",
        ),
        buffers("smub", 1000),
        [(printed("smub", 1000), block([0.0] * 5000, "<d", indefinite=True))],
        told(f"smub.source.levelv = {levels[-1]:.6E} smub.source.delay = 0 labrig_sweeping_smub = nil"),
    ) as link:
        channel = opened(link)
        channel.apply(SETUP)
        channel.run(SweepPoints(levels))
        assert len(link.written) - len(HELLO) - len(set_up("smub")) <= 12


def test_levels_of_equal_ratio_are_a_logarithmic_staircase() -> None:
    with scripted(
        HELLO_A,
        set_up("smua"),
        told("smua.trigger.source.logv(1.000000E-03, 1.000000E+00, 4, 0)"),
        buffers("smua", 4),
        [(printed("smua", 4), block([0.0] * 20, "<d", indefinite=True))],
        told("smua.source.levelv = 1.000000E+00 smua.source.delay = 0 labrig_sweeping_smua = nil"),
    ) as link:
        channel = opened(link, 1)
        channel.apply(SETUP)
        channel.run(SweepPoints(np.array([1e-3, 1e-2, 0.1, 1.0])))


def test_a_sweep_is_broken_off_even_where_a_script_waits_for_it() -> None:
    with scripted(HELLO, told("abort", "smub.abort()")) as link:
        opened(link).abort()


@pytest.mark.parametrize("model", ["2612B", "2601B"])
def test_another_model_of_the_series_is_refused_because_its_limits_differ(model: Keithley2600Model) -> None:
    with (
        scripted(told("abort", "smua.abort()"), [("*IDN?", IDENTITY)]) as link,
        pytest.raises(LinkOpenError, match=f"Model 2602B.*the rig has a Keithley {model}"),
    ):
        connect(TspSession(link), model)


@pytest.mark.parametrize(("unit", "letter"), [("V", "v"), ("A", "i")])
def test_the_level_of_a_sweep_that_was_broken_off_is_measured(unit: Unit, letter: str) -> None:
    asked = (
        "if labrig_sweeping_smub then smub.measure.nplc = 0.1 end "
        f"print(labrig_sweeping_smub and smub.measure.{letter}() or smub.source.level{letter})"
    )
    with scripted(HELLO, [(asked, "7.25000e-01")]) as link:
        assert opened(link).level(unit) == 0.725
