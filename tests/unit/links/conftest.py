"""Peers to talk to: a pseudo-terminal and a TCP server, each scripted by the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.peers import Server, Terminal


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Locks of these tests lie apart from those of the user."""
    folder = tmp_path_factory.mktemp("runtime")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.vanish()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.vanish()
