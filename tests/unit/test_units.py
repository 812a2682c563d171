"""Reading and writing quantities."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrig.units import example, format_quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("10 kohm", "ohm", 1e4),
        ("10kΩ", "ohm", 1e4),
        ("1 \u2126", "ohm", 1.0),
        ("4.7 Mohm", "ohm", 4.7e6),
        ("5 V", "V", 5.0),
        ("-3 mV", "V", -3e-3),
        ("−3 mV", "V", -3e-3),
        ("20 uS", "S", 2e-5),
        ("20 \u00b5S", "S", 2e-5),
        ("20 \u03bcS", "S", 2e-5),
        ("2.5 mA", "A", 2.5e-3),
        ("250 ms", "s", 0.25),
        ("8 h", "s", 28800.0),
        ("2 min", "s", 120.0),
        ("100 mV/ms", "V/s", 100.0),
        ("3e-6 S/V^2", "S/V^2", 3e-6),
        ("3 uS/V²", "S/V^2", 3e-6),
        ("1e-9 S^2/V^2", "S^2/V^2", 1e-9),
        (" 1.5e+3  mW ", "W", 1.5),
        ("20 %", "", 0.2),
        ("0.2", "", 0.2),
        (".5", "", 0.5),
    ],
)
def test_a_number_with_a_unit_is_read_exactly_as_its_si_float(text: str, unit: str, value: float) -> None:
    assert parse_quantity(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit", "why"),
    [
        ("5", "V", "no unit"),
        ("5 A", "V", "another kind of quantity"),
        ("5 S", "ohm", "another kind of quantity"),
        ("5 %", "V", "another kind of quantity"),
        ("5 lux", "V", "'lux' is not known"),
        ("5 S", "S/V^2", "another kind of quantity"),
        ("5 volty", "V", "'volty' is not known"),
        ("5 Vs", "V", "'Vs' is not known"),
        ("nan V", "V", "not a number and a unit"),
        ("inf V", "V", "not a number and a unit"),
        ("5 V + 3 V", "V", "not a number and a unit"),
        ("2*3 V", "V", "not a number and a unit"),
        ("__import__('os')", "V", "not a number and a unit"),
        ("V", "V", "not a number and a unit"),
        ("", "V", "not a number and a unit"),
        ("5 V/", "V", "not a number and a unit"),
        ("5,3 V", "V", "not a number and a unit"),
        ("٥ V", "V", "not a number and a unit"),
        ("1e999 V", "V", "no float can hold"),
        ("1e999999999999 V", "V", "no float can hold"),
        ("5 V", "", "a plain number or a percentage belongs"),
        ("20 rad", "", "a plain number or a percentage belongs"),
    ],
)
def test_what_is_no_quantity_of_this_unit_is_refused_with_an_example(text: str, unit: str, why: str) -> None:
    with pytest.raises(ValueError, match="found") as refusal:
        parse_quantity(text, unit)
    message = str(refusal.value)
    assert repr(text) in message
    assert why in message
    assert repr(example(unit)) in message


def test_a_refused_unit_is_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="'furlongz' is not known"):
            parse_quantity("1 furlongz", "V")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_written_with_its_unit_reads_back_as_the_same_float(value: float) -> None:
    assert parse_quantity(f"{value!r} S", "S") == value


@pytest.mark.parametrize("exponent", range(-9, 10, 3))
def test_a_prefix_scales_like_the_power_of_ten_it_stands_for(exponent: int) -> None:
    prefix = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}[exponent]
    assert parse_quantity(f"3.3 {prefix}V", "V") == float(f"3.3e{exponent}")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2e-5, "S", "20 µS"),
        (4700.0, "ohm", "4.7 kΩ"),
        (-2.5e-3, "A", "-2.5 mA"),
        (1e-6, "V", "1 µV"),
        (0.1, "V", "100 mV"),
        (1.0, "V", "1 V"),
        (0.0, "V", "0 V"),
        (999.9999999, "V", "1 kV"),
        (9.9999999e-4, "V", "1 mV"),
        (1e-20, "V", "1e-05 fV"),
        (3e-6, "S/V^2", "3e-06 S/V^2"),
        (0.2, "", "0.2"),
        (math.inf, "S", "inf S"),
        (math.nan, "V", "nan V"),
    ],
)
def test_a_quantity_is_shown_with_an_engineering_prefix(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.384, "380 mΩ"), (171.0, "170 Ω"), (996.0, "1 kΩ"), (0.0123, "12 mΩ"), (4.04, "4 Ω")],
)
def test_few_digits_stand_before_the_point_without_an_exponent(value: float, text: str) -> None:
    assert format_quantity(value, "ohm", 2) == text


@given(st.floats(min_value=1e-12, max_value=1e12))
def test_a_shown_quantity_reads_back_within_its_digits(value: float) -> None:
    # Six significant digits: half a unit of the sixth is at most 5e-6 of the value.
    assert parse_quantity(format_quantity(value, "V"), "V") == pytest.approx(value, rel=5.01e-6)


def test_pint_is_imported_by_the_first_quantity_only() -> None:
    script = (
        "import sys, labrig.units as u; assert 'pint' not in sys.modules;"
        "u.format_quantity(1.0, 'V'); assert 'pint' not in sys.modules;"
        "u.parse_quantity('1 V', 'V'); assert 'pint' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
