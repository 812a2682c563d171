"""VISA links carry the same bytes: no termination characters, no short reads."""

import time
from typing import Any

import pytest

from labrig.config.links import SerialLink, VisaLink
from labrig.errors import LinkClosed, LinkOpenError, LinkTimeout
from labrig.links.opening import open_link
from labrig.links.serial import SerialPortLink
from labrig.links.visa import VisaResourceLink, open_visa

EVERY_BYTE = bytes(range(256))


def test_a_serial_resource_carries_every_byte(terminal: Any) -> None:
    link = open_visa(f"ASRL{terminal.path}::INSTR")
    link.write(EVERY_BYTE)
    assert terminal.receive(256) == EVERY_BYTE
    terminal.send(EVERY_BYTE * 2)
    assert link.read_exactly(512, timeout=2) == EVERY_BYTE * 2
    link.close()
    link.close()


def test_a_socket_resource_carries_every_byte(server: Any) -> None:
    link = open_visa(f"TCPIP::127.0.0.1::{server.port}::SOCKET")
    with server.accept() as peer:
        link.write(EVERY_BYTE)
        assert peer.recv(256) == EVERY_BYTE
        peer.sendall(EVERY_BYTE * 2)
        assert link.read_exactly(512, timeout=2) == EVERY_BYTE * 2
        link.close()


def test_messages_end_at_their_terminator(terminal: Any, server: Any) -> None:
    serial = open_visa(f"ASRL{terminal.path}::INSTR")
    socket = open_visa(f"TCPIP::127.0.0.1::{server.port}::SOCKET")
    with server.accept() as peer:
        terminal.send(b"a\nb\0c\r\n")
        peer.sendall(b"a\nb\0c\r\n")
        for link in (serial, socket):
            assert link.read_until(b"\0", timeout=2) == b"a\nb\0"
            assert link.read_until(b"\r\n", timeout=2) == b"c\r\n"
        serial.close()
        socket.close()


def test_silence_is_a_timeout_after_the_deadline(terminal: Any, server: Any) -> None:
    serial = open_visa(f"ASRL{terminal.path}::INSTR")
    socket = open_visa(f"TCPIP::127.0.0.1::{server.port}::SOCKET")
    for link in (serial, socket):
        started = time.monotonic()
        with pytest.raises(LinkTimeout, match=r"waited 0.1 s"):
            link.read_exactly(1, timeout=0.1)
        assert 0.09 <= time.monotonic() - started < 1
        link.close()


def test_input_is_discarded(terminal: Any, server: Any) -> None:
    serial = open_visa(f"ASRL{terminal.path}::INSTR")
    socket = open_visa(f"TCPIP::127.0.0.1::{server.port}::SOCKET")
    with server.accept() as peer:
        for link, send in ((serial, terminal.send), (socket, peer.sendall)):
            send(b"old")
            time.sleep(0.05)
            link.discard_input()
            send(b"new")
            assert link.read_exactly(3, timeout=2) == b"new"
            link.close()


def test_a_port_that_vanishes_is_a_closed_link(terminal: Any) -> None:
    link = open_visa(f"ASRL{terminal.path}::INSTR")
    terminal.unplug()
    with pytest.raises(LinkClosed, match="vanished"):
        link.read_exactly(1, timeout=1)
    link.close()


def test_a_socket_that_nobody_listens_to_is_refused_at_once(server: Any) -> None:
    port = server.port
    server.listener.close()
    with pytest.raises(LinkOpenError, match="nothing listens there"):
        open_visa(f"TCPIP::127.0.0.1::{port}::SOCKET")


@pytest.mark.parametrize("resource", ["ASRL/dev/ttyNONE::INSTR", "nonsense"])
def test_a_resource_that_cannot_be_opened_is_named(resource: str) -> None:
    with pytest.raises(LinkOpenError, match=f"{resource} cannot be opened"):
        open_visa(resource)


def test_visa_and_serial_exclude_each_other(terminal: Any) -> None:
    link = open_link(SerialLink(port=terminal.path))
    assert isinstance(link, SerialPortLink)
    with pytest.raises(LinkOpenError, match="in use by process"):
        open_link(VisaLink(resource=f"ASRL{terminal.path}::INSTR"))
    link.close()
    again = open_link(VisaLink(resource=f"ASRL{terminal.path}::INSTR"))
    assert isinstance(again, VisaResourceLink)
    again.close()
