"""Readings of a Keithley 2400: values, the status word, and how both are written."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from labrig.arrays import Amperes, Ohms, Seconds, Volts
from labrig.sim.instruments.scpi.parameters import NOT_A_NUMBER

ELEMENTS = ("VOLTage", "CURRent", "RESistance", "TIME", "STATus")
"""In the order in which they are always sent (p. 18-47, from memory)."""


@dataclass(frozen=True, slots=True)
class Word:
    """Bits of the status element (p. 18-54)."""

    OVERFLOW = 1 << 0
    FILTER = 1 << 1
    FRONT = 1 << 2
    COMPLIANCE = 1 << 3
    V_MEASURED = 1 << 11
    I_MEASURED = 1 << 12
    OHMS_MEASURED = 1 << 13
    V_SOURCED = 1 << 14
    I_SOURCED = 1 << 15
    RANGE_COMPLIANCE = 1 << 16
    REMOTE_SENSE = 1 << 22


@dataclass(frozen=True, slots=True)
class Measured:
    """One reading; what was not measured is SCPI's not-a-number."""

    volts: Volts = NOT_A_NUMBER
    amperes: Amperes = NOT_A_NUMBER
    ohms: Ohms = NOT_A_NUMBER
    time: Seconds = 0.0
    status: int = 0

    def elements(self, chosen: Sequence[str]) -> Iterable[float]:
        """Those that are asked for, in the instrument's order."""
        values = dict(
            zip(ELEMENTS, (self.volts, self.amperes, self.ohms, self.time, self.status), strict=True)
        )
        return [float(values[name]) for name in ELEMENTS if name in chosen]


@dataclass(slots=True)
class Format:
    """``:FORMat``: text, or single precision in a block of indefinite length (p. 18-43, from memory)."""

    binary: bool = False
    swapped: bool = True

    def write(self, numbers: Sequence[float]) -> str | bytes:
        """A response of these numbers."""
        if not self.binary:
            return ",".join(f"{number:+.6E}" for number in numbers)
        return b"#0" + struct.pack(f"{'<' if self.swapped else '>'}{len(numbers)}f", *numbers)
