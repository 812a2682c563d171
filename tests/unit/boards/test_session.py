"""Hello, silence and strangers: the host's side of a session, in a time that only waiting makes pass."""

import re
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from labrig.arrays import Seconds
from labrig.boards.pipeline import Command
from labrig.boards.session import HELLO_DEADLINE, Session
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel
from labrig.errors import BoardFault, BoardReset, LinkOpenError, LinkTimeout, ProtocolMismatch
from labrig.sim.serving.dispatcher import Dispatcher
from labrig.wire.definition import ArmRequest, IdentifyReply, Message, StatusReply
from labrig.wire.framing import Frame, decode_frame, encode_frame
from labrig.wire.messages import encode
from tests.support.benches import serve
from tests.support.links import ServedLink


@dataclass
class Clock:
    """Stands still but for those who wait."""

    now: float = 100.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Waiting:
    """A board that hears nothing before `starts`; reading in vain takes all of the time that it may."""

    board: Dispatcher
    clock: Clock
    starts: float = 0.0
    delay: Seconds = 0.0
    """Between a request and its reply."""
    name: str = "port7"
    sent: list[tuple[float, Frame]] = field(default_factory=list[tuple[float, Frame]])
    replies: list[tuple[float, bytes]] = field(default_factory=list[tuple[float, bytes]])

    def write(self, data: bytes) -> None:
        self.sent += [(self.clock.now, decode_frame(part)) for part in data.split(b"\0") if part]
        if self.clock.now >= self.starts:
            self.replies += [(self.clock.now + self.delay, reply) for reply in self.board.receive(data)]

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        end = self.clock.now + timeout
        if self.replies and self.replies[0][0] <= end:
            at, reply = self.replies.pop(0)
            self.clock.now = max(self.clock.now, at)
            return reply
        self.clock.now = end
        msg = f"{self.name}: waited {timeout:.3g} s"
        raise LinkTimeout(msg)

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        raise NotImplementedError

    def discard_input(self) -> None:
        self.replies = [(at, reply) for at, reply in self.replies if at > self.clock.now]

    def close(self) -> None:
        pass


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("labrig.boards.session.time", clock)
    return clock


@pytest.fixture
def link(model: BoardModel, topology: Topology, clock: Clock) -> Waiting:
    return Waiting(serve(model, topology), clock)


def test_a_board_that_is_still_starting_is_greeted_again_and_again_until_it_answers(
    link: Waiting, clock: Clock
) -> None:
    link.starts = clock.now + 2.0
    assert Session(link).hello().inputs == 40
    assert clock.now == pytest.approx(102.0, abs=0.08)
    times = [at for at, frame in link.sent if frame.type == Message.HELLO]
    assert 2.0 / 0.075 <= len(times) <= 2.0 / 0.05 + 1
    assert {frame.seq for _, frame in link.sent} == {0}, "a repeated hello is the same hello"


def test_every_hello_comes_after_a_delimiter_that_ends_what_lay_on_the_line(
    model: BoardModel, topology: Topology
) -> None:
    served = ServedLink(serve(model, topology))
    served.write(b"\x07half a frame of someone else")
    assert Session(served).hello().outputs == 30


def test_after_a_late_start_the_first_exchange_works_although_more_hellos_are_on_their_way(
    link: Waiting, clock: Clock
) -> None:
    link.starts, link.delay = clock.now + 0.5, 0.4
    session = Session(link)
    session.hello()
    (reply,) = session.run([Command(Message.DIGEST, has_data=True)])
    assert reply.flags == 0


def test_without_an_answer_to_hello_the_port_is_named_within_the_deadline(
    link: Waiting, clock: Clock
) -> None:
    link.starts = float("inf")
    with pytest.raises(
        LinkOpenError, match=r"port7: no board answered within 3 s: check its supply and baud"
    ):
        Session(link).hello()
    assert clock.now == pytest.approx(100 + HELLO_DEADLINE, abs=0.06)


def test_silence_in_an_exchange_ends_after_eight_tries_and_a_known_time(link: Waiting, clock: Clock) -> None:
    session = Session(link)
    session.hello()
    link.starts, link.sent = float("inf"), []
    started = clock.now
    with pytest.raises(LinkTimeout, match="port7: no answer after 8 tries: is the board still connected"):
        session.run([Command(Message.DIGEST, has_data=True)])
    assert len(link.sent) == 8
    assert {frame.seq for _, frame in link.sent} == {1}, "the same sequence number each time"
    waits = [later - at for (at, _), (later, _) in pairwise(link.sent)]
    assert all(later >= earlier for earlier, later in pairwise(waits) if later < 1.0), (
        "a second at most, and spread"
    )
    assert all(0.02 <= wait <= 1.5 for wait in waits)
    assert clock.now - started <= 12.0
    assert session.boot_count is None, "a session that broke off is no session any more"


