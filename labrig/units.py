"""Quantities as people write them, ``10 kohm``, and as messages print them, ``20 µS``.

Inside labrig every number is an SI float; text with a unit is read here and nowhere else.
"""

import math
import re
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import Any

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_WORD = r"[A-Za-z]+(?:\^[1-9])?"
_QUANTITY = re.compile(rf"\s*(?P<number>{_NUMBER})\s*(?P<unit>%|{_WORD}(?:\s*[/*]\s*{_WORD})*)?\s*")
_SPELLINGS = str.maketrans(
    {
        "\u00b5": "u",
        "\u03bc": "u",
        "\u03a9": "ohm",
        "\u2126": "ohm",
        "·": "*",
        "²": "^2",
        "−": "-",
        "°": "deg",
    }
)
_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
_DEFINITIONS = """
    femto- = 1e-15 = f-
    pico- = 1e-12 = p-
    nano- = 1e-9 = n-
    micro- = 1e-6 = u-
    milli- = 1e-3 = m-
    kilo- = 1e3 = k-
    mega- = 1e6 = M-
    giga- = 1e9 = G-
    tera- = 1e12 = T-
    second = [time] = s
    minute = 60 * second = min
    hour = 60 * minute = h
    volt = [voltage] = V
    ampere = [current] = A
    ohm = volt / ampere
    siemens = ampere / volt = S
    watt = volt * ampere = W
    percent = 0.01 = %
    ppm = 1e-6
    kelvin = [temperature] = K
    celsius = [scale_of_temperature] = degC
"""
"""What a bench is described in, as pint reads it; its own list of every unit there is takes long to load."""
_EXAMPLES = {
    "V": "5 V",
    "A": "2.5 mA",
    "S": "20 uS",
    "ohm": "10 kohm",
    "s": "250 ms",
    "W": "1 mW",
    "V/s": "100 V/s",
    "S/V^2": "3e-6 S/V^2",
    "S^2/V^2": "1e-9 S^2/V^2",
    "": "20 %",
    "K": "5 K",
    "degC": "25 degC",
    "1/K": "50 ppm/K",
    "V/K": "10 uV/K",
}


def parse_quantity(text: str, unit: str) -> float:
    """Read ``number unit`` as an SI float.

    The number is scaled in decimal, so ``20 uS`` is exactly ``2e-5``.

    Parameters
    ----------
    text
        Such as ``"10 kohm"``, ``"5 V"``, ``"3e-6 S/V^2"``; µ, Ω and ² are understood.
    unit
        The SI unit that the result is in; ``""`` for a fraction, written bare or with ``%``.

    Raises
    ------
    ValueError
        No number, no unit, an unknown unit, another dimension, or a number too large for a float.
    """
    match = _QUANTITY.fullmatch(text.translate(_SPELLINGS))
    if match is None:
        raise ValueError(_refusal(text, unit, "which is not a number and a unit"))
    written = match["unit"]
    if written is None and unit:
        raise ValueError(_refusal(text, unit, "which has no unit"))
    if written and not unit and written != "%":
        raise ValueError(_refusal(text, unit, "where a plain number or a percentage belongs"))
    factor = _factor(written or "", unit, text)
    try:
        value = float(Decimal(match["number"]) * factor)
    except DecimalException:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(_refusal(text, unit, "which no float can hold"))
    return value


def example(unit: str) -> str:
    """How a quantity of this unit is written."""
    return _EXAMPLES.get(unit, f"1 {unit}")


def format_quantity(value: float, unit: str, digits: int = 6) -> str:
    """Write a quantity for people, with an engineering prefix where the unit is a single symbol.

    Examples
    --------
    >>> format_quantity(2e-5, "S")
    '20 µS'
    >>> format_quantity(4700.0, "ohm")
    '4.7 kΩ'
    """
    symbol = "Ω" if unit == "ohm" else unit
    if not symbol.isalpha() or value == 0 or not math.isfinite(value):
        return f"{value:.{digits}g} {symbol}".rstrip()
    exponent = math.floor(math.log10(abs(float(f"{value:.{digits}g}")))) // 3 * 3
    exponent = min(max(exponent, min(_PREFIXES)), max(_PREFIXES))
    scaled = float(Decimal(repr(float(value))).scaleb(-exponent))
    rounded = float(f"{scaled:.{digits}g}")  # to fewer digits than stand before the point, perhaps
    return f"{rounded:.{max(digits, 3)}g} {_PREFIXES[exponent]}{symbol}"


def _refusal(text: str, unit: str, why: str) -> str:
    wanted = f"a quantity in {unit}" if unit else "a plain number or a percentage"
    return f"found {text!r}, {why}; write {wanted}, such as {example(unit)!r}"


def _factor(written: str, unit: str, text: str) -> Decimal:
    if not unit:
        return Decimal("0.01") if written else Decimal(1)
    try:
        return _pint_factor(written.replace("Ohm", "ohm"), unit)
    except ValueError as error:
        raise ValueError(_refusal(text, unit, str(error))) from error


@lru_cache(maxsize=256)
def _pint_factor(written: str, unit: str) -> Decimal:
    """How many `unit` one `written` is; a ValueError says what is wrong with it."""
    import pint

    registry = _registry()
    try:
        quantity = registry.Quantity(Decimal(1), registry.parse_units(written))
        return Decimal(quantity.to(registry.parse_units(unit)).magnitude)
    except pint.DimensionalityError as error:
        msg = "which is another kind of quantity"
        raise ValueError(msg) from error
    except (pint.PintError, AttributeError, TypeError) as error:
        msg = f"whose unit {written!r} is not known"
        raise ValueError(msg) from error


@lru_cache(maxsize=1)
def _registry() -> Any:
    from pint import UnitRegistry

    untyped: Any = UnitRegistry  # its signature says that non_int_type is a float
    registry = untyped(None, non_int_type=Decimal)
    registry.load_definitions(_DEFINITIONS.splitlines())
    return registry
