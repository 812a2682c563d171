"""Go-back-N without any link: a board with a small receive buffer, and frames that get lost both ways."""

import random
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrig.boards.pipeline import Command, Pipeline, SessionLost
from labrig.errors import UnexpectedReply
from labrig.wire.definition import Message, NakReply, Status
from labrig.wire.framing import Frame, decode_frame
from labrig.wire.messages import encode

WRITE, APPLY, MEASURE, NAK, REPLY, HELLO = 0x10, 0x12, 0x15, 0xFF, 0x80, 0x01
FIRST = 250
"""Sequence numbers wrap around within every test."""


@dataclass
class LossyBoard:
    """Acts on the expected request only; what arrives damaged takes room in its buffer all the same."""

    loss: float
    credit: int
    random: random.Random
    expected: int = FIRST
    carried_out: list[bytes] = field(default_factory=list[bytes])
    answered: list[Frame] = field(default_factory=list[Frame])
    ring: deque[tuple[bytes, bool]] = field(default_factory=deque[tuple[bytes, bool]])

    def send(self, encoded: bytes) -> None:
        self.ring.append((encoded, self.random.random() < self.loss))

    @property
    def waiting(self) -> int:
        return sum(len(encoded) for encoded, _ in self.ring)

    def take_up(self) -> Frame | None:
        """The next request out of the ring, and its reply unless either gets lost."""
        encoded, is_damaged = self.ring.popleft()
        if is_damaged:
            return None
        reply = self.reply(decode_frame(encoded[:-1]))
        return None if self.random.random() < self.loss else reply

    def reply(self, frame: Frame) -> Frame:
        behind = (self.expected - frame.seq) % 256
        if behind == 0:
            self.carried_out.append(frame.payload)
            data = frame.payload[::-1] if frame.type != WRITE else b""
            self.answered.append(Frame(frame.type | REPLY, frame.seq, 0, data))
            self.expected = (self.expected + 1) % 256
            return self.answered[-1]
        if behind <= min(len(self.answered), 64):
            again = self.answered[-behind]
            newer = sum(bool(reply.payload) for reply in self.answered[-behind:])
            if not again.payload or newer <= self.credit:
                return again
        nak = NakReply(Status.SEQUENCE, self.expected, 7)
        return Frame(NAK, frame.seq, Status.SEQUENCE, encode(nak))


commands = st.lists(
    st.tuples(st.sampled_from([WRITE, APPLY, MEASURE]), st.integers(1, 120)), min_size=1, max_size=90
)


