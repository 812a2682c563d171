"""Reading buffers of a 2450, and the elements of a reading (section 3 and :TRACe in section 6)."""

import time
from dataclasses import dataclass, field

import numpy as np

from labrig.arrays import FloatArray, Seconds
from labrig.sim.instruments.scpi.errors import ScpiError

LIMIT_HELD, OUTPUT_ON, FOUR_WIRE = 1 << 5, 1 << 7, 1 << 4
"""Of the source status (p. 8-29)."""
ELEMENTS = (
    "DATE", "FORMatted", "FRACtional", "READing", "RELative", "SEConds", "SOURce", "SOURFORMatted",
    "SOURSTATus", "SOURUNIT", "STATus", "TIME", "TSTamp", "UNIT",
)  # fmt: skip
STATISTICS = ("AVERage", "MAXimum", "MINimum", "PK2Pk", "STDDev")


@dataclass(frozen=True, slots=True)
class Entry:
    """One reading.

    Parameters
    ----------
    reading, source
        Of what is measured, and of the source, in `unit` and `source_unit`.
    at
        Since the instrument was switched on.
    """

    reading: float
    unit: str
    source: float
    source_unit: str
    source_status: int
    at: Seconds

    def element(self, name: str, first: Seconds) -> float | str:
        """One element; times count from the first reading of the buffer."""
        stamp = time.gmtime(self.at)
        table: dict[str, float | str] = {
            "READing": self.reading,
            "SOURce": self.source,
            "RELative": self.at - first,
            "SEConds": float(int(self.at)),
            "FRACtional": self.at % 1,
            "SOURSTATus": float(self.source_status),
            "STATus": 0.0,
            "UNIT": "Volt DC" if self.unit == "V" else "Amp DC" if self.unit == "A" else "Ohm",
            "SOURUNIT": "Volt DC" if self.source_unit == "V" else "Amp DC",
            "FORMatted": f"{self.reading:+.6E} {self.unit}",
            "SOURFORMatted": f"{self.source:+.6E} {self.source_unit}",
            "DATE": time.strftime("%m/%d/%Y", stamp),
            "TIME": time.strftime("%H:%M:%S", stamp),
            "TSTamp": time.strftime("%m/%d/%Y %H:%M:%S", stamp),
        }
        return table[name]


@dataclass(slots=True)
class Buffer:
    """Keeps readings; the oldest go where it is full and fills continuously."""

    capacity: int = 100000
    once: bool = False
    entries: list[Entry] = field(default_factory=list[Entry])

    def add(self, entry: Entry) -> None:
        """Keep one more."""
        if len(self.entries) >= self.capacity:
            if self.once:
                raise ScpiError(4915, "Attempting to store past capacity of reading buffer")
            del self.entries[0]
        self.entries.append(entry)

    def between(self, first: int, last: int) -> list[Entry]:
        """Readings by number, from 1, both included.

        Raises
        ------
        ScpiError
            -222: there are not that many.
        """
        if not 1 <= first <= last <= len(self.entries):
            raise ScpiError(-222)
        return self.entries[first - 1 : last]

    def statistic(self, name: str) -> float:
        """Of all readings."""
        values: FloatArray = np.array([entry.reading for entry in self.entries])
        if values.size == 0:
            raise ScpiError(-230)
        match name:
            case "AVERage":
                return float(values.mean())
            case "MAXimum":
                return float(values.max())
            case "MINimum":
                return float(values.min())
            case "PK2Pk":
                return float(values.max() - values.min())
            case _:
                return float(values.std(ddof=1)) if values.size > 1 else 0.0


def new_buffers() -> dict[str, Buffer]:
    """The two that are always there."""
    return {"defbuffer1": Buffer(), "defbuffer2": Buffer()}
