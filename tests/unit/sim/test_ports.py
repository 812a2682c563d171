"""Pseudo-terminals and TCP ports, from the device's side."""

import os
import re
import select
import socket
import stat
import struct
from contextlib import ExitStack
from pathlib import Path

import pytest

from labrig.errors import ConfigError, LinkOpenError
from labrig.sim.ports.base import Port
from labrig.sim.ports.opening import open_port

SECONDS = 5.0
"""How long anything may take; far more than it does."""
TCP = "tcp://127.0.0.1:0"
EVERY_BYTE = bytes(range(256))
RESET = struct.pack("ii", 1, 0)
"""A socket that lingers for 0 s is closed with a reset."""


def arrive(port: Port) -> bytes | None:
    """What `receive` gives once there is something to do."""
    assert select.select([port], [], [], SECONDS)[0], "nothing arrives"
    return port.receive()


def connect(port: Port) -> socket.socket:
    host, number = port.resource.removeprefix("tcp://").split(":")
    return socket.create_connection((host, int(number)), SECONDS)


def read(descriptor: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        assert select.select([descriptor], [], [], SECONDS)[0], "nothing arrives"
        data += os.read(descriptor, count - len(data))
    return data


@pytest.fixture
def link(tmp_path: Path) -> Path:
    return tmp_path / "board"


def test_a_link_leads_to_the_terminal_as_long_as_it_is_open(link: Path) -> None:
    with open_port(f"pty:{link}") as port:
        assert str(link.readlink()) == port.resource
        assert stat.S_ISCHR(link.stat().st_mode)
    assert not os.path.lexists(link)


def test_a_link_is_taken_away_where_the_server_fails(link: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_port(f"pty:{link}"):
        raise ZeroDivisionError
    assert not os.path.lexists(link)


def test_a_link_that_a_killed_server_left_is_replaced(link: Path) -> None:
    link.symlink_to("/dev/pts/987654")
    with open_port(f"pty:{link}") as port:
        assert str(link.readlink()) == port.resource


def test_a_link_that_now_leads_to_another_server_is_left_alone(link: Path) -> None:
    with ExitStack() as first:
        first.enter_context(open_port(f"pty:{link}"))
        with open_port(f"pty:{link}") as second:
            first.close()
            assert str(link.readlink()) == second.resource


@pytest.mark.parametrize("kind", ["file", "folder", "link to a file"])
def test_what_is_no_link_to_a_terminal_is_never_replaced(link: Path, kind: str) -> None:
    if kind == "folder":
        link.mkdir()
    elif kind == "file":
        link.write_text("mine")
    else:
        link.symlink_to(__file__)
    before = os.lstat(link)
    with pytest.raises(LinkOpenError, match="exists and is no link to a terminal"), open_port(f"pty:{link}"):
        pass
    assert os.lstat(link) == before


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    nowhere = tmp_path / "none" / "board"
    with pytest.raises(LinkOpenError, match=r"board cannot be made a link .*: No such file"):
        open_port(f"pty:{nowhere}").__enter__()


def test_a_terminal_passes_every_byte_both_ways_to_client_after_client(link: Path) -> None:
    with open_port(f"pty:{link}") as port:
        for _ in range(3):
            client = os.open(link, os.O_RDWR | os.O_NOCTTY)
            os.write(client, EVERY_BYTE)
            assert arrive(port) == EVERY_BYTE
            port.send(EVERY_BYTE)
            assert read(client, 256) == EVERY_BYTE
            os.close(client)
        assert port.receive() == b""


def test_tcp_clients_are_served_one_after_another(link: Path) -> None:
    with open_port(TCP) as port:
        with connect(port) as first, connect(port) as second:
            second.sendall(b"second")
            assert arrive(port) is None
            first.sendall(EVERY_BYTE)
            assert arrive(port) == EVERY_BYTE
            port.send(EVERY_BYTE)
            assert read(first.fileno(), 256) == EVERY_BYTE
            first.shutdown(socket.SHUT_RDWR)
            assert arrive(port) == b""
            assert arrive(port) is None
            assert arrive(port) == b"second"
        assert arrive(port) == b""


def test_a_reply_to_a_tcp_client_that_has_gone_is_lost_and_the_next_client_is_served() -> None:
    with open_port(TCP) as port:
        with connect(port) as client:
            assert arrive(port) is None
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        for _ in range(3):
            port.send(b"reply")
        with connect(port) as client:
            while arrive(port) is not None:
                pass
            client.sendall(b"next")
            assert arrive(port) == b"next"


def test_a_tcp_client_that_resets_its_connection_has_gone_like_any_other() -> None:
    with open_port(TCP) as port:
        with connect(port) as client:
            assert arrive(port) is None
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        assert arrive(port) == b""
        with connect(port):
            assert arrive(port) is None


@pytest.mark.parametrize("listen", [TCP, "pty"])
def test_what_nobody_takes_is_lost_without_waiting(link: Path, listen: str) -> None:
    with open_port(f"pty:{link}" if listen == "pty" else listen) as port:
        client = os.open(link, os.O_RDWR | os.O_NOCTTY) if listen == "pty" else connect(port).detach()
        if listen == TCP:
            assert arrive(port) is None
        for _ in range(200):
            port.send(bytes(100_000))
        os.write(client, b"still there")
        assert arrive(port) == b"still there"
        os.close(client)


def test_an_occupied_tcp_port_is_one_sentence() -> None:
    with open_port(TCP) as port, pytest.raises(LinkOpenError, match=f"{port.resource} is in use") as caught:
        open_port(port.resource).__enter__()
    assert "\n" not in str(caught.value)


def test_a_port_is_free_again_at_once_after_a_client_was_served() -> None:
    with open_port(TCP) as port:
        resource, client = port.resource, connect(port)
        assert arrive(port) is None
    with client, open_port(resource) as again:
        assert again.resource == resource


def test_an_address_of_another_computer_is_one_sentence() -> None:
    # 192.0.2.0/24 is kept for documentation: RFC 5737.
    with pytest.raises(LinkOpenError, match=r"tcp://192\.0\.2\.1:5000 cannot be listened on: "):
        open_port("tcp://192.0.2.1:5000").__enter__()


NO_PORTS = """
pty pty: board ./board tcp: tcp:// tcp://:5 tcp://host tcp://host:x tcp://host:65536 tcp://host:-1 tcp://host:5/x
tcp://me@host:5 tcp:host:5 udp://host:5
"""


@pytest.mark.parametrize("listen", ["", *NO_PORTS.split()])
def test_what_is_no_port_is_refused_with_what_is(listen: str) -> None:
    said = re.escape(f"--listen: found {listen!r}; write pty:PATH or tcp://HOST:PORT")
    with pytest.raises(ConfigError, match=said):
        open_port(listen)
