"""Links of every kind carry the same bytes, wait in the same way and fail with the same errors."""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from labrig.errors import LinkClosed, LinkOpenError, LinkTimeout
from labrig.links.base import Link
from labrig.links.serial import open_serial
from labrig.links.transcript import RecordingLink
from labrig.links.visa import open_visa
from tests.support.peers import Peer, RemotePort, Server, Terminal

EVERY_BYTE = bytes(range(256))


@dataclass
class Ends:
    """Both ends of an open link."""

    link: Link
    peer: Peer
    resource: str
    reopen: Callable[[], Link]


def by_pyserial(resource: str, _: Path) -> Link:
    return open_serial(resource, 1_000_000)


def by_visa(resource: str, _: Path) -> Link:
    return open_visa(resource)


def recorded(resource: str, folder: Path) -> Link:
    return RecordingLink(open_serial(resource, 1_000_000), folder / "transcript.jsonl")


KINDS: dict[str, tuple[str, Callable[[], Peer], Callable[[str, Path], Link]]] = {
    "serial port": ("{}", Terminal, by_pyserial),
    "socket URL": ("socket://127.0.0.1:{}", Server, by_pyserial),
    "RFC 2217": ("rfc2217://127.0.0.1:{}", RemotePort, by_pyserial),
    "VISA serial": ("ASRL{}::INSTR", Terminal, by_visa),
    "VISA socket": ("TCPIP::127.0.0.1::{}::SOCKET", Server, by_visa),
    "recorded": ("{}", Terminal, recorded),
}

# pyserial 3.5 calls Thread.setDaemon and setName for rfc2217://.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")


@pytest.fixture(params=KINDS)
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ends]:
    resource, make_peer, opener = KINDS[request.param]
    peer = make_peer()
    name = resource.format(peer.address)
    link = opener(name, tmp_path)
    yield Ends(link, peer, name, lambda: opener(name, tmp_path))
    link.close()
    peer.vanish()


def test_it_is_named_as_it_was_asked_for(ends: Ends) -> None:
    assert ends.link.name == ends.resource


def test_every_byte_goes_both_ways_and_nothing_is_added(ends: Ends) -> None:
    ends.link.write(EVERY_BYTE)
    ends.link.write(EVERY_BYTE[::-1])
    assert ends.peer.receive(512) == EVERY_BYTE + EVERY_BYTE[::-1]
    ends.peer.send(EVERY_BYTE * 4)
    assert ends.link.read_exactly(1024, timeout=5) == EVERY_BYTE * 4


def test_a_long_message_is_sent_whole(ends: Ends) -> None:
    data = os.urandom(50_000)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(ends.peer.receive(len(data))))
    reader.start()
    ends.link.write(data)
    reader.join(5)
    assert received == [data]


def test_exactly_what_is_asked_for_is_read_from_whatever_pieces_arrive(ends: Ends) -> None:
    ends.peer.send(b"ab")
    assert ends.link.read_exactly(1, timeout=5) == b"a"
    ends.peer.send(b"cd")
    ends.peer.send(b"efgh")
    assert ends.link.read_exactly(4, timeout=5) == b"bcde"
    assert ends.link.read_exactly(3, timeout=5) == b"fgh"


def test_a_message_is_read_up_to_its_terminator_and_no_further(ends: Ends) -> None:
    ends.peer.send(b"one\r\nt\rwo\n\r\nthree\0")
    assert ends.link.read_until(b"\r\n", timeout=5) == b"one\r\n"
    assert ends.link.read_exactly(2, timeout=5) == b"t\r"
    assert ends.link.read_until(b"\r\n", timeout=5) == b"wo\n\r\n"
    assert ends.link.read_until(b"\0", timeout=5) == b"three\0"


def test_a_terminator_may_arrive_in_two_pieces(ends: Ends) -> None:
    ends.peer.send(b"x\r")
    later = threading.Timer(0.05, ends.peer.send, [b"\ny"])
    later.start()
    assert ends.link.read_until(b"\r\n", timeout=5) == b"x\r\n"
    later.join()
    assert ends.link.read_exactly(1, timeout=5) == b"y"


def test_silence_is_a_timeout_that_names_the_link_and_never_a_short_read(ends: Ends) -> None:
    said = f"^{re.escape(ends.resource)}: waited 0.05 s for "
    with pytest.raises(LinkTimeout, match=said + "3 bytes"):
        ends.link.read_exactly(3, timeout=0.05)
    with pytest.raises(LinkTimeout, match=said + "a message that ends in"):
        ends.link.read_until(b"\0", timeout=0.05)
    ends.peer.send(b"ab")
    with pytest.raises(LinkTimeout, match=said + "3 bytes"):
        ends.link.read_exactly(3, timeout=0.05)


def test_what_has_arrived_can_be_thrown_away(ends: Ends) -> None:
    ends.peer.send(b"old")
    assert ends.link.read_exactly(1, timeout=5) == b"o"
    ends.link.discard_input()
    ends.peer.send(b"new")
    assert ends.link.read_exactly(3, timeout=5) == b"new"


def test_a_peer_that_vanishes_is_a_closed_link(ends: Ends) -> None:
    ends.link.write(b"x")
    ends.peer.receive(1)
    ends.peer.vanish()
    with pytest.raises(LinkClosed, match=f"^{re.escape(ends.resource)} vanished.*: check its cable"):
        ends.link.read_exactly(1, timeout=0.5)
    with pytest.raises(LinkClosed):
        ends.link.read_until(b"\0", timeout=0.5)


def test_who_waits_for_a_peer_that_vanishes_does_not_wait_on(ends: Ends) -> None:
    ends.peer.send(b"half")
    vanishing = threading.Timer(0.2, ends.peer.vanish)
    vanishing.start()
    began = time.monotonic()
    with pytest.raises(LinkClosed, match="vanished"):
        ends.link.read_exactly(8, timeout=60)
    assert time.monotonic() - began < 30
    vanishing.join()


def test_a_closed_link_says_so(ends: Ends) -> None:
    ends.link.close()
    ends.link.close()
    with pytest.raises(LinkClosed):
        ends.link.read_exactly(1, timeout=1)
    with pytest.raises(LinkClosed):
        ends.link.write(b"x")


def test_a_second_opener_is_told_who_holds_the_port(ends: Ends) -> None:
    with pytest.raises(
        LinkOpenError, match=rf"^{re.escape(ends.resource)} is in use by process {os.getpid()} "
    ):
        ends.reopen()
