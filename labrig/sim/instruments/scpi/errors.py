"""Errors that a device reports through its queue."""

from dataclasses import dataclass
from typing import Final

TEXTS: Final[dict[int, str]] = {
    -100: "Command error",
    -101: "Invalid character",
    -102: "Syntax error",
    -103: "Invalid separator",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -113: "Undefined header",
    -114: "Header suffix out of range",
    -120: "Numeric data error",
    -121: "Invalid character in number",
    -131: "Invalid suffix",
    -138: "Suffix not allowed",
    -141: "Invalid character data",
    -151: "Invalid string data",
    -200: "Execution error",
    -211: "Trigger ignored",
    -213: "Init ignored",
    -221: "Settings conflict",
    -222: "Parameter data out of range",
    -223: "Too much data",
    -224: "Illegal parameter value",
    -230: "Data corrupt or stale",
    -241: "Hardware missing",
    -350: "Queue overflow",
    -410: "Query INTERRUPTED",
    -420: "Query UNTERMINATED",
}
"""Numbers and texts of the standard (SCPI 1999, volume 2, chapter 21.8)."""


@dataclass(frozen=True)
class ScpiError(Exception):
    """Something that a message asked for and cannot have; what follows it in the message is dropped.

    Parameters
    ----------
    number
        Below 0: of the standard; above: of the model.
    text
        Of the model's own errors; empty: the standard's.
    """

    number: int
    text: str = ""

    @property
    def entry(self) -> str:
        """As the error queue has it."""
        return f'{self.number},"{self.text or TEXTS[self.number]}"'

    @property
    def event_bit(self) -> int:
        """Which bit of the standard event status register it sets (SCPI 1999, volume 2, 21.8)."""
        if -200 < self.number <= -100:
            return 5
        if -300 < self.number <= -200:
            return 4
        if -500 < self.number <= -400:
            return 2
        return 3
