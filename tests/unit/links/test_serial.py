"""Serial links: exact reads, deadlines, and errors that say what to do."""

import errno
import gc
import os
import time
from pathlib import Path
from typing import Any

import pytest
import serial

from labrig.errors import LinkClosed, LinkOpenError, LinkTimeout
from labrig.links.serial import SerialPortLink, open_serial


def test_bytes_go_both_ways(terminal: Any) -> None:
    link = open_serial(terminal.path, 1_000_000)
    link.write(bytes(range(256)))
    assert terminal.receive(256) == bytes(range(256))
    terminal.send(bytes(range(256)) * 4)
    assert link.read_exactly(1024, timeout=2) == bytes(range(256)) * 4
    link.close()


def test_a_message_is_read_up_to_its_terminator_and_no_further(terminal: Any) -> None:
    link = open_serial(terminal.path, 1_000_000)
    terminal.send(b"one\r\ntwo\r\n")
    assert link.read_until(b"\r\n", timeout=2) == b"one\r\n"
    assert link.read_exactly(2, timeout=2) == b"tw"
    assert link.read_until(b"\r\n", timeout=2) == b"o\r\n"
    link.close()


def test_silence_is_a_timeout_after_the_deadline_and_what_came_is_kept(terminal: Any) -> None:
    link = open_serial(terminal.path, 1_000_000)
    terminal.send(b"abc")
    started = time.monotonic()
    with pytest.raises(LinkTimeout, match=f"{terminal.path}: waited 0.1 s for 5 bytes; 3 bytes came"):
        link.read_exactly(5, timeout=0.1)
    assert 0.1 <= time.monotonic() - started < 1
    terminal.send(b"de")
    assert link.read_exactly(5, timeout=2) == b"abcde"
    link.close()


def test_input_is_discarded(terminal: Any) -> None:
    link = open_serial(terminal.path, 1_000_000)
    terminal.send(b"old")
    with pytest.raises(LinkTimeout):
        link.read_exactly(4, timeout=0.05)
    link.discard_input()
    terminal.send(b"new!")
    assert link.read_exactly(4, timeout=2) == b"new!"
    link.close()


def test_a_port_that_vanishes_is_a_closed_link_that_names_the_port(terminal: Any) -> None:
    link = open_serial(terminal.path, 1_000_000)
    terminal.unplug()
    with pytest.raises(LinkClosed, match=f"{terminal.path} vanished"):
        link.read_exactly(1, timeout=2)
    with pytest.raises(LinkClosed, match=f"{terminal.path} vanished"):
        link.write(b"x")
    link.close()


def test_closing_twice_is_fine_and_a_closed_link_says_so(terminal: Any) -> None:
    link = open_serial(terminal.path, 1_000_000)
    link.close()
    link.close()
    with pytest.raises(LinkClosed):
        link.read_exactly(1, timeout=0.1)


def test_a_second_opener_is_told_who_holds_the_port(terminal: Any) -> None:
    link = open_serial(terminal.path, 1_000_000)
    with pytest.raises(LinkOpenError, match=rf"{terminal.path} is in use by process {os.getpid()} \(.*\)"):
        open_serial(terminal.path, 1_000_000)
    link.close()
    open_serial(terminal.path, 1_000_000).close()


def test_a_symbolic_link_to_a_port_is_the_same_port(terminal: Any, tmp_path: Path) -> None:
    alias = tmp_path / "board"
    alias.symlink_to(terminal.path)
    link = open_serial(str(alias), 1_000_000)
    with pytest.raises(LinkOpenError, match="in use by process"):
        open_serial(terminal.path, 1_000_000)
    link.close()


def test_a_missing_port_is_named() -> None:
    with pytest.raises(LinkOpenError, match="/dev/ttyNONE does not exist: check the cable"):
        open_serial("/dev/ttyNONE", 9600)


def test_a_failed_opening_leaves_no_lock(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise serial.SerialException(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(serial, "serial_for_url", refuse)
        with pytest.raises(LinkOpenError, match=r"sudo usermod -aG \w+ \$USER, then log in again"):
            open_serial(terminal.path, 1_000_000)
    open_serial(terminal.path, 1_000_000).close()


def test_a_port_held_by_a_program_that_knows_no_lock_file_is_refused(terminal: Any) -> None:
    with (
        serial.Serial(terminal.path, exclusive=True),
        pytest.raises(LinkOpenError, match=f"{terminal.path} is in use by another process"),
    ):
        open_serial(terminal.path, 1_000_000)


def test_an_unknown_url_is_refused() -> None:
    with pytest.raises(LinkOpenError, match="carrier-pigeon://roof"):
        open_serial("carrier-pigeon://roof", 9600)


def test_a_socket_url_carries_bytes_and_notices_the_end(server: Any) -> None:
    link = open_serial(f"socket://127.0.0.1:{server.port}", 9600)
    with server.accept() as peer:
        link.write(b"ping")
        assert peer.recv(4) == b"ping"
        peer.sendall(b"pong\0")
        assert link.read_until(b"\0", timeout=2) == b"pong\0"
        with pytest.raises(LinkTimeout):
            link.read_exactly(1, timeout=0.05)
    with pytest.raises(LinkClosed, match="vanished"):
        link.read_exactly(1, timeout=2)
    link.close()


def test_a_socket_that_nobody_listens_to_is_named(server: Any) -> None:
    server.listener.close()
    with pytest.raises(LinkOpenError, match=r"socket://127\.0\.0\.1:0 cannot be opened: .*refused"):
        open_serial("socket://127.0.0.1:0", 9600)


def test_a_link_that_pyserial_reads_in_its_own_thread_keeps_deadlines() -> None:
    link = open_serial("loop://", 9600)
    assert isinstance(link, SerialPortLink)
    link.write(b"echo")
    assert link.read_exactly(4, timeout=2) == b"echo"
    started = time.monotonic()
    with pytest.raises(LinkTimeout):
        link.read_exactly(1, timeout=0.1)
    assert time.monotonic() - started < 0.5
    link.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pyserial leaves the log open
def test_a_spy_url_writes_what_crosses_the_port(terminal: Any, tmp_path: Path) -> None:
    log = tmp_path / "spy.log"
    link = open_serial(f"spy://{terminal.path}?file={log}", 1_000_000)
    link.write(b"\x01\x02")
    assert terminal.receive(2) == b"\x01\x02"
    with pytest.raises(LinkOpenError, match="in use"):
        open_serial(terminal.path, 1_000_000)
    link.close()
    assert "01 02" in log.read_text()
    del link
    gc.collect()
