"""Serial ports and everything else that pyserial opens: device paths, socket://, rfc2217://, spy://."""

import errno
import io
import os
import select
import socket
import time

import serial

from labrig.arrays import Seconds
from labrig.errors import LinkClosed, LinkOpenError, LinkTimeout
from labrig.links.locks import PortLock, processes_using
from labrig.links.reading import ReadBuffer

WRITE_TIMEOUT: Seconds = 5.0
_POLL: Seconds = 0.02
_CHUNK = 4096
_THREADED = ("rfc2217://", "loop://")
_BUSY = {errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK}


class SerialPortLink:
    """A `Link` over pyserial; locked against a second opener."""

    def __init__(self, port: serial.Serial, name: str, lock: PortLock) -> None:
        self._port = port
        self._name = name
        self._lock = lock
        self._descriptor = _descriptor(port)
        self._buffer = ReadBuffer(name, self._receive)

    @property
    def name(self) -> str:
        """The device path or URL."""
        return self._name

    def write(self, data: bytes) -> None:
        """Send all of it."""
        try:
            self._port.write(data)
        except serial.SerialTimeoutException:
            msg = f"{self._name}: {len(data)} bytes could not be sent within {WRITE_TIMEOUT:g} s"
            raise LinkTimeout(msg) from None
        except (OSError, TypeError, AttributeError) as error:
            raise self._vanished(error) from error

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        """Exactly `count` bytes."""
        return self._buffer.exactly(count, timeout)

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        """Up to and including the terminator."""
        return self._buffer.until(terminator, timeout)

    def discard_input(self) -> None:
        """Throw away what has arrived."""
        self._buffer.clear()

    def close(self) -> None:
        """Let go of the port and its lock; twice is fine."""
        try:
            self._port.close()
        finally:
            self._lock.release()

    def _receive(self, timeout: Seconds) -> bytes:
        try:
            if self._descriptor is not None:
                ready, _, _ = select.select([self._descriptor], [], [], timeout)
                return self._port.read(_CHUNK) if ready else b""
            deadline = time.monotonic() + timeout
            while True:
                data: bytes = self._port.read(max(1, self._port.in_waiting))
                if data or time.monotonic() >= deadline:
                    return data
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise self._vanished(error) from error

    def _vanished(self, error: Exception) -> LinkClosed:
        why = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
        return LinkClosed(f"{self._name} vanished{why}: check its cable and supply, then open it again")


def _descriptor(port: serial.Serial) -> int | None:
    """Say what `select` can wait for; None where pyserial reads in a thread of its own (rfc2217://)."""
    try:
        return port.fileno()
    except (io.UnsupportedOperation, AttributeError):
        return None


def open_serial(port: str, baudrate: int) -> SerialPortLink:
    """Open a port, 8 data bits, no parity, one stop bit, no flow control.

    Parameters
    ----------
    port
        A device path, or a URL that pyserial knows.
    baudrate
        In baud; has no meaning behind ``socket://``.

    Raises
    ------
    LinkOpenError
        The port is missing, forbidden, in use by another process, or nothing listens behind the URL.
    """
    lock = PortLock(port)
    try:
        return SerialPortLink(_open(port, baudrate), port, lock)
    except BaseException:
        lock.release()
        raise


def _open(port: str, baudrate: int) -> serial.Serial:
    device = "://" not in port.removeprefix("spy://")
    # pyserial reads these in a thread of its own, and writes to rfc2217:// without a timeout only.
    timeout, write_timeout = (_POLL, None) if port.startswith(_THREADED) else (0.0, WRITE_TIMEOUT)
    try:
        handle = serial.serial_for_url(
            port, baudrate=baudrate, timeout=timeout, write_timeout=write_timeout, do_not_open=True
        )
        if device:
            handle.exclusive = True
        handle.open()
        if port.startswith("socket://"):
            _send_at_once(handle.fileno())
    except (OSError, ValueError) as error:
        raise LinkOpenError(_why_not(port, error)) from error
    return handle


def _send_at_once(descriptor: int) -> None:
    """Keep the kernel from holding small frames back until earlier ones are acknowledged (Nagle)."""
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _why_not(port: str, error: Exception) -> str:
    device = port.removeprefix("spy://").partition("?")[0]
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EACCES:
        fix = f"sudo usermod -aG {_group(device)} $USER"
        return f"{port}: this user may not open it; run: {fix}, then log in again"
    if number == errno.ENOENT:
        return f"{port} does not exist: check the cable and the name"
    if number in _BUSY:
        holders = processes_using(device)
        who = f"process {', '.join(holders)}" if holders else "another process"
        return f"{port} is in use by {who}: stop that process first"
    return f"{port} cannot be opened: {str(error).partition(f'{port}: ')[2] or error}"


def _group(device: str) -> str:
    import grp  # Unix only, and needed for a message only

    try:
        return grp.getgrgid(os.stat(device).st_gid).gr_name  # noqa: PTH116 - one call, no path to keep
    except (OSError, KeyError):
        return "dialout"
