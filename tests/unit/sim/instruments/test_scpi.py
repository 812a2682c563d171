"""The SCPI engine by itself: grammar, numbers, status and errors, on an instrument of three commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrig.sim.instruments.scpi.engine import ScpiInstrument
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import Range, read_boolean, read_number
from labrig.sim.instruments.scpi.settings import number
from labrig.sim.instruments.scpi.syntax import Node, units
from labrig.sim.instruments.scpi.tree import Arguments, Running


class Small(ScpiInstrument):
    """Knows a level, a limit, and a measurement of one second."""

    identity = "nobody,small,0,0"

    def __init__(self) -> None:
        self.time = 0.0
        super().__init__(lambda: self.time, errors=3)
        self.level = self.limit = 0.0
        levels = Range(-10.0, 10.0, 1.0, "V")
        number(self.tree, "[:SOURce[1]]:VOLTage[:LEVel]", lambda: levels, lambda: self.level, self.put_level)
        number(self.tree, "[:SOURce[1]]:VOLTage:LIMit", lambda: levels, lambda: self.limit, self.put_limit)
        self.tree.add(":READ?", self.read)

    def put_level(self, value: float) -> None:
        self.level = value

    def put_limit(self, value: float) -> None:
        self.limit = value

    def read(self, _: Arguments) -> Running:
        yield 1.0
        return "5"

    def ask(self, message: str) -> str:
        """Send a message, let time pass, and take the answer."""
        self.receive(message.encode() + b"\n")
        while (left := self.advance()) is not None:
            self.time += left
        return self.respond().decode().strip()


@pytest.fixture
def small() -> Small:
    return Small()


@pytest.mark.parametrize(
    "message",
    [
        ":SOURce1:VOLTage:LEVel 2", "sour:volt 2", "VOLT 2", ":volt:lev 2.0E0", "VOLT 2 V", "VOLT 2000mV",
        "VOLT 2E3 mV", "  VOLT   2 ", "SOUR:VOLT:LEV +2;", ";;VOLT 2", "VOLT #H2", "VOLT #B10",
    ],
)  # fmt: skip
def test_a_command_may_be_spelled_in_many_ways(small: Small, message: str) -> None:
    small.ask(message)
    assert small.level == 2.0
    assert small.ask("SYST:ERR?") == '0,"No error"'


def test_a_header_goes_on_where_the_one_before_stood(small: Small) -> None:
    small.ask(":SOUR:VOLT:LEV 3;LIM 4;*OPC;LIM 5;:VOLT 6")
    assert (small.level, small.limit) == (6.0, 5.0)


def test_a_query_may_name_the_ends(small: Small) -> None:
    assert small.ask("VOLT? MIN;:VOLT? MAX;:VOLT? DEF") == "-1.000000E+01;+1.000000E+01;+1.000000E+00"
    small.ask("VOLT MAX")
    assert small.level == 10.0


@pytest.mark.parametrize(
    ("message", "number_"),
    [
        ("NONSense", -113), ("VOLT", -109), ("VOLT 1,2", -108), ("VOLT 11", -222), ("VOLT 1 A", -131),
        ("VOLT x", -104), ('VOLT "1"', -151), ("SOUR2:VOLT 1", -114), ("VOLT 'a", -151), ("*NIX", -113),
        ("VOLT:LEV:LEV 1", -113), ("VOLT?;?", -102),
    ],
)  # fmt: skip
def test_what_breaks_the_rules_has_the_number_of_the_standard(
    small: Small, message: str, number_: int
) -> None:
    small.ask(message)
    assert small.ask("SYST:ERR?").startswith(f"{number_},")
    assert small.level == 0.0


def test_an_error_drops_what_is_left_of_its_message(small: Small) -> None:
    assert small.ask("VOLT 1;:VOLT?;:NIX;:VOLT 2") == "+1.000000E+00"
    assert small.level == 1.0


def test_a_queue_that_is_full_says_so_in_its_last_entry(small: Small) -> None:
    for _ in range(5):
        small.ask("NIX")
    assert small.ask("SYST:ERR:COUN?") == "3"
    assert (
        small.ask("SYST:ERR:ALL?") == '-113,"Undefined header",-113,"Undefined header",-350,"Queue overflow"'
    )
    assert small.ask("SYST:ERR?") == '0,"No error"'


def test_errors_set_the_bits_of_their_class(small: Small) -> None:
    assert small.ask("*ESR?") == "128", "power on"
    small.ask("NIX")
    small.ask("VOLT 11")
    assert small.ask("*ESR?") == str(32 + 16), "command error and execution error"
    assert small.ask("*ESR?") == "0"


def test_the_status_byte_sums_up_what_is_enabled(small: Small) -> None:
    small.ask("*CLS;*ESE 32;*SRE 32")
    small.ask("NIX")
    assert int(small.ask("*STB?")) == 64 + 32 + 4, "master summary, event summary, error available"
    small.ask("*CLS")
    assert small.ask("*STB?") == "0"


def test_what_takes_time_holds_up_what_comes_after_it(small: Small) -> None:
    small.receive(b"READ?\nVOLT 3\n")
    assert small.advance() == pytest.approx(1.0)
    assert small.respond() == b""
    assert small.level == 0.0
    small.time += 1.0
    assert small.advance() is None
    assert small.respond() == b"5\n"
    assert small.level == 3.0


def test_abort_does_not_wait(small: Small) -> None:
    small.receive(b"READ?\n")
    small.advance()
    small.receive(b":ABOR\n")
    assert small.advance() is None
    assert small.respond() == b""


def test_a_device_clear_drops_messages_and_answers(small: Small) -> None:
    small.receive(b"READ?\nVOLT 3\nVO")
    small.advance()
    small.clear()
    assert small.advance() is None
    assert small.respond() == b""
    assert small.ask("VOLT?") == "+0.000000E+00"


def test_bytes_may_come_in_any_pieces(small: Small) -> None:
    for byte in b"VOLT 4\nVOLT?\n":
        small.receive(bytes((byte,)))
    small.advance()
    assert small.respond() == b"+4.000000E+00\n"


def test_the_end_of_a_transport_ends_a_message(small: Small) -> None:
    small.receive(b"*IDN?", end=True)
    small.advance()
    assert small.respond() == b"nobody,small,0,0\n"


@given(st.binary(max_size=200))
def test_no_bytes_break_the_engine(data: bytes) -> None:
    small = Small()
    small.receive(data + b"\n")
    while (left := small.advance()) is not None:
        small.time += left
    small.respond()
    assert small.ask("*IDN?") == "nobody,small,0,0"


@given(st.floats(-1e6, 1e6), st.sampled_from(["", "V", "mV", "uV", "kV"]))
def test_numbers_are_read_with_their_multipliers(value: float, unit: str) -> None:
    factor = {"": 1.0, "V": 1.0, "mV": 1e-3, "uV": 1e-6, "kV": 1e3}[unit]
    assert read_number(f"{value!r} {unit}".strip(), "V") == pytest.approx(value * factor, rel=1e-12)


def test_mega_and_milli_are_told_apart_by_their_unit() -> None:
    assert read_number("2 MOHM", "OHM") == 2e6
    assert read_number("2 MV", "V") == 2e-3
    assert read_number("2 MAV", "V") == 2e6


@pytest.mark.parametrize(("text", "value"), [("ON", True), ("off", False), ("1", True), ("0.2", False)])
def test_booleans_are_words_or_rounded_numbers(text: str, value: bool) -> None:
    assert read_boolean(text) is value


def test_strings_may_hold_what_separates_elsewhere() -> None:
    (unit,) = units(":TEXT \"a;b,c\", 'd''e', (@1,2)")
    assert unit.path == (Node("TEXT", None),)
    assert unit.parameters == ('"a;b,c"', "'d''e'", "(@1,2)")


def test_errors_say_which_bit_of_the_event_register_they_set() -> None:
    assert [ScpiError(n).event_bit for n in (-113, -222, -350, -410)] == [5, 4, 3, 2]
    assert ScpiError(803, "own").event_bit == 3