@given(
    kinds=commands,
    loss=st.sampled_from([0.0, 0.02, 0.2, 0.5]),
    window=st.sampled_from([140, 256, 1024, 4095]),
    credit=st.integers(1, 16),
    seed=st.integers(0, 2**32),
)
def test_every_request_is_carried_out_once_in_order_and_answered_by_its_own_reply(
    kinds: list[tuple[int, int]], loss: float, window: int, credit: int, seed: int
) -> None:
    requests = [
        Command(Message(kind), k.to_bytes(2, "big") * (size // 2 + 1), has_data=kind != WRITE)
        for k, (kind, size) in enumerate(kinds)
    ]
    pipeline = Pipeline(requests, FIRST, window, credit)
    board = LossyBoard(loss, credit, random.Random(seed))
    for _ in range(200 * len(requests) + 2000):
        if pipeline.done:
            break
        for number in pipeline.sendable():
            board.send(pipeline.encoded[number])
        assert board.waiting <= window
        if not board.ring:
            pipeline.go_back()  # silence
        elif (reply := board.take_up()) is not None:
            pipeline.accept(reply)
    assert pipeline.done
    assert board.carried_out == [request.payload for request in requests]
    for request, reply in zip(requests, pipeline.replies, strict=True):
        assert reply is not None
        assert reply.flags == Status.OK
        assert reply.payload == (request.payload[::-1] if request.has_data else b"")


def pipeline_of(*kinds: int, window: int = 4095, credit: int = 16) -> Pipeline:
    return Pipeline([Command(Message(kind), has_data=kind != WRITE) for kind in kinds], FIRST, window, credit)


def test_a_frame_larger_than_the_window_goes_alone() -> None:
    large = Pipeline([Command(Message.WRITE, bytes(200)), Command(Message.WRITE)], FIRST, 100, 16)
    assert large.sendable() == [0]
    assert large.sendable() == []
    large.accept(Frame(WRITE | REPLY, FIRST))
    assert large.sendable() == [1]


def test_no_more_replies_with_data_are_under_way_than_the_board_keeps() -> None:
    pipeline = pipeline_of(WRITE, APPLY, WRITE, MEASURE, MEASURE, credit=2)
    assert pipeline.sendable() == [0, 1, 2, 3]
    pipeline.accept(Frame(APPLY | REPLY, FIRST + 1))
    assert pipeline.sendable() == [4]


def test_a_reply_acknowledges_all_requests_before_it_that_have_no_data() -> None:
    pipeline = pipeline_of(WRITE, WRITE, APPLY)
    pipeline.sendable()
    assert pipeline.accept(Frame(APPLY | REPLY, FIRST + 2, payload=b"x")) == 2
    assert pipeline.done


def test_data_that_got_lost_on_the_way_is_asked_for_again_and_nothing_else() -> None:
    pipeline = pipeline_of(APPLY, WRITE, MEASURE)
    pipeline.sendable()
    pipeline.accept(Frame(MEASURE | REPLY, (FIRST + 2) % 256, payload=b"x"))
    assert pipeline.sendable() == [0]


@pytest.mark.parametrize(
    "stray",
    [
        Frame(HELLO | REPLY, FIRST, payload=b"late"),
        Frame(WRITE | REPLY, FIRST - 1),
        Frame(WRITE | REPLY, (FIRST + 2) % 256),
    ],
    ids=["outside the session", "before", "ahead"],
)
def test_a_reply_to_nothing_that_is_under_way_is_passed_over(stray: Frame) -> None:
    pipeline = pipeline_of(WRITE, WRITE)
    pipeline.sendable()
    assert pipeline.accept(stray) is None
    assert pipeline.replies == [None, None]


def test_a_reply_of_another_type_is_an_error() -> None:
    pipeline = pipeline_of(WRITE)
    pipeline.sendable()
    with pytest.raises(UnexpectedReply, match="request WRITE was answered by a frame of type 0x95"):
        pipeline.accept(Frame(MEASURE | REPLY, FIRST))


def test_a_board_that_expects_none_of_the_requests_has_lost_the_session() -> None:
    pipeline = pipeline_of(WRITE, WRITE)
    pipeline.sendable()
    nak = NakReply(Status.SEQUENCE, FIRST + 100 & 0xFF, 9)
    with pytest.raises(SessionLost) as lost:
        pipeline.accept(Frame(NAK, FIRST, Status.SEQUENCE, encode(nak)))
    assert lost.value.boot_count == 9


def test_a_refusal_is_the_answer_to_its_request() -> None:
    pipeline = pipeline_of(WRITE)
    pipeline.sendable()
    nak = NakReply(Status.UNKNOWN, FIRST, 1)
    assert pipeline.accept(Frame(NAK, FIRST, Status.UNKNOWN, encode(nak))) == 0
    (reply,) = pipeline.replies
    assert reply is not None
    assert reply.flags == Status.UNKNOWN


def test_what_the_board_waits_counts_for_the_requests_under_way_only() -> None:
    commands = [Command(Message.MEASURE, bytes(100), has_data=True, busy=0.5) for _ in range(3)]
    pipeline = Pipeline(commands, FIRST, window=220, credit=16)
    pipeline.sendable()
    assert pipeline.busy == 1.0
    pipeline.accept(Frame(MEASURE | REPLY, FIRST, payload=b"x"))
    assert pipeline.busy == 0.5
    pipeline.sendable()
    assert pipeline.busy == 1.0


def test_repeated_frames_of_the_last_exchange_count_until_the_board_has_taken_them_up() -> None:
    """The first reply got lost; frames 0 and 2 left again, and the second copy of 2 is not yet answered."""
    twice = Pipeline([Command(Message.APPLY, bytes(92), has_data=True)] * 3, FIRST, 4095, 16)
    twice.sendable()
    twice.accept(Frame(APPLY | REPLY, FIRST + 1, payload=b"x"))
    assert twice.sendable() == [0, 2]
    twice.accept(Frame(APPLY | REPLY, FIRST + 2, payload=b"x"))
    twice.accept(Frame(APPLY | REPLY, FIRST, payload=b"x"))
    assert twice.done
    assert twice.left_over == [(-1, 100)]

    following = Pipeline([Command(Message.WRITE, bytes(42))] * 4, FIRST + 3, 200, 16, twice.left_over)
    assert following.sendable() == [0, 1]
    following.accept(Frame(APPLY | REPLY, FIRST + 2, payload=b"x"))
    assert following.sendable() == [2, 3]
