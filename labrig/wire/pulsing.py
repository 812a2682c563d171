"""Pulses to memristors in the integers of the wire: PROTOCOL.md, "Pulses" and "Programming by pulses"."""

from dataclasses import astuple, dataclass
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from labrig.arrays import IntArray
from labrig.errors import FrameError
from labrig.wire.definition import MAX_PAYLOAD, PulseRequest, VerifyReply

UNREAD = (1 << 32) - 1
"""What is told of a conductance that could not be read, nS."""
_PULSE = np.dtype([("branch", "<u2"), ("amplitude", "<i2"), ("width", "<u4")])
_BRANCH = np.dtype([("conductance", "<u4"), ("pulses", "<u2"), ("reversals", "u1"), ("outcome", "u1")])
MOST_PULSES = (MAX_PAYLOAD - PulseRequest.layout.size) // _PULSE.itemsize
"""Of one PULSE."""
MOST_BRANCHES = (MAX_PAYLOAD - VerifyReply.layout.size) // _BRANCH.itemsize
"""Of one VERIFY: what its reply has room for."""
_RANGE = Struct("<HHHII")
_PART_BITS = 29
_MOST_PARTS = (1 << _PART_BITS + 4) - 1


@dataclass(frozen=True, slots=True)
class WireRange:
    """What pulses a board can give: the value of HELLO's tag `pulses`."""

    highest_set: int
    highest_reset: int
    step: int
    """mV; every amplitude is a multiple of it."""
    shortest: int
    longest: int
    """10 ns."""

    def encode(self) -> bytes:
        """As HELLO tells it."""
        return _RANGE.pack(*astuple(self))

    @classmethod
    def decode(cls, data: bytes) -> "WireRange":
        """Undo `encode`.

        Raises
        ------
        FrameError
            It has another length, or a step of 0.
        """
        if len(data) != _RANGE.size:
            msg = f"a range of pulses takes {_RANGE.size} bytes; {len(data)} came"
            raise FrameError(msg)
        found = cls(*_RANGE.unpack(data))
        if found.step == 0:
            msg = "a range of pulses came with a step of 0 mV"
            raise FrameError(msg)
        return found


@dataclass(frozen=True, slots=True)
class WirePulses:
    """Pulses in their order, shape (P,) each."""

    branches: IntArray
    amplitudes: IntArray
    """mV; above 0 sets."""
    widths: IntArray
    """10 ns."""

    def encode(self) -> bytes:
        """What follows the head of a PULSE."""
        return _rows(_PULSE, self.branches, self.amplitudes, self.widths)

    @classmethod
    def decode(cls, data: bytes, count: int) -> "WirePulses":
        """Undo `encode`.

        Raises
        ------
        FrameError
            `data` is not as long as so many pulses.
        """
        return cls(*_columns(data, _PULSE, count))


@dataclass(frozen=True, slots=True)
class ToldBranches:
    """What a VERIFY tells of consecutive branches, shape (B,) each."""

    conductances: IntArray
    """nS; `UNREAD` where it could not be read."""
    pulses: IntArray
    reversals: IntArray
    outcomes: IntArray
    """Values of `Outcome`."""

    def encode(self) -> bytes:
        """What follows the head of a VERIFY's reply."""
        return _rows(_BRANCH, self.conductances, self.pulses, self.reversals, self.outcomes)

    @classmethod
    def decode(cls, data: bytes, count: int) -> "ToldBranches":
        """Undo `encode`.

        Raises
        ------
        FrameError
            `data` is not as long as so many branches.
        """
        return cls(*_columns(data, _BRANCH, count))


def _rows(kind: np.dtype[np.void], *columns: IntArray) -> bytes:
    rows: NDArray[np.void] = np.zeros(len(columns[0]), dtype=kind)
    for name, column in zip(kind.names or (), columns, strict=True):
        rows[name] = column
    return rows.tobytes()


def _columns(data: bytes, kind: np.dtype[np.void], count: int) -> list[IntArray]:
    if len(data) != count * kind.itemsize:
        msg = f"{count} entries of {kind.itemsize} bytes were to come in {len(data)} bytes"
        raise FrameError(msg)
    rows = np.frombuffer(data, dtype=kind)
    return [rows[name].astype(np.int64) for name in kind.names or ()]


@dataclass(frozen=True, slots=True)
class Seen:
    """A state in which a branch is read, in sums of conversions."""

    across: int
    """Its input less its output."""
    dropped: int
    """By the drive resistor of its output."""
    others: int
    """All other inputs, less as often the output."""


def read_conductance(alone: Seen, together: Seen, drive: int) -> int:
    """Conductance of a branch in nS, from its input driven alone and all inputs driven; `drive` in mohm.

    `UNREAD` where the states say nothing.
    """
    over = alone.dropped * together.others - together.dropped * alone.others
    under = alone.across * together.others - together.across * alone.others
    if under <= 0:
        return UNREAD
    parts = min(max((over << _PART_BITS) // under, 0), _MOST_PARTS)
    scaled = (parts * 10**6 >> 9) * 10**6 // drive
    return min((scaled + (1 << 19)) >> 20, UNREAD - 1)
