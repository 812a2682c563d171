"""When a board drives, and when it lets go by itself."""

import time

import numpy as np

from labrig.wire.boundaries import WireBoundary
from labrig.wire.definition import Message, ReadRequest, Status, StatusReply
from labrig.wire.framing import Frame
from labrig.wire.messages import decode, encode
from labrig.wire.packing import unpack
from tests.support.firmware import SECONDS, SMALL, Boards, Hosted


def test_silence_releases_all_drivers_and_keeps_the_codes(boards: Boards) -> None:
    board = boards.board(SMALL)
    board.hello()
    board.write(np.arange(6))
    board.arm(300)
    asked_at = time.monotonic()
    board.measure(WireBoundary({0: 1000, 1: 2000, 2: 3000}, {0: 5}))
    driven_at = time.monotonic()
    assert (board.status().driven, board.status().armed) == (4, 1)
    while (status := board.status()).driven:
        assert time.monotonic() - driven_at < SECONDS
    assert time.monotonic() - asked_at > 0.29
    assert (status.armed, status.heartbeat_expired) == (0, 1)
    assert np.array_equal(unpack(board.do(Message.READ, encode(ReadRequest(0, 6))), 6, 9), np.arange(6))
    assert board.ask(board.next(Message.MEASURE, board.request(WireBoundary(None)))).flags == Status.RANGE


def test_heartbeats_keep_the_drivers_on(boards: Boards) -> None:
    board = boards.board(SMALL)
    board.hello()
    board.arm(500)
    board.measure(WireBoundary({0: 1000}))
    for _ in range(15):
        time.sleep(0.05)
        board.do(Message.HEARTBEAT)
    assert board.status().driven == 1


def test_silence_releases_even_where_nobody_reads_the_replies(hosted: Hosted) -> None:
    board = hosted.board(SMALL)
    board.hello()
    board.arm(200)
    board.measure(WireBoundary({0: 1000}))
    for _ in range(4):
        board.send(*[Frame(Message.PING, board.seq, payload=b"x" * 232)] * 16)  # replies that nobody takes
        time.sleep(0.1)
    time.sleep(0.6)
    board.send(Frame(Message.STATUS, 255))
    while (reply := board.receive()).type != Message.STATUS | 0x80:
        pass
    assert decode(StatusReply, reply.payload).driven == 0


def test_nothing_is_driven_while_disarmed(boards: Boards) -> None:
    board = boards.board(SMALL)
    board.hello()
    for boundary in (WireBoundary({1: 1}), WireBoundary({}, {0: 1}), WireBoundary({}, inject={1: 1})):
        reply = board.ask(board.next(Message.MEASURE, board.request(boundary)))
        assert (reply.flags, reply.payload) == (Status.NOT_ARMED, b"")
    assert board.status().driven == 0
    assert not board.measure(WireBoundary({})).any()


def test_safe_and_hello_release(boards: Boards) -> None:
    board = boards.board(SMALL)
    for release in (lambda: board.do(Message.SAFE), board.hello):
        board.hello()
        board.arm()
        board.measure(WireBoundary({0: 1, 1: 2}))
        assert board.status().driven == 2
        release()
        assert (board.status().driven, board.status().armed) == (0, 0)
