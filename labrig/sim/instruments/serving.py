"""The loop between an instrument and those who talk to it."""

import select
from collections.abc import Sequence
from typing import Any, Protocol

from labrig.sim.instruments.base import Instrument
from labrig.sim.instruments.trace import Trace
from labrig.sim.ports.base import Ending


class InstrumentPort(Protocol):
    """Where clients reach an instrument; nothing here waits."""

    @property
    def resource(self) -> str:
        """What a client opens."""
        ...

    @property
    def visa(self) -> str:
        """The same, as VISA names it."""
        ...

    def waiting_for(self) -> Sequence[Any]:
        """What can be read when there is something to do."""
        ...

    def blocked(self) -> Sequence[Any]:
        """What can be written to when more can be sent."""
        ...

    def attend(self, instrument: Instrument, ready: Sequence[object]) -> None:
        """Take what has arrived to the instrument."""
        ...

    def deliver(self, response: bytes) -> None:
        """Send a response."""
        ...


def serve_instruments(pairs: Sequence[tuple[InstrumentPort, Instrument]], ending: Ending) -> None:
    """Let instruments answer, each on its own port, until the end has come."""
    while True:
        patience = min((left for left in map(_advance, pairs) if left is not None), default=None)
        readable = [ending, *(end for port, _ in pairs for end in port.waiting_for())]
        writable = [end for port, _ in pairs for end in port.blocked()]
        ready, able, _ = select.select(readable, writable, [], patience)
        if ending in ready:
            return
        for port, instrument in pairs:
            if any(end in ready for end in port.waiting_for()) or any(end in able for end in port.blocked()):
                port.attend(instrument, ready)


def _advance(pair: tuple[InstrumentPort, Instrument]) -> float | None:
    port, instrument = pair
    patience = instrument.advance()
    if response := instrument.respond():
        port.deliver(response)
    return patience


class Traced:
    """An `Instrument` whose messages are written down."""

    def __init__(self, instrument: Instrument, trace: Trace) -> None:
        self._instrument = instrument
        self._trace = trace
        self._line = bytearray()

    @property
    def identity(self) -> str:
        """What it answers to ``*IDN?``."""
        return self._instrument.identity

    def receive(self, data: bytes, *, end: bool = False) -> None:
        """Write down whole messages, then take them."""
        self._line += data
        *lines, rest = (bytes(self._line) + b"\n" * end).split(b"\n")
        self._line = bytearray(rest)
        for line in lines:
            if line:
                self._trace.message("client", line)
        self._instrument.receive(data, end=end)

    def advance(self) -> float | None:
        """Do what is due by now."""
        return self._instrument.advance()

    def respond(self) -> bytes:
        """Write down and take what can be read."""
        response = self._instrument.respond()
        if response:
            self._trace.message("smu", response.removesuffix(b"\n"))
        return response

    def clear(self) -> None:
        """Device clear."""
        self._line.clear()
        self._instrument.clear()

    def status_byte(self) -> int:
        """Serial poll."""
        return self._instrument.status_byte()
