"""An instrument and those who talk to it."""

from collections.abc import Sequence
from typing import Any, Protocol

from labrig.arrays import Seconds
from labrig.sim.instruments.base import Instrument
from labrig.sim.instruments.trace import Trace


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


class InstrumentServant:
    """An instrument at its port."""

    def __init__(self, port: InstrumentPort, instrument: Instrument) -> None:
        self._port = port
        self._instrument = instrument

    def advance(self) -> Seconds | None:
        """Let the instrument do what is due, and send what it answers."""
        patience = self._instrument.advance()
        if response := self._instrument.respond():
            self._port.deliver(response)
        return patience

    def waiting_for(self) -> Sequence[Any]:
        """What the port waits for."""
        return self._port.waiting_for()

    def blocked(self) -> Sequence[Any]:
        """What the port could not send yet."""
        return self._port.blocked()

    def attend(self, ready: Sequence[object]) -> None:
        """Take what has arrived to the instrument."""
        self._port.attend(self._instrument, ready)


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
