"""HiSLIP, the instrument's side: two connections a client, whole messages, status and device clear aside.

Source: IVI-6.1, *High-Speed LAN Instrument Protocol*, revision 1.1 (numbers of messages and errors compared
with pyvisa-py's client). Only its synchronized mode, and one client at a time.
"""

import contextlib
import socket
import struct
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum

from labrig.sim.instruments.base import Instrument
from labrig.sim.ports.tcp import listening

_HEADER = struct.Struct("!2sBBIQ")
_PROLOGUE = b"HS"
_VERSION = 0x0100
_MOST = 1 << 20
"""Bytes of a message that either side may send."""
_CHUNK = 65536
_PATIENCE = 5.0
"""Seconds that a client may take to accept a response."""


class Kind(IntEnum):
    """Message types."""

    INITIALIZE = 0
    INITIALIZE_RESPONSE = 1
    FATAL_ERROR = 2
    ERROR = 3
    ASYNC_LOCK = 4
    ASYNC_LOCK_RESPONSE = 5
    DATA = 6
    DATA_END = 7
    DEVICE_CLEAR_COMPLETE = 8
    DEVICE_CLEAR_ACKNOWLEDGE = 9
    ASYNC_REMOTE_LOCAL_CONTROL = 10
    ASYNC_REMOTE_LOCAL_RESPONSE = 11
    TRIGGER = 12
    ASYNC_MAXIMUM_MESSAGE_SIZE = 15
    ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE = 16
    ASYNC_INITIALIZE = 17
    ASYNC_INITIALIZE_RESPONSE = 18
    ASYNC_DEVICE_CLEAR = 19
    ASYNC_STATUS_QUERY = 21
    ASYNC_STATUS_RESPONSE = 22
    ASYNC_DEVICE_CLEAR_ACKNOWLEDGE = 23
    ASYNC_LOCK_INFO = 24
    ASYNC_LOCK_INFO_RESPONSE = 25


_INVALID_SEQUENCE, _TOO_MANY = 3, 4
"""Codes of fatal errors."""
_UNKNOWN_TYPE = 1
"""Code of an error."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of either connection."""

    kind: int
    control: int = 0
    parameter: int = 0
    payload: bytes = b""


class _Connection:
    """One of a client's two connections, cut into messages."""

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(_PATIENCE)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connected
        self._input = bytearray()

    def receive(self) -> list[Message] | None:
        """Take the messages that are complete by now; None: it has been closed, or is no HiSLIP."""
        try:
            data = self.socket.recv(_CHUNK)
        except OSError:
            data = b""
        self._input += data
        messages = list(self._cut())
        return messages if data and _PROLOGUE.startswith(bytes(self._input[:2])) else None

    def send(self, message: Message) -> None:
        """Send one message; a client that does not take it is found out at the next `receive`."""
        header = _HEADER.pack(
            _PROLOGUE, message.kind, message.control, message.parameter, len(message.payload)
        )
        with contextlib.suppress(OSError):
            self.socket.sendall(header + message.payload)

    def _cut(self) -> Iterator[Message]:
        while len(self._input) >= _HEADER.size and self._input.startswith(_PROLOGUE):
            _, kind, control, parameter, length = _HEADER.unpack_from(self._input)
            if len(self._input) < _HEADER.size + length:
                return
            payload = bytes(self._input[_HEADER.size : _HEADER.size + length])
            del self._input[: _HEADER.size + length]
            yield Message(kind, control, parameter, payload)


