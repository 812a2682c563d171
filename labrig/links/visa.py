"""VISA resources through pyvisa-py: ``ASRL…::INSTR``, ``TCPIP::host::port::SOCKET`` and instruments.

An instrument (``TCPIP::host::hislip0::INSTR``, ``USB…::INSTR``, ``GPIB…::INSTR``) ends its messages by itself
and knows a device clear.

Bytes go through unchanged: no termination character is added, and one ends a read only within `read_until`.
pyvisa drops what a read had gathered when it times out, so a message cut by a timeout is lost; the board's
protocol sends it again.
"""

import contextlib
import errno
import socket
import termios
import time
from collections.abc import Mapping
from typing import Protocol, cast

import pyvisa
from pyvisa.constants import BufferOperation, ResourceAttribute, SerialTermination, StatusCode
from pyvisa.resources import MessageBasedResource, SerialInstrument, TCPIPSocket

from labrig.arrays import Seconds
from labrig.errors import LinkClosed, LinkOpenError, LinkTimeout
from labrig.links.locks import PortLock

BAUDRATE = 1_000_000
WRITE_TIMEOUT: Seconds = 5.0
OPEN_TIMEOUT: Seconds = 5.0
_MOST = 65536
_BROKEN = (OSError, RuntimeError, termios.error, pyvisa.Error)
"""What pyvisa-py raises: RuntimeError where a HiSLIP server hung up, termios.error where a port vanished."""
_STREAMS = (SerialInstrument, TCPIPSocket)


class VisaResourceLink:
    """A `Link` over a VISA resource; locked against a second opener."""

    def __init__(self, resource: MessageBasedResource, name: str, lock: PortLock) -> None:
        self._resource = resource
        self._name = name
        self._lock = lock

    @property
    def name(self) -> str:
        """The VISA resource."""
        return self._name

    def write(self, data: bytes) -> None:
        """Send all of it."""
        try:
            self._set_timeout(WRITE_TIMEOUT)
            self._resource.write_raw(data)
        except _BROKEN as error:
            raise self._failed(error, f"{len(data)} bytes to be sent", WRITE_TIMEOUT) from error

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        """Exactly `count` bytes."""
        return self._read(count, None, timeout)

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        """Up to and including the terminator."""
        deadline = time.monotonic() + timeout
        message = b""
        while not message.endswith(terminator):
            message += self._read(_MOST, terminator[-1], max(0.0, deadline - time.monotonic()))
        return message

    def discard_input(self) -> None:
        """Throw away what has arrived."""
        try:
            self._resource.flush(BufferOperation.discard_read_buffer)
        except _BROKEN as error:
            raise self._failed(error, "input to be discarded", 0.0) from error

    def close(self) -> None:
        """Let go of the resource and its lock; twice is fine."""
        try:
            with contextlib.suppress(pyvisa.InvalidSession):
                self._resource.close()
        finally:
            self._lock.release()

    def _read(self, count: int, terminator: int | None, timeout: Seconds) -> bytes:
        wanted = (
            f"{count} bytes" if terminator is None else f"a message that ends in {bytes((terminator,))!r}"
        )
        try:
            self._set_timeout(timeout)
            _end_reads_at(self._resource, terminator)
            return self._resource.read_bytes(
                count, chunk_size=_MOST, break_on_termchar=terminator is not None
            )
        except _BROKEN as error:
            raise self._failed(error, wanted, timeout) from error

    def _set_timeout(self, timeout: Seconds) -> None:
        self._resource.timeout = max(1, round(timeout * 1000))

    def _failed(self, error: Exception, wanted: str, timeout: Seconds) -> LinkTimeout | LinkClosed:
        code = error.error_code if isinstance(error, pyvisa.VisaIOError) else None
        if code == StatusCode.error_timeout:
            return LinkTimeout(f"{self._name}: waited {timeout:.3g} s for {wanted}")
        return LinkClosed(f"{self._name} vanished ({error}): check its cable and supply, then open it again")


class VisaInstrumentLink(VisaResourceLink):
    """A link to an instrument whose bus knows a device clear."""

    def clear(self) -> None:
        """Empty the instrument's input and output, and break off what it does (VPP-4.3, ``viClear``)."""
        try:
            self._set_timeout(WRITE_TIMEOUT)
            self._resource.clear()
        except _BROKEN as error:
            raise self._failed(error, "a device clear", WRITE_TIMEOUT) from error


def _end_reads_at(resource: MessageBasedResource, terminator: int | None) -> None:
    if terminator is not None:
        resource.set_visa_attribute(ResourceAttribute.termchar, terminator)
    if isinstance(resource, SerialInstrument):
        ending = SerialTermination.none if terminator is None else SerialTermination.termination_char
        resource.set_visa_attribute(ResourceAttribute.asrl_end_in, ending)
    else:
        resource.set_visa_attribute(ResourceAttribute.termchar_enabled, terminator is not None)


def open_visa(resource: str, baudrate: int = BAUDRATE) -> VisaResourceLink:
    """Open a serial or socket resource.

    Parameters
    ----------
    resource
        VISA resource name.
    baudrate
        In baud, of a serial resource.

    Raises
    ------
    LinkOpenError
        The resource is missing, in use by another process, of another kind, or nothing listens behind it.
    """
    lock = PortLock(resource)
    try:
        handle = _open(resource, baudrate)
        kind = VisaResourceLink if isinstance(handle, _STREAMS) else VisaInstrumentLink
        return kind(handle, resource, lock)
    except BaseException:
        lock.release()
        raise


def _open(resource: str, baudrate: int) -> MessageBasedResource:
    try:
        handle = pyvisa.ResourceManager("@py").open_resource(
            resource, open_timeout=round(OPEN_TIMEOUT * 1000)
        )
    except Exception as error:  # pyvisa-py raises bare Exception where it cannot connect
        msg = f"{resource} cannot be opened: {error}"
        raise LinkOpenError(msg) from error
    if isinstance(handle, SerialInstrument):
        handle.baud_rate = baudrate
        handle.set_visa_attribute(ResourceAttribute.asrl_end_out, SerialTermination.none)
        return handle
    if isinstance(handle, TCPIPSocket):
        _set_up_socket(handle, resource)
        return handle
    if isinstance(handle, MessageBasedResource):
        return handle
    handle.close()
    msg = f"{resource} takes no messages: write ASRL…::INSTR, TCPIP::host::port::SOCKET or …::INSTR"
    raise LinkOpenError(msg)


def _set_up_socket(handle: TCPIPSocket, resource: str) -> None:
    """See that somebody listens, send small frames at once, and notice when nobody listens any more.

    pyvisa-py 0.8 opens a socket that nobody listens to without a word, and cannot set VI_ATTR_TCPIP_NODELAY.
    """
    session = cast("_PyVisaPy", handle.visalib).sessions[handle.session]
    session.interface = _EndingSocket(fileno=session.interface.detach())
    try:
        session.interface.getpeername()
        session.interface.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        handle.close()
        msg = f"{resource} cannot be opened: nothing listens there ({error.strerror})"
        raise LinkOpenError(msg) from error


class _EndingSocket(socket.socket):
    """Says that the peer has closed it, where pyvisa-py 0.8 would ask again and again until its timeout."""

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        received = super().recv(bufsize, flags)
        if not received:
            raise ConnectionResetError(errno.ECONNRESET, "the other end hung up")
        return received


class _SocketSession(Protocol):
    interface: socket.socket


class _PyVisaPy(Protocol):
    sessions: Mapping[int, _SocketSession]
