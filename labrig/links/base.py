"""Bytes between the host and a device."""

from typing import Protocol

from labrig.arrays import Seconds


class Link(Protocol):
    """The third seam. Silence is `LinkTimeout`, never a short read; a vanished peer is `LinkClosed`."""

    @property
    def name(self) -> str:
        """The port or resource, as an error message names it."""
        ...

    def write(self, data: bytes) -> None:
        """Send all of it."""
        ...

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        """Exactly `count` bytes."""
        ...

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        """Up to and including the terminator."""
        ...

    def discard_input(self) -> None:
        """Throw away what has arrived."""
        ...

    def close(self) -> None:
        """Let go; twice is fine."""
        ...
