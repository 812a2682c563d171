"""A serial port or a socket in front of an instrument: a stream of bytes in which LF ends a message."""

from collections.abc import Sequence

from labrig.sim.instruments.base import Instrument
from labrig.sim.ports.base import Port


class BytePort:
    """Feeds an instrument from a `Port`, and sends what a client is slow to take bit by bit.

    Parameters
    ----------
    visa
        What a client opens, as VISA names it.
    """

    def __init__(self, port: Port, visa: str) -> None:
        self._port = port
        self._visa = visa
        self._pending = bytearray()

    @property
    def resource(self) -> str:
        """Path of the terminal, or ``tcp://HOST:PORT``."""
        return self._port.resource

    @property
    def visa(self) -> str:
        """VISA resource."""
        return self._visa

    def waiting_for(self) -> Sequence[Port]:
        """What can be read when there is something to do."""
        return [self._port]

    def blocked(self) -> Sequence[Port]:
        """What can be written to when more of a response can be sent."""
        return [self._port] if self._pending else []

    def attend(self, instrument: Instrument, ready: Sequence[object]) -> None:
        """Take what has arrived to the instrument; a new client begins with a new message."""
        self._send()
        if self._port not in ready:
            return
        data = self._port.receive()
        if data is None:
            self._pending.clear()
            instrument.receive(b"\n")
            instrument.advance()
            instrument.respond()
        elif data:
            instrument.receive(data)

    def deliver(self, response: bytes) -> None:
        """Send a response, as far as the client takes it now."""
        self._pending += response
        self._send()

    def _send(self) -> None:
        while self._pending:
            taken = self._port.send(bytes(self._pending))
            if not taken:
                return
            del self._pending[:taken]
