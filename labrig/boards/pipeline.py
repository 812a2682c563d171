"""Go-back-N over one exchange: which frames may leave now, and what an arriving one answers; no I/O."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from labrig.arrays import Seconds
from labrig.errors import UnexpectedReply
from labrig.wire.definition import (
    FRAMES_IN_FLIGHT,
    MAX_PAYLOAD,
    REPLY_BIT,
    SESSION_FREE,
    Message,
    NakReply,
    Status,
)
from labrig.wire.framing import OVERHEAD, Frame, encode_frame
from labrig.wire.messages import acknowledgement, decode

Sent = tuple[int, int]
"""Number of a request, and the bytes of its frame; requests of earlier exchanges count backward from -1."""


@dataclass(frozen=True, slots=True)
class Command:
    """One request of an exchange."""

    message: Message
    payload: bytes = b""
    has_data: bool = False
    """Its reply carries data, which the board keeps until it is acknowledged."""
    busy: Seconds = 0.0
    """What the board is told to wait (settling) before it answers."""


class SessionLost(Exception):
    """The board expects none of the requests on their way."""

    def __init__(self, boot_count: int) -> None:
        super().__init__(boot_count)
        self.boot_count = boot_count


def paired_payload(window: int) -> int:
    """Bytes of the longest payload of which a window holds two frames, so that one arrives beside another."""
    return min(MAX_PAYLOAD, window // 2 - OVERHEAD)


class Pipeline:
    """The requests of one exchange on their way.

    Parameters
    ----------
    commands
        In order; request k has sequence number ``first_seq + k`` modulo 256.
    window
        Encoded bytes that may be on their way to the board.
    credit
        Replies with data that the board keeps.
    earlier
        Frames of earlier exchanges that may still be on their way: repeated ones, of which one was answered.
    """

    def __init__(
        self,
        commands: Sequence[Command],
        first_seq: int,
        window: int,
        credit: int,
        earlier: Sequence[Sent] = (),
    ) -> None:
        self._commands = commands
        self._first_seq = first_seq
        self._window = window
        self._credit = max(1, credit)
        self.encoded = [
            encode_frame(Frame(command.message, (first_seq + k) & 0xFF, payload=command.payload))
            for k, command in enumerate(commands)
        ]
        self._data_before = [0, *accumulate(int(command.has_data) for command in commands)]
        self.replies: list[Frame | None] = [None] * len(commands)
        self._base = 0
        self._next = 0
        self._furthest = 0
        self._went_back_to: int | None = None
        self._on_their_way: deque[Sent] = deque(earlier)
        self._bytes_on_their_way = sum(size for _, size in earlier)

    @property
    def done(self) -> bool:
        """Every request is answered."""
        return self._base == len(self._commands)

    @property
    def busy(self) -> Seconds:
        """What the board waits, at most, over the requests on their way."""
        return sum(self._commands[index].busy for index, _ in self._on_their_way if index >= 0)

    @property
    def left_over(self) -> list[Sent]:
        """What may still be on its way, as the next exchange counts."""
        return [(index - len(self._commands), size) for index, size in self._on_their_way]

    def sendable(self) -> list[int]:
        """Numbers of the requests that may leave now, in order; they count as sent."""
        leaving: list[int] = []
        while self._next < len(self._commands) and self._fits(self._next):
            index = self._next
            self._next += 1
            if self.replies[index] is None:
                self._on_their_way.append((index, len(self.encoded[index])))
                self._bytes_on_their_way += len(self.encoded[index])
                leaving.append(index)
        self._furthest = max(self._furthest, self._next)
        return leaving

    def _fits(self, index: int) -> bool:
        if index >= self._base + FRAMES_IN_FLIGHT:
            return False
        if self._data_before[index + 1] - self._data_before[self._base] > self._credit:
            return False
        full = self._bytes_on_their_way + len(self.encoded[index]) > self._window
        return not (full and self._on_their_way)

    def accept(self, frame: Frame) -> int | None:
        """Take a frame in; the number of the request that it answers, None where it answers none of these.

        Raises
        ------
        SessionLost
            The board was reset, or another program opened it.
        UnexpectedReply
            The frame answers a request with a reply of another type.
        """
        index = self._base + ((frame.seq - self._first_seq - self._base) & 0xFF)
        if frame.type & ~REPLY_BIT in SESSION_FREE:
            return None
        if index >= self._furthest:
            self._arrived(index - 256)
            return None
        self._arrived(index)
        if frame.type == Message.NAK:
            return self._refused(index, decode(NakReply, frame.payload))
        asked = self._commands[index].message
        if frame.type != asked | REPLY_BIT:
            msg = f"request {asked.name} was answered by a frame of type 0x{frame.type:02X}"
            raise UnexpectedReply(msg)
        return self._answered(index, frame)

    def go_back(self) -> None:
        """Nothing came in time: send everything unanswered again."""
        self._on_their_way.clear()
        self._bytes_on_their_way = 0
        self._next = self._base
        self._went_back_to = None

    def _arrived(self, index: int) -> None:
        if any(index == sent for sent, _ in self._on_their_way):
            sent = None
            while sent != index:
                sent, size = self._on_their_way.popleft()
                self._bytes_on_their_way -= size

    def _refused(self, index: int, nak: NakReply) -> int | None:
        if nak.code != Status.SEQUENCE:
            return self._answered(index, acknowledgement(self._commands[index].message, 0, Status(nak.code)))
        ahead = (nak.expected - self._first_seq - self._base) & 0xFF
        if self._base + ahead >= self._furthest:
            raise SessionLost(nak.boot_count)
        self._go_back_once(self._base + ahead)
        return None

    def _answered(self, index: int, frame: Frame) -> int | None:
        if self.replies[index] is not None:
            return None
        self.replies[index] = frame
        # A reply acknowledges all earlier requests; only data that got lost on the way is asked for again.
        for earlier in range(self._base, index):
            if self.replies[earlier] is None and not self._commands[earlier].has_data:
                self.replies[earlier] = acknowledgement(self._commands[earlier].message, 0)
        while self._base < len(self.replies) and self.replies[self._base] is not None:
            self._base += 1
        if self._base < index:
            self._go_back_once(self._base)
        return index

    def _go_back_once(self, index: int) -> None:
        if index != self._went_back_to:
            self._went_back_to = index
            self._next = min(self._next, index)
