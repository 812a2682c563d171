"""A board that was recorded once answers again when it is no longer there."""

from pathlib import Path

import numpy as np
import pytest

from labrig.boards.base import BoardInfo, BoardRequest, Codes
from labrig.boards.wired import open_wired
from labrig.errors import LinkError
from labrig.links.base import Link
from labrig.links.serial import open_serial
from labrig.links.transcript import RecordingLink, ReplayLink
from tests.support.boards import StartBoard
from tests.support.network import as_described
from tests.support.subjects import WITH_CHIPS


def write_and_read_back(link: Link, codes: list[int]) -> tuple[BoardInfo, int, int, list[int]]:
    """Nothing is driven, so no heartbeat comes in between."""
    board = open_wired(link)
    try:
        program = Codes(np.array(codes, dtype=np.int64))
        reply = board.exchange(BoardRequest([], program, read_back=True))
        assert reply.program is not None
        return board.info, reply.digest, reply.boot_count, reply.program.values.tolist()
    finally:
        board.close()


def test_the_same_requests_are_answered_as_they_were(start_board: StartBoard, tmp_path: Path) -> None:
    process = start_board(WITH_CHIPS, as_described())
    transcript = tmp_path / "board.jsonl"
    codes = list(range(100, 133))
    answered = write_and_read_back(RecordingLink(open_serial(process.resource, 1_000_000), transcript), codes)
    process.stop()
    with ReplayLink(transcript) as link:
        assert write_and_read_back(link, codes) == answered
    assert answered[3] == codes


def test_another_request_is_refused(start_board: StartBoard, tmp_path: Path) -> None:
    process = start_board(WITH_CHIPS, as_described())
    transcript = tmp_path / "board.jsonl"
    write_and_read_back(RecordingLink(open_serial(process.resource, 1_000_000), transcript), [1] * 33)
    with pytest.raises(LinkError, match="is written where"):
        write_and_read_back(ReplayLink(transcript), [2] * 33)
