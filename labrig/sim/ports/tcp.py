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
        return _name(host, port)

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

    def send(self, data: bytes) -> None:
        """Send; what does not fit into the socket's buffer, or has no client any more, is lost."""
        if self._client is None:
            return
        try:
            self._client.send(data)
        except BlockingIOError:
            pass
        except OSError:
            self.drop()

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
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family)
    except OSError as error:
        raise LinkOpenError(_why_not(host, port, error)) from error
    with listener:
        listener.setblocking(False)
        served = TcpPort(listener)
        try:
            yield served
        finally:
            served.drop()


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{_name(host, port)} is in use by another program: stop it, or take port 0 for any free one"
    return f"{_name(host, port)} cannot be listened on: {error.strerror or error}"


def _name(host: str, port: int) -> str:
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"
