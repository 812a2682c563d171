"""What drivers that speak SCPI have in common (SCPI 1999 and IEEE 488.2, not any one model)."""

import struct
from collections.abc import Sequence
from contextlib import AbstractContextManager

from labrig.arrays import Seconds
from labrig.errors import UnexpectedReply
from labrig.instruments.base import Identity
from labrig.instruments.session import TRIES, Session

_QUOTED = ' "'
_MOST_ERRORS = 400
"""More than any queue holds (the longest known has 350)."""


class ScpiSession(Session):
    """A session in which answers are numbers, lists, blocks and entries of the error queue."""

    def flag(self, command: str) -> bool:
        """A boolean answer: 0 or 1."""
        return self.number(command) != 0

    def number(self, command: str, *, timeout: Seconds = 2.0) -> float:
        """One number."""
        answer = self.query(command, timeout=timeout)
        try:
            return float(answer)
        except ValueError:
            raise self.unexpected(command, answer, "a number") from None

    def numbers(self, command: str, count: int, *, timeout: Seconds = 2.0, tries: int = TRIES) -> list[float]:
        """So many numbers, separated by commas."""
        answer = self.query(command, timeout=timeout, tries=tries)
        try:
            values = [float(field) for field in answer.split(",")]
        except ValueError:
            raise self.unexpected(command, answer, "numbers") from None
        if len(values) != count:
            raise self.unexpected(command, answer, f"{count} numbers, not {len(values)}")
        return values

    def floats(self, command: str, count: int, *, timeout: Seconds, layout: str = "<f") -> list[float]:
        """So many numbers in a block of binary floats; `layout` as `struct` has it, for one of them."""
        data = self.query_block(command, timeout=timeout, count=count * struct.calcsize(layout))
        return [value for (value,) in struct.iter_unpack(layout, data)]

    def errors(self, command: str = ":SYST:ERR?") -> list[str]:
        """Empty the error queue; number and text of each entry, oldest first."""
        found: list[str] = []
        while len(found) < _MOST_ERRORS:
            answer = self.query(command)
            number, _, text = answer.partition(",")
            if not number.strip().lstrip("+-").isdigit():
                raise self.unexpected(command, answer, "an entry of the error queue")
            if int(number) == 0:
                return found
            found.append(f"error {int(number)}, {text.strip(_QUOTED)}")
        return found

    def identify(self) -> Identity:
        """What it answers to ``*IDN?`` (IEEE 488.2, 10.14)."""
        answer = self.query("*IDN?")
        fields = [field.strip() for field in answer.split(",")]
        if len(fields) < 4:
            raise self.unexpected("*IDN?", answer, "maker, model, serial number and firmware")
        return Identity(fields[0], fields[1], fields[2], ",".join(fields[3:]))

    def unexpected(self, command: str, answer: str, wanted: str) -> UnexpectedReply:
        """An error for an answer of another kind."""
        found = answer if len(answer) <= 60 else f"{answer[:60]}…"
        asked = command if len(command) <= 80 else f"{command[:80]}…"
        return UnexpectedReply(f"{self.name}: found {found!r} in answer to {asked!r}; expected {wanted}")


class ScpiChannel:
    """What `Channel` asks for and every SCPI instrument does in the same way."""

    def __init__(self, session: ScpiSession, identity: Identity) -> None:
        self._session = session
        self._identity = identity

    @property
    def name(self) -> str:
        """Model and port."""
        return f"{self._identity.model} on {self._session.name}"

    @property
    def identity(self) -> Identity:
        """Who answered when the driver was made."""
        return self._identity

    def within(self, seconds: Seconds) -> AbstractContextManager[None]:
        """Let nothing in the block wait for longer than this altogether."""
        return self._session.within(seconds)

    def errors(self) -> list[str]:
        """Empty the error queue."""
        return self._session.errors()

    def close(self) -> None:
        """Let go of the link."""
        self._session.close()


def chunks(values: Sequence[float], size: int) -> list[str]:
    """Numbers for a list command, so many a message, with seven digits."""
    parts = [values[k : k + size] for k in range(0, len(values), size)]
    return [",".join(f"{value:.6E}" for value in part) for part in parts]