@dataclass
class AfterNoise:
    """A line that hands over noise together with what came behind it, and at first loses what is sent."""

    link: ServedLink
    lost: int
    noise: bytes = b""
    name: str = "port8"

    def write(self, data: bytes) -> None:
        if self.lost:
            self.lost, self.noise = self.lost - 1, b"\x07\x33"
        else:
            self.link.write(data)

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        data = self.link.read_until(terminator, timeout=timeout)
        noise, self.noise = self.noise, b""
        return noise + data

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        raise NotImplementedError

    def discard_input(self) -> None:
        self.noise = b""
        self.link.discard_input()

    def close(self) -> None:
        pass


def test_noise_that_nothing_ended_does_not_spoil_the_answer_behind_it(
    model: BoardModel, topology: Topology
) -> None:
    link = AfterNoise(ServedLink(serve(model, topology)), lost=0)
    session = Session(link)
    session.hello()
    link.lost = 1
    session.run([Command(Message.DIGEST, has_data=True)])
    assert session.tally.retries == 1, "the answer to what was sent again is the first that could come"
    assert session.tally.damaged == 0


def test_a_board_that_was_told_to_settle_is_given_that_time_on_top(link: Waiting, clock: Clock) -> None:
    session = Session(link)
    session.hello()
    for _ in range(30):
        session.run([Command(Message.PING)])
    link.delay, link.sent = 0.4, []
    session.run([Command(Message.PING, b"x", has_data=True, busy=0.4)])
    assert len(link.sent) == 1


def test_firmware_of_another_definition_is_named_with_both_fingerprints(
    link: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labrig.boards.session.FINGERPRINT", 0x12345678)
    with pytest.raises(ProtocolMismatch, match=r"fingerprint [0-9A-F]{8}; this labrig speaks 1, 12345678"):
        Session(link).hello()


def test_without_a_session_nothing_is_sent(link: Waiting) -> None:
    with pytest.raises(BoardFault, match="no session with the board"):
        Session(link).run([Command(Message.PING)])
    assert link.sent == []


def test_questions_outside_a_session_begin_none(link: Waiting) -> None:
    session = Session(link)
    assert session.query(Message.STATUS, StatusReply).armed == 0
    assert session.query(Message.IDENTIFY, IdentifyReply).boot_count == 1
    assert session.boot_count is None
    link.starts = float("inf")
    with pytest.raises(LinkTimeout, match=r"the board did not answer STATUS within 0\.5 s"):
        session.query(Message.STATUS, StatusReply, 0.5)


def test_a_search_disturbs_no_session_and_no_armed_board(link: Waiting) -> None:
    session = Session(link)
    session.hello()
    session.run([Command(Message.ARM, encode(ArmRequest(60_000)))])
    assert Session(link).query(Message.IDENTIFY, IdentifyReply).boot_count == 1
    assert Session(link).query(Message.STATUS, StatusReply).armed == 1
    session.run([Command(Message.HEARTBEAT)])


def test_a_board_that_was_reset_is_told_from_one_that_another_program_opened(
    link: Waiting, model: BoardModel, topology: Topology
) -> None:
    first, second = Session(link), Session(link)
    first.hello()
    for _ in range(3):
        second.hello()
    for _ in range(100):
        second.run([Command(Message.PING)])
    with pytest.raises(BoardFault, match="did another program open it") as stolen:
        first.run([Command(Message.PING)])
    assert not isinstance(stolen.value, BoardReset)

    first.hello()
    link.board = serve(model, topology, boot_count=5)
    with pytest.raises(BoardReset, match=re.escape("was reset (boot count 1 → 5)")):
        first.run([Command(Message.PING)])


def testreplies_to_an_earlier_session_are_passed_over(link: Waiting) -> None:
    session = Session(link)
    session.hello()
    stray = [encode_frame(Frame(kind, seq)) for kind in (0x81, 0x82, 0xFE) for seq in (0, 77)]
    link.replies += [(0.0, frame) for frame in stray]
    (reply,) = session.run([Command(Message.PING, b"mine", has_data=True)])
    assert reply.payload == b"mine"
