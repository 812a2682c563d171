"""What a host sent to a board, out of a transcript of its link."""

import json
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from labrig.errors import FrameError
from labrig.wire.definition import FRAMES_IN_FLIGHT, Message
from labrig.wire.framing import DELIMITER, Frame, decode_frame


@dataclass(frozen=True)
class Sent:
    """A request, as it was sent first."""

    message: Message
    payload: bytes
    turn: int
    """Of two requests in one turn, the later one left before anything was read after the earlier one."""


def frames_written(transcript: Path) -> list[Frame]:
    """Every frame that was written, in order, whatever it was for."""
    return [frame for kind, frames in _entries(transcript) if kind == "write" for frame in frames]


def requests(transcript: Path) -> list[Sent]:
    """Requests of the session in order, each once; without those that only keep a board armed."""
    seen: deque[tuple[int, int]] = deque(maxlen=FRAMES_IN_FLIGHT)
    found: list[Sent] = []
    turn, has_read = 0, False
    for kind, frames in _entries(transcript):
        if kind == "read":
            has_read = True
            continue
        new = [frame for frame in frames if (frame.type, frame.seq) not in seen]
        seen.extend((frame.type, frame.seq) for frame in new)
        asked = [frame for frame in new if frame.type not in {Message.ARM, Message.HEARTBEAT}]
        if asked:
            turn, has_read = turn + has_read, False
        found += [Sent(Message(frame.type), frame.payload, turn) for frame in asked]
    return found


def _entries(transcript: Path) -> list[tuple[str, list[Frame]]]:
    lines = [json.loads(line) for line in transcript.read_text(encoding="utf-8").splitlines()[1:]]
    return [
        (kind, _frames(bytes.fromhex(data)) if kind == "write" else [])
        for line in lines
        for kind, data in line.items()
        if kind != "timeout"
    ]


def _frames(data: bytes) -> list[Frame]:
    frames: list[Frame] = []
    for body in data.split(DELIMITER):
        if body:
            try:
                frames.append(decode_frame(body))
            except FrameError as error:
                msg = f"the host wrote a damaged frame: {body.hex(' ')}"
                raise AssertionError(msg) from error
    return frames
