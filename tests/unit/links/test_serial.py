"""Serial links beyond what every link does: which port is which, who holds it, and what to do about it."""

import errno
import gc
from pathlib import Path

import pytest
import serial

from labrig.errors import LinkOpenError, LinkTimeout
from labrig.links.serial import open_serial
from tests.support.peers import Server, Terminal


def test_what_came_before_a_timeout_is_told_and_kept(terminal: Terminal) -> None:
    link = open_serial(terminal.address, 1_000_000)
    terminal.send(b"abc")
    with pytest.raises(LinkTimeout, match=f"{terminal.address}: waited 0.1 s for 5 bytes; 3 bytes came"):
        link.read_exactly(5, timeout=0.1)
    terminal.send(b"de")
    assert link.read_exactly(5, timeout=2) == b"abcde"
    link.close()


def test_a_port_that_was_closed_is_free_again(terminal: Terminal) -> None:
    first = open_serial(terminal.address, 1_000_000)
    with pytest.raises(LinkOpenError, match="in use by process"):
        open_serial(terminal.address, 1_000_000)
    first.close()
    second = open_serial(terminal.address, 1_000_000)
    second.write(b"again")
    assert terminal.receive(5) == b"again"
    second.close()


def test_a_symbolic_link_to_a_port_is_the_same_port(terminal: Terminal, tmp_path: Path) -> None:
    alias = tmp_path / "board"
    alias.symlink_to(terminal.address)
    link = open_serial(str(alias), 1_000_000)
    with pytest.raises(LinkOpenError, match="in use by process"):
        open_serial(terminal.address, 1_000_000)
    link.close()


def test_a_missing_port_is_named() -> None:
    with pytest.raises(LinkOpenError, match="/dev/ttyNONE does not exist: check the cable"):
        open_serial("/dev/ttyNONE", 9600)


def test_a_failed_opening_leaves_no_lock(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise serial.SerialException(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(serial, "serial_for_url", refuse)
        with pytest.raises(LinkOpenError, match=r"sudo usermod -aG \w+ \$USER, then log in again"):
            open_serial(terminal.address, 1_000_000)
    open_serial(terminal.address, 1_000_000).close()


def test_a_port_held_by_a_program_that_knows_no_lock_file_is_refused(terminal: Terminal) -> None:
    with (
        serial.Serial(terminal.address, exclusive=True),
        pytest.raises(LinkOpenError, match=f"{terminal.address} is in use by another process"),
    ):
        open_serial(terminal.address, 1_000_000)


def test_an_unknown_url_is_refused() -> None:
    with pytest.raises(LinkOpenError, match="carrier-pigeon://roof"):
        open_serial("carrier-pigeon://roof", 9600)


def test_a_socket_that_nobody_listens_to_is_named(server: Server) -> None:
    server.vanish()
    url = f"socket://127.0.0.1:{server.address}"
    with pytest.raises(LinkOpenError, match=f"{url} cannot be opened: .*refused"):
        open_serial(url, 9600)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pyserial leaves the log open
def test_a_spy_url_writes_what_crosses_the_port(terminal: Terminal, tmp_path: Path) -> None:
    log = tmp_path / "spy.log"
    link = open_serial(f"spy://{terminal.address}?file={log}", 1_000_000)
    link.write(b"\x01\x02")
    assert terminal.receive(2) == b"\x01\x02"
    with pytest.raises(LinkOpenError, match="in use"):
        open_serial(terminal.address, 1_000_000)
    link.close()
    assert "01 02" in log.read_text()
    del link
    gc.collect()
