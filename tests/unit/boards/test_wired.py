"""A board behind a link when something goes wrong: silence, resets, drivers that stay on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from labrig.boards.base import BoardRequest, Codes
from labrig.boards.wired import WiredBoard, open_wired
from labrig.circuit.boundary import Boundary
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel
from labrig.errors import BoardFault, BoardReset, LinkClosed, LinkOpenError
from labrig.sim.serving.device import Device
from labrig.sim.serving.dispatcher import Dispatcher
from tests.support.benches import serve
from tests.support.decoding import Decoder, Imposed, Released, Written
from tests.support.links import MuteLink, ServedLink

INPUTS, OUTPUTS = 3, 2
ARM = 0x31
STATE = Boundary({0: 1.0, 1: 2.0, 2: 3.0})


@pytest.fixture
def topology() -> Topology:
    return Topology.crossbar(INPUTS, OUTPUTS)


@dataclass
class Clock:
    """The board's own."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dispatcher(model: BoardModel, topology: Topology, clock: Clock) -> Dispatcher:
    return serve(model, topology, clock=clock)


@pytest.fixture
def link(dispatcher: Dispatcher) -> ServedLink:
    return ServedLink(dispatcher)


@pytest.fixture
def board(link: ServedLink) -> Iterator[WiredBoard]:
    board = open_wired(link)
    yield board
    board.close()


def request(code: int, *boundaries: Boundary) -> BoardRequest:
    return BoardRequest(boundaries=boundaries, program=Codes(np.full(INPUTS * OUTPUTS, code)))


def frames(link: ServedLink) -> list[type[object]]:
    """What has been sent since the last look, but for what moves nothing."""
    events = Decoder(INPUTS, OUTPUTS, code_bits=9, dac_bits=16, dac_span=5.0).events(link.written)
    link.written = b""
    return [type(event) for event in events]


def test_a_board_that_released_itself_while_this_process_stood_still_is_armed_again(
    board: WiredBoard, dispatcher: Dispatcher, clock: Clock
) -> None:
    before = board.exchange(request(100, STATE))
    assert board.status().armed
    clock.now += 2.0
    dispatcher.check_heartbeat()
    assert (board.status().armed, board.status().driven) == (0, 0)
    after = board.exchange(request(100, STATE))
    np.testing.assert_array_equal(after.voltages, before.voltages)
    assert (board.status().armed, board.status().driven) == (1, INPUTS)


def test_a_reset_is_said_once_and_then_everything_is_written_anew(
    board: WiredBoard, link: ServedLink, model: BoardModel, topology: Topology
) -> None:
    board.exchange(request(100, STATE))
    link.board = serve(model, topology, boot_count=2)
    frames(link)
    with pytest.raises(BoardReset, match="boot count 1 → 2"):
        board.exchange(BoardRequest(boundaries=[STATE]))
    assert Written not in frames(link)
    reply = board.exchange(request(100, STATE))
    assert reply.boot_count == 2
    assert frames(link) == [Released, Written, Imposed]


def stay_on(_: Device) -> None:
    """Instead of releasing."""


def test_made_safe_means_that_the_board_says_so(board: WiredBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    board.exchange(request(100, STATE))
    with monkeypatch.context() as broken:
        broken.setattr(Device, "make_safe", stay_on)
        with pytest.raises(BoardFault, match="served: the board still drives 3 lines after SAFE: switch its"):
            board.make_safe()
    board.make_safe()
    assert (board.status().armed, board.status().driven) == (0, 0)


def test_without_a_session_a_new_one_releases(
    board: WiredBoard, link: ServedLink, model: BoardModel, topology: Topology
) -> None:
    board.exchange(request(100, STATE))
    other = open_wired(ServedLink(link.board))
    other.close()
    frames(link)
    board.make_safe()
    assert frames(link) == [Released, Released], "SAFE of the session that is no more, then hello"


def test_a_board_out_of_reach_is_said_to_release_itself(link: ServedLink) -> None:
    gone = False
    board = open_wired(MuteLink(link, lambda: gone))
    board.exchange(request(100, STATE))
    gone = True
    with pytest.raises(LinkOpenError, match="releases its drivers by itself after 1 s of silence"):
        board.make_safe()
    gone = False
    board.close()
    assert link.closed


class Stuck(ServedLink):
    """Cannot be closed."""

    def close(self) -> None:
        super().close()
        msg = "the port does not close"
        raise LinkClosed(msg)


def test_closing_attempts_everything_and_names_every_failure(
    model: BoardModel, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = Stuck(serve(model, topology))
    board = open_wired(link)
    board.exchange(request(100, STATE))
    monkeypatch.setattr(Device, "make_safe", stay_on)
    with pytest.raises(BoardFault, match=r"still drives 3 lines.*; and the port does not close"):
        board.close()
    assert link.closed
    board.close()
    with pytest.raises(LinkClosed, match="is closed"):
        board.exchange(request(100, STATE))


def test_a_link_without_a_board_is_closed_again(link: ServedLink) -> None:
    with pytest.raises(LinkOpenError, match="no board answered"):
        open_wired(MuteLink(link, lambda: True))
    assert link.closed
