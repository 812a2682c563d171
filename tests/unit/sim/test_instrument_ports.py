"""An instrument that echoes, behind a real socket, terminal and HiSLIP, opened through pyvisa-py."""

import socket
import struct
import threading
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest
import pyvisa
from pyvisa.resources import MessageBasedResource

from labrig.errors import LinkTimeout
from labrig.links.visa import VisaInstrumentLink, open_visa
from labrig.sim.instruments.serving import InstrumentServant
from labrig.sim.ports.loop import serve as serve_servants
from labrig.sim.ports.opening import open_instrument_port
from tests.support.echo import Echo

SECONDS = 5.0


class Served:
    """An echo, where it is, and how it ends."""

    def __init__(self, visa: str, resource: str, echo: Echo) -> None:
        self.visa = visa
        self.resource = resource
        self.echo = echo


@pytest.fixture(params=["tcp", "pty", "hislip"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Served]:
    where = f"pty:{tmp_path / 'echo'}" if request.param == "pty" else f"{request.param}://127.0.0.1:0"
    yield from serve(where)


@pytest.fixture
def hislip() -> Generator[Served]:
    yield from serve("hislip://127.0.0.1:0")


def serve(where: str) -> Generator[Served]:
    echo = Echo()
    ends, ending = socket.socketpair()
    with ExitStack() as stack:
        stack.enter_context(ends)
        stack.enter_context(ending)
        port = stack.enter_context(open_instrument_port(where))
        server = threading.Thread(target=serve_servants, args=([InstrumentServant(port, echo)], ending))
        server.start()
        try:
            yield Served(port.visa, port.resource, echo)
        finally:
            ends.send(b"x")
            server.join()


def test_a_question_is_answered(served: Served) -> None:
    link = open_visa(served.visa)
    try:
        for number in range(20):
            link.write(f"n{number}?\n".encode())
            assert link.read_until(b"\n", timeout=SECONDS) == f"n{number}\n".encode()
    finally:
        link.close()


def test_a_long_answer_arrives_whole(served: Served) -> None:
    link = open_visa(served.visa)
    try:
        link.write(b"BIG?\n")
        assert link.read_until(b"\n", timeout=6 * SECONDS) == b"x" * 200_000 + b"\n"
        link.write(b"BIG?\n")
        assert link.read_exactly(200_001, timeout=6 * SECONDS).endswith(b"x\n")
    finally:
        link.close()


def test_an_answer_may_be_read_in_pieces(served: Served) -> None:
    link = open_visa(served.visa)
    try:
        link.write(b"abcdef?\n")
        assert link.read_exactly(2, timeout=SECONDS) == b"ab"
        assert link.read_exactly(3, timeout=SECONDS) == b"cde"
        assert link.read_until(b"\n", timeout=SECONDS) == b"f\n"
    finally:
        link.close()


def test_silence_is_a_timeout_and_the_next_question_is_answered(served: Served) -> None:
    link = open_visa(served.visa)
    try:
        link.write(b"WAIT?\n")
        with pytest.raises(LinkTimeout):
            link.read_until(b"\n", timeout=0.2)
        link.write(b"after?\n")
        assert link.read_until(b"\n", timeout=SECONDS) == b"after\n"
    finally:
        link.close()


def test_clients_come_one_after_another(served: Served) -> None:
    for name in (b"first", b"second"):
        link = open_visa(served.visa)
        link.write(name + b"?\n")
        assert link.read_until(b"\n", timeout=SECONDS) == name + b"\n"
        link.close()


def test_half_a_message_of_a_client_that_left_is_no_part_of_the_next_one() -> None:
    for served in serve("tcp://127.0.0.1:0"):
        host, port = served.resource.removeprefix("tcp://").split(":")
        with socket.create_connection((host, int(port)), SECONDS) as client:
            client.sendall(b"half")
        link = open_visa(served.visa)
        link.write(b"whole?\n")
        assert link.read_until(b"\n", timeout=SECONDS) == b"whole\n"
        link.close()


def test_a_device_clear_reaches_the_instrument(hislip: Served) -> None:
    link = open_visa(hislip.visa)
    try:
        assert isinstance(link, VisaInstrumentLink)
        link.write(b"WAIT?\n")
        link.clear()
        assert hislip.echo.cleared == 1
        link.write(b"on?\n")
        assert link.read_until(b"\n", timeout=SECONDS) == b"on\n"
    finally:
        link.close()


def test_pyvisa_reads_the_status_byte(hislip: Served) -> None:
    resource = pyvisa.ResourceManager("@py").open_resource(hislip.visa)
    assert isinstance(resource, MessageBasedResource)
    assert resource.read_stb() == 0x42
    resource.close()


def test_a_second_client_is_refused_while_the_first_one_is_there(hislip: Served) -> None:
    host, port = hislip.resource.removeprefix("hislip://").split(":")
    link = open_visa(hislip.visa)
    with socket.create_connection((host, int(port)), SECONDS) as second:
        second.sendall(struct.pack("!2sBBIQ", b"HS", 0, 0, 0x01000000, 7) + b"hislip0")
        answer = second.recv(64)
        assert answer[2:4] == bytes((2, 4)), "fatal error 4: too many clients"
    link.write(b"still?\n")
    assert link.read_until(b"\n", timeout=SECONDS) == b"still\n"
    link.close()


def test_what_is_no_hislip_is_hung_up(hislip: Served) -> None:
    host, port = hislip.resource.removeprefix("hislip://").split(":")
    with socket.create_connection((host, int(port)), SECONDS) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        client.settimeout(SECONDS)
        assert client.recv(64) == b""
