"""A port of another machine, by RFC 2217."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import serial
from serial.rfc2217 import PortManager

from labrig.errors import LinkTimeout
from labrig.links.serial import open_serial


class Connection:
    """What pyserial's PortManager writes its telnet answers to."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer

    def write(self, data: bytes) -> None:
        self._peer.sendall(data)


# The stubs want two rfc2217 ports; pyserial takes any port and anything that has `write`.
make_manager = cast("Callable[[serial.Serial, Connection], PortManager]", PortManager)


def echo(listener: socket.socket) -> None:
    peer, _ = listener.accept()
    with peer, serial.serial_for_url("loop://") as port:
        manager = make_manager(port, Connection(peer))
        while received := peer.recv(1024):
            data = b"".join(manager.filter(received))
            if data:
                peer.sendall(b"".join(manager.escape(data)))


@pytest.fixture
def remote_port(server: Any) -> Iterator[str]:
    thread = threading.Thread(target=echo, args=(server.listener,))
    thread.start()
    yield f"rfc2217://127.0.0.1:{server.port}"
    thread.join(5)
    assert not thread.is_alive()


# pyserial 3.5 calls Thread.setDaemon and setName.
@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
def test_every_byte_goes_both_ways_and_silence_is_a_timeout(remote_port: str) -> None:
    link = open_serial(remote_port, 115200)
    link.write(bytes(range(256)))
    assert link.read_exactly(256, timeout=5) == bytes(range(256))
    with pytest.raises(LinkTimeout):
        link.read_exactly(1, timeout=0.05)
    link.close()
