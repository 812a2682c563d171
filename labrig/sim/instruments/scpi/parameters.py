"""What parameters mean: numbers with units and names, booleans, choices, strings and lists."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from labrig.sim.instruments.scpi.errors import ScpiError

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:\s*[eE]\s*[+-]?\d+)?)\s*([A-Za-z/%]*)")
_BASES = {"H": 16, "Q": 8, "B": 2}
_MULTIPLIERS = {
    "EX": 1e18, "PE": 1e15, "T": 1e12, "G": 1e9, "MA": 1e6, "K": 1e3, "": 1.0,
    "M": 1e-3, "U": 1e-6, "N": 1e-9, "P": 1e-12, "F": 1e-15, "A": 1e-18,
}  # fmt: skip
"""IEEE 488.2, table 7-2: M is milli but before OHM and HZ, where it is mega."""
INFINITY = 9.9e37
"""SCPI 1999, volume 1, 7.2.1.4."""
NOT_A_NUMBER = 9.91e37
"""SCPI 1999, volume 1, 7.2.1.5."""


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that a parameter may be, and what its names stand for."""

    low: float
    high: float
    default: float
    unit: str = ""

    def read(self, text: str) -> float:
        """A number in range, or MINimum, MAXimum or DEFault.

        Raises
        ------
        ScpiError
            -222 outside the range, -104, -131 or -138 where it is no such number.
        """
        value = self.named(text)
        if value is None:
            value = read_number(text, self.unit)
        slack = 1e-9 * max(abs(self.low), abs(self.high))
        if not self.low - slack <= value <= self.high + slack:
            raise ScpiError(-222)
        return value

    def named(self, text: str) -> float | None:
        """What MINimum, MAXimum and DEFault stand for; None: it is none of them."""
        names = (("MINimum", self.low), ("MAXimum", self.high), ("DEFault", self.default))
        return next((value for name, value in names if matches(text, name)), None)


def matches(text: str, name: str) -> bool:
    """Whether a word is the short form of a name, which is its capitals, or the long one."""
    return text.upper() in (short(name), name.upper())


def read_number(text: str, unit: str = "") -> float:
    """A decimal number with an optional multiplier and unit, or ``#H``, ``#Q`` or ``#B`` digits.

    Raises
    ------
    ScpiError
        It is none.
    """
    if text.startswith("#") and text[1:2].upper() in _BASES:
        try:
            return float(int(text[2:], _BASES[text[1].upper()]))
        except ValueError:
            raise ScpiError(-121) from None
    if text.upper() in ("INF", "INFINITY"):
        return INFINITY
    if text.upper() in ("NINF", "NINFINITY"):
        return -INFINITY
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ScpiError(-151 if text[:1] in "\"'" else -104)
    return float(match[1].replace(" ", "")) * _multiplier(match[2].upper(), unit.upper())


def _multiplier(suffix: str, unit: str) -> float:
    if not suffix:
        return 1.0
    if not unit:
        raise ScpiError(-138)
    if not suffix.endswith(unit):
        raise ScpiError(-131)
    prefix = suffix.removesuffix(unit)
    if prefix == "M" and unit in ("OHM", "HZ"):
        return 1e6
    if prefix not in _MULTIPLIERS:
        raise ScpiError(-131)
    return _MULTIPLIERS[prefix]


def read_integer(text: str, allowed: Range) -> int:
    """A number, rounded (IEEE 488.2, 7.7.2.4)."""
    value = allowed.read(text)
    return math.floor(value + 0.5)


def read_boolean(text: str) -> bool:
    """ON, OFF, or a number that is rounded (SCPI 1999, volume 1, 7.3)."""
    if text.upper() == "ON":
        return True
    if text.upper() == "OFF":
        return False
    return math.floor(abs(read_number(text)) + 0.5) != 0


def read_choice(text: str, names: Sequence[str]) -> str:
    """One of some names, as a message has it; given back as it is in `names`."""
    for name in names:
        if matches(text, name):
            return name
    raise ScpiError(-104 if text[:1] in "\"'" else -224 if text[:1].isalpha() else -104)


def read_string(text: str) -> str:
    """Quoted text, without its quotes."""
    if len(text) < 2 or text[0] not in "\"'" or text[-1] != text[0]:
        raise ScpiError(-104)
    return text[1:-1].replace(text[0] * 2, text[0])


def short(name: str) -> str:
    """The short form of a name, in which queries answer."""
    return "".join(character for character in name if not character.islower())
