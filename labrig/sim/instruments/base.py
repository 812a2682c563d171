"""What every simulated instrument is to the server in front of it: messages in, responses out, and time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from labrig.arrays import Seconds

Clock = Callable[[], Seconds]
"""Seconds since an arbitrary moment."""


@dataclass(frozen=True, slots=True)
class OutputState:
    """The output of one channel as its terminals have it, whatever was asked for."""

    channel: int
    """From 1."""
    on: bool
    level: float
    """Of the source, V or A."""


Watch = Callable[[OutputState], None]
"""Told at every change of an output, at the moment of the change."""


class Instrument(Protocol):
    """A message-based instrument without its transport. One thread calls it; nothing in it waits."""

    @property
    def identity(self) -> str:
        """What it answers to ``*IDN?``."""
        ...

    def receive(self, data: bytes, *, end: bool = False) -> None:
        """Take bytes of messages: LF ends one, and so does `end`, the END of a transport that has it."""
        ...

    def advance(self) -> Seconds | None:
        """Do what is due by now; how long nothing will be due, None: until something arrives."""
        ...

    def respond(self) -> bytes:
        """Take what can be read by now: whole response messages, each with its LF, or nothing."""
        ...

    def clear(self) -> None:
        """Device clear: input and responses are dropped, what goes on is broken off, settings stay."""
        ...

    def status_byte(self) -> int:
        """Serial poll."""
        ...