class HislipPort:
    """Where one client at a time talks to an instrument in HiSLIP."""

    def __init__(self, listener: socket.socket, host: str) -> None:
        self._listener = listener
        self._host = host
        self._fresh: list[_Connection] = []
        """Connections that have not said yet which of the two they are."""
        self._sync: _Connection | None = None
        self._async: _Connection | None = None
        self._session = 0
        self._asked = 0
        """Number of the client's last message, which a response repeats."""
        self._clearing = False

    @property
    def resource(self) -> str:
        """``hislip://HOST:PORT``."""
        return f"hislip://{self._host}:{self._listener.getsockname()[1]}"

    @property
    def visa(self) -> str:
        """VISA resource."""
        return f"TCPIP::{self._host}::hislip0,{self._listener.getsockname()[1]}::INSTR"

    def waiting_for(self) -> Sequence[socket.socket]:
        """What can be read when there is something to do."""
        connections = [*self._fresh, *filter(None, (self._sync, self._async))]
        return [self._listener, *(connection.socket for connection in connections)]

    def blocked(self) -> Sequence[socket.socket]:
        """Nothing: a response is sent whole."""
        return ()

    def attend(self, instrument: Instrument, ready: Sequence[object]) -> None:
        """Take what has arrived to the instrument."""
        for connection in [*self._fresh, *filter(None, (self._async, self._sync))]:
            if connection.socket in ready:
                self._hear(connection, instrument)
        if self._listener in ready:
            with contextlib.suppress(OSError):
                self._fresh.append(_Connection(self._listener.accept()[0]))

    def deliver(self, response: bytes) -> None:
        """Send a response to the client that asked, in as many messages as it takes."""
        if self._sync is None or self._clearing:
            return
        for first in range(0, len(response), _MOST):
            part = response[first : first + _MOST]
            kind = Kind.DATA if first + _MOST < len(response) else Kind.DATA_END
            self._sync.send(Message(kind, 0, self._asked, part))

    def close(self) -> None:
        """Let go of everybody."""
        for connection in [*self._fresh, *filter(None, (self._sync, self._async))]:
            connection.socket.close()
        self._fresh, self._sync, self._async = [], None, None

    def _hear(self, connection: _Connection, instrument: Instrument) -> None:
        messages = connection.receive()
        if messages is None:
            self._lose(connection)
            return
        for message in messages:
            if connection in self._fresh:
                self._introduce(connection, message)
            elif connection is self._sync:
                self._synchronous(connection, message, instrument)
            elif connection is self._async:
                self._asynchronous(connection, message, instrument)

    def _lose(self, connection: _Connection) -> None:
        if connection in self._fresh:
            self._fresh.remove(connection)
            connection.socket.close()
            return
        for lost in filter(None, (self._sync, self._async)):
            lost.socket.close()
        self._sync = self._async = None

    def _introduce(self, connection: _Connection, message: Message) -> None:
        """Learn which of the two connections this is."""
        self._fresh.remove(connection)
        if message.kind == Kind.INITIALIZE and self._sync is None:
            self._sync, self._clearing = connection, False
            self._session = (self._session + 1) & 0xFFFF
            connection.send(Message(Kind.INITIALIZE_RESPONSE, 0, _VERSION << 16 | self._session))
        elif (
            message.kind == Kind.ASYNC_INITIALIZE
            and message.parameter == self._session
            and self._sync is not None
            and self._async is None
        ):
            self._async = connection
            connection.send(Message(Kind.ASYNC_INITIALIZE_RESPONSE))
        else:
            code = _TOO_MANY if message.kind == Kind.INITIALIZE else _INVALID_SEQUENCE
            connection.send(Message(Kind.FATAL_ERROR, code))
            connection.socket.close()

    def _synchronous(self, connection: _Connection, message: Message, instrument: Instrument) -> None:
        if message.kind in (Kind.DATA, Kind.DATA_END):
            if not self._clearing:
                self._asked = message.parameter
                instrument.receive(message.payload, end=message.kind == Kind.DATA_END)
        elif message.kind == Kind.DEVICE_CLEAR_COMPLETE:
            self._clearing = False
            connection.send(Message(Kind.DEVICE_CLEAR_ACKNOWLEDGE))
        elif message.kind == Kind.TRIGGER:
            self._asked = message.parameter
            instrument.receive(b"*TRG", end=True)
        else:
            connection.send(Message(Kind.ERROR, _UNKNOWN_TYPE))

    def _asynchronous(self, connection: _Connection, message: Message, instrument: Instrument) -> None:
        match message.kind:
            case Kind.ASYNC_MAXIMUM_MESSAGE_SIZE:
                answer = Message(Kind.ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE, payload=struct.pack("!Q", _MOST))
            case Kind.ASYNC_STATUS_QUERY:
                answer = Message(Kind.ASYNC_STATUS_RESPONSE, instrument.status_byte())
            case Kind.ASYNC_DEVICE_CLEAR:
                self._clearing = True
                instrument.clear()
                answer = Message(Kind.ASYNC_DEVICE_CLEAR_ACKNOWLEDGE)
            case Kind.ASYNC_LOCK:
                answer = Message(Kind.ASYNC_LOCK_RESPONSE, 1)
            case Kind.ASYNC_LOCK_INFO:
                answer = Message(Kind.ASYNC_LOCK_INFO_RESPONSE)
            case Kind.ASYNC_REMOTE_LOCAL_CONTROL:
                answer = Message(Kind.ASYNC_REMOTE_LOCAL_RESPONSE)
            case _:
                answer = Message(Kind.ERROR, _UNKNOWN_TYPE)
        connection.send(answer)


@contextmanager
def open_hislip(host: str, port: int) -> Generator[HislipPort]:
    """Listen for a client.

    Parameters
    ----------
    port
        0: any free one.

    Raises
    ------
    LinkOpenError
        The port is in use, or the host is not this computer.
    """
    with listening(host, port, "hislip") as listener:
        served = HislipPort(listener, host)
        try:
            yield served
        finally:
            served.close()
