"""What was recorded once is replayed for ever, and nothing else is."""

from pathlib import Path
from typing import Any

import pytest

from labrig.errors import LinkError, LinkTimeout
from labrig.links.serial import open_serial
from labrig.links.transcript import RecordingLink, ReplayLink


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    path = tmp_path / "dialogue.jsonl"
    link = RecordingLink(open_serial("loop://", 9600), path)
    link.write(b"ab\0")
    assert link.read_until(b"\0", timeout=2) == b"ab\0"
    with pytest.raises(LinkTimeout):
        link.read_exactly(1, timeout=0.01)
    link.write(b"cdef")
    link.read_exactly(4, timeout=2)
    link.close()
    return path


def replay(link: Any, pieces: list[bytes]) -> list[bytes]:
    """What is read."""
    link.write(b"ab\0")
    first: bytes = link.read_until(b"\0", timeout=1)
    with pytest.raises(LinkTimeout):
        link.read_exactly(1, timeout=1)
    for piece in pieces:
        link.write(piece)
    return [first, link.read_exactly(1, timeout=1), link.read_exactly(3, timeout=1)]


@pytest.mark.parametrize("pieces", [[b"cdef"], [b"c", b"def"]])
def test_a_replay_gives_what_was_read_however_the_writes_are_cut(
    transcript: Path, pieces: list[bytes]
) -> None:
    with ReplayLink(transcript) as link:
        assert replay(link, pieces) == [b"ab\0", b"c", b"def"]


def test_a_write_that_differs_is_refused_with_its_line(transcript: Path) -> None:
    link = ReplayLink(transcript)
    with pytest.raises(LinkError, match=r"dialogue.jsonl:2: 61 63 is written where 61 62 00 was written"):
        link.write(b"ac")


def test_a_write_past_what_was_recorded_is_refused(transcript: Path) -> None:
    link = ReplayLink(transcript)
    with pytest.raises(LinkError, match=r"dialogue.jsonl:3: 78 is written where 61 62 00 was read"):
        link.write(b"ab\0x")


def test_reading_before_everything_was_written_is_refused(transcript: Path) -> None:
    link = ReplayLink(transcript)
    link.write(b"a")
    with pytest.raises(LinkError, match="is read where 62 00 was written"):
        link.read_until(b"\0", timeout=1)


def test_leftovers_are_refused(transcript: Path) -> None:
    link = ReplayLink(transcript)
    link.write(b"ab\0")
    with pytest.raises(LinkError, match="nothing more is asked where 61 62 00 was read"), link:
        pass


def test_more_than_was_recorded_is_refused(transcript: Path) -> None:
    link = ReplayLink(transcript)
    replay(link, [b"cdef"])
    with pytest.raises(LinkError, match="the recording had ended"):
        link.read_exactly(1, timeout=1)


def test_another_file_is_no_transcript(tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text('{"t": 0}\n')
    with pytest.raises(LinkError, match=r"other\.jsonl:1: not a transcript"):
        ReplayLink(path)
