"""A TCP port on which clients are served one after another."""

import errno
import socket
from collections.abc import Generator
from contextlib import contextmanager

from labrig.errors import LinkOpenError

_CHUNK = 4096


class TcpPort:
    """A listening socket, and the client that is served; the next one waits until it has gone.

    Parameters
    ----------
    listener
        Non-blocking.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._client: socket.socket | None = None

    @property
    def resource(self) -> str:
        """``tcp://HOST:PORT``."""
        host, port = self._listener.getsockname()[:2]
        return _name(host, port, "tcp")

    def fileno(self) -> int:
        """Descriptor of the client's socket, else of the listening one."""
        return (self._client or self._listener).fileno()

    def receive(self) -> bytes | None:
        """What has arrived; None: another client has come."""
        if self._client is None:
            self._accept()
            return None
        try:
            data = self._client.recv(_CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.drop()
        return data

    def send(self, data: bytes) -> int:
        """Send what fits into the socket's buffer; without a client all is lost."""
        if self._client is None:
            return len(data)
        try:
            return self._client.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.drop()
            return len(data)

    def drop(self) -> None:
        """Let go of the client."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _accept(self) -> None:
        try:
            self._client, _ = self._listener.accept()
        except OSError:  # it has gone already
            return
        self._client.setblocking(False)
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@contextmanager
def open_tcp(host: str, port: int) -> Generator[TcpPort]:
    """Listen on a TCP port.

    Parameters
    ----------
    port
        0: any free one.

    Raises
    ------
    LinkOpenError
        The port is in use, or the host is not this computer.
    """
    with listening(host, port) as listener:
        served = TcpPort(listener)
        try:
            yield served
        finally:
            served.drop()


@contextmanager
def listening(host: str, port: int, scheme: str = "tcp") -> Generator[socket.socket]:
    """Open a listening socket that does not block.

    Parameters
    ----------
    port
        0: any free one.
    scheme
        How a message names the port.

    Raises
    ------
    LinkOpenError
        The port is in use, or the host is not this computer.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family)
    except OSError as error:
        raise LinkOpenError(_why_not(_name(host, port, scheme), error)) from error
    with listener:
        listener.setblocking(False)
        yield listener


def _why_not(name: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{name} is in use by another program: stop it, or take port 0 for any free one"
    return f"{name} cannot be listened on: {error.strerror or error}"


def _name(host: str, port: int, scheme: str) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
