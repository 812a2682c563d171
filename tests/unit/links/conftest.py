"""Peers to talk to: a pseudo-terminal and a TCP server, each echoing or scripted by the test."""

import os
import socket
import tty
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Locks of these tests lie apart from those of the user."""
    folder = tmp_path_factory.mktemp("runtime")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@dataclass
class Terminal:
    """A pseudo-terminal: `path` is what a link opens, `master` the device's end."""

    master: int
    slave: int
    path: str

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    def receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += os.read(self.master, count - len(data))
        return data

    def unplug(self) -> None:
        for descriptor in (self.master, self.slave):
            if descriptor >= 0:
                os.close(descriptor)
        self.master = self.slave = -1


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    master, slave = os.openpty()
    tty.setraw(slave)
    made = Terminal(master, slave, os.ttyname(slave))
    yield made
    made.unplug()


@dataclass
class Server:
    """A TCP listener; `accept` gives the connection of the link that the test opened."""

    listener: socket.socket

    @property
    def port(self) -> int:
        number: int = self.listener.getsockname()[1]
        return number

    def accept(self) -> socket.socket:
        connection, _ = self.listener.accept()
        return connection


@pytest.fixture
def server() -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        yield Server(listener)
