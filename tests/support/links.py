"""Links for tests: a board in this process behind frames, and what can go wrong with bytes on their way."""

import random
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from labrig.arrays import Seconds
from labrig.errors import LinkTimeout
from labrig.links.base import Link

DELIMITER = b"\0"


class Board(Protocol):
    """Takes bytes, gives encoded replies."""

    def receive(self, data: bytes) -> Iterator[bytes]: ...


class ServedLink:
    """A board that answers in the call; no thread, no waiting: silence is a timeout at once.

    The board takes up what was sent when somebody reads, frame by frame, as one that is slower than its host.
    `most_waiting` is the largest number of bytes that ever waited for it.
    """

    name = "served"

    def __init__(self, board: Board) -> None:
        self.board = board
        self.closed = False
        self.written = b""
        self.most_waiting = 0
        self._down = bytearray()
        self._up = bytearray()

    def write(self, data: bytes) -> None:
        self.written += data
        self._down += data
        self.most_waiting = max(self.most_waiting, len(self._down))

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        while len(self._up) < count:
            self._step(timeout)
        return self._take(count)

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        while terminator not in self._up:
            self._step(timeout)
        return self._take(self._up.index(terminator) + len(terminator))

    def discard_input(self) -> None:
        self._up.clear()

    def close(self) -> None:
        self.closed = True

    def _step(self, timeout: Seconds) -> None:
        if not self._down:
            msg = f"{self.name}: waited {timeout:.3g} s"
            raise LinkTimeout(msg)
        end = self._down.find(DELIMITER) + 1 or len(self._down)
        frame = bytes(self._down[:end])
        del self._down[:end]
        for reply in self.board.receive(frame):
            self._up += reply

    def _take(self, count: int) -> bytes:
        taken = bytes(self._up[:count])
        del self._up[:count]
        return taken


class WrappedLink:
    """Another link, looked at or interfered with on the way."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.name = link.name

    def write(self, data: bytes) -> None:
        self.link.write(data)

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        return self.link.read_exactly(count, timeout=timeout)

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        return self.link.read_until(terminator, timeout=timeout)

    def discard_input(self) -> None:
        self.link.discard_input()

    def close(self) -> None:
        self.link.close()


class DamagedLink(WrappedLink):
    """Flips, drops, doubles and inserts bytes, in both directions, each byte with the same probability."""

    def __init__(self, link: Link, rate: float, seed: int = 0) -> None:
        super().__init__(link)
        self.rate = rate
        self.damaged = 0
        self._random = random.Random(seed)
        self._arrived = b""

    def write(self, data: bytes) -> None:
        self.link.write(self._damage(data))

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        deadline = time.monotonic() + timeout
        while terminator not in self._arrived:
            left = max(0.0, deadline - time.monotonic())
            self._arrived += self._damage(self.link.read_until(DELIMITER, timeout=left))
        taken, _, self._arrived = self._arrived.partition(terminator)
        return taken + terminator

    def discard_input(self) -> None:
        super().discard_input()
        self._arrived = b""

    def _damage(self, data: bytes) -> bytes:
        return b"".join(self._one(bytes((byte,))) for byte in data)

    def _one(self, byte: bytes) -> bytes:
        if self._random.random() >= self.rate:
            return byte
        self.damaged += 1
        other = bytes((self._random.randrange(256),))
        flipped = bytes((byte[0] ^ 1 << self._random.randrange(8),))
        return self._random.choice((flipped, b"", byte + byte, other + byte))


class MuteLink(WrappedLink):
    """Loses all that is sent while `is_mute()`, as a board does that is off or out of reach."""

    def __init__(self, link: Link, is_mute: Callable[[], bool]) -> None:
        super().__init__(link)
        self.is_mute = is_mute

    def write(self, data: bytes) -> None:
        if not self.is_mute():
            self.link.write(data)

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        if self.is_mute():
            time.sleep(timeout)
        return self.link.read_until(terminator, timeout=timeout)
