"""Exact reads out of whatever pieces bytes arrive in."""

import time
from collections.abc import Callable

from labrig.arrays import Seconds
from labrig.errors import LinkTimeout

Receive = Callable[[Seconds], bytes]
"""What has arrived; waits up to so many seconds for the first byte, and gives nothing when none came."""


class ReadBuffer:
    """`Link`'s two reads. What came before a timeout is kept for the next read."""

    def __init__(self, name: str, receive: Receive) -> None:
        self._name = name
        self._receive = receive
        self._bytes = bytearray()

    def exactly(self, count: int, timeout: Seconds) -> bytes:
        """Take `count` bytes."""
        deadline = time.monotonic() + timeout
        while len(self._bytes) < count:
            self._fill(deadline, timeout, f"{count} bytes")
        return self._take(count)

    def until(self, terminator: bytes, timeout: Seconds) -> bytes:
        """Take everything up to and including the terminator."""
        deadline = time.monotonic() + timeout
        searched = 0
        while (at := self._bytes.find(terminator, searched)) < 0:
            searched = max(0, len(self._bytes) - len(terminator) + 1)
            self._fill(deadline, timeout, f"a message that ends in {terminator!r}")
        return self._take(at + len(terminator))

    def clear(self) -> None:
        """Throw away what has arrived."""
        while self._receive(0.0):
            pass
        self._bytes.clear()

    def _take(self, count: int) -> bytes:
        taken = bytes(self._bytes[:count])
        del self._bytes[:count]
        return taken

    def _fill(self, deadline: float, timeout: Seconds, wanted: str) -> None:
        arrived = self._receive(max(0.0, deadline - time.monotonic()))
        self._bytes += arrived
        if not arrived and time.monotonic() >= deadline:
            msg = f"{self._name}: waited {timeout:.3g} s for {wanted}; {len(self._bytes)} bytes came"
            raise LinkTimeout(msg)
