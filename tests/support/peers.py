"""Devices for links to talk to: a pseudo-terminal, a TCP server, and a serial port behind RFC 2217."""

import contextlib
import os
import queue
import socket
import threading
import tty
from collections.abc import Callable
from typing import Protocol, cast

import serial
from serial.rfc2217 import PortManager

SECONDS = 5.0
"""How long anything may take; far more than it does."""


class Peer(Protocol):
    """The device's end of a link."""

    @property
    def address(self) -> str:
        """Path or port number by which a link finds it."""
        ...

    def send(self, data: bytes) -> None:
        """Give the link something to read."""
        ...

    def receive(self, count: int) -> bytes:
        """So many bytes that the link wrote."""
        ...

    def vanish(self) -> None:
        """Be unplugged; twice is fine."""
        ...


class Terminal:
    """A pseudo-terminal without echo or translation."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.address = os.ttyname(self._slave)

    def send(self, data: bytes) -> None:
        os.write(self._master, data)

    def receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += os.read(self._master, count - len(data))
        return data

    def vanish(self) -> None:
        for descriptor in (self._master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)
        self._master = self._slave = -1


class Server:
    """A TCP server of one client."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self.address = str(self._listener.getsockname()[1])
        self._client: socket.socket | None = None

    @property
    def client(self) -> socket.socket:
        """Waits for it."""
        if self._client is None:
            self._client, _ = self._listener.accept()
            self._client.settimeout(SECONDS)
        return self._client

    def send(self, data: bytes) -> None:
        self.client.sendall(data)

    def receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += self.client.recv(count - len(data))
        return data

    def vanish(self) -> None:
        self._listener.close()
        if self._client is not None:
            self._client.close()


class RemotePort:
    """A serial port of another machine: telnet around the bytes, taken off by a thread."""

    def __init__(self) -> None:
        self._server = Server()
        self.address = self._server.address
        self._arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._managers: queue.SimpleQueue[PortManager] = queue.SimpleQueue()
        self._port = serial.serial_for_url("loop://")
        self._thread = threading.Thread(target=self._serve, name="remote port")
        self._thread.start()

    def write(self, data: bytes) -> None:
        """What the manager answers by itself."""
        self._server.send(data)

    def send(self, data: bytes) -> None:
        manager = self._managers.get(timeout=SECONDS)
        self._server.send(b"".join(manager.escape(data)))
        self._managers.put(manager)

    def receive(self, count: int) -> bytes:
        return b"".join(self._arrived.get(timeout=SECONDS) for _ in range(count))

    def vanish(self) -> None:
        with contextlib.suppress(OSError):
            self._server.client.shutdown(socket.SHUT_RDWR)
        self._thread.join(SECONDS)
        self._server.vanish()
        self._port.close()

    def _serve(self) -> None:
        client = self._server.client
        client.settimeout(None)
        manager = make_manager(self._port, self)  # negotiates at once
        self._managers.put(manager)
        while received := client.recv(1024):
            for byte in manager.filter(received):
                self._arrived.put(byte)


# The stubs want two rfc2217 ports; pyserial takes any port and anything that has `write`.
make_manager = cast("Callable[[serial.Serial, RemotePort], PortManager]", PortManager)
