"""The port of the compiled firmware, towards a host that does not take what it asked for."""

import os
import select
import time

from labrig.wire.boundaries import WireBoundary
from labrig.wire.definition import Message, StatusReply
from labrig.wire.framing import DELIMITER, Frame, encode_frame
from labrig.wire.messages import decode
from tests.support.firmware import SMALL, Starter


def written(descriptor: int, data: bytes) -> bool:
    try:
        return os.write(descriptor, data) > 0
    except BlockingIOError:
        return False


def read_some(descriptor: int) -> None:
    if select.select([descriptor], [], [], 0.01)[0]:
        os.read(descriptor, 64)


def test_a_host_that_takes_replies_too_slowly_does_not_hold_up_the_heartbeat(starter: Starter) -> None:
    board = starter.board(SMALL)
    board.hello()
    board.arm(300)
    board.measure(WireBoundary({0: 1000}))
    os.set_blocking(board.descriptor, False)
    ping = encode_frame(board.next(Message.PING, b"x" * 232))
    while written(board.descriptor, ping * 8):  # the same over and over, until the replies fill every buffer
        time.sleep(0.001)
    for _ in range(30):
        time.sleep(0.02)
        os.read(board.descriptor, 1)
    while not written(board.descriptor, DELIMITER + encode_frame(Frame(Message.STATUS, 255))):
        read_some(board.descriptor)
    while (reply := board.receive()).type != Message.STATUS | 0x80:
        pass
    status = decode(StatusReply, reply.payload)
    assert (status.driven, status.armed, status.heartbeat_expired) == (0, 0, 1)
