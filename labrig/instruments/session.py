"""Messages to an instrument and its answers, none of which outlives its deadline."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Protocol, TypeVar, runtime_checkable

from labrig.arrays import Seconds
from labrig.errors import LinkTimeout, UnexpectedReply
from labrig.links.base import Link

ANSWER: Seconds = 2.0
"""How long an answer that needs no measurement may take."""
TRIES = 3
"""How often a query that only asks is sent before it is given up."""
_QUIET: Seconds = 0.2
_Value = TypeVar("_Value")


@runtime_checkable
class Clearable(Protocol):
    """A link that knows a device clear of its own."""

    def clear(self) -> None:
        """Empty the instrument's input and output, and break off what it does."""
        ...


class Session:
    """Text over a `Link`. A query is repeated unless it moves a source, a command never."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._deadline: Seconds | None = None

    @property
    def name(self) -> str:
        """The link's."""
        return self._link.name

    @property
    def link(self) -> Link:
        """Through which everything goes."""
        return self._link

    @contextmanager
    def within(self, seconds: Seconds) -> Generator[None]:
        """Let nothing in this block wait for longer than this altogether."""
        before = self._deadline
        deadline = time.monotonic() + seconds
        self._deadline = deadline if before is None else min(before, deadline)
        try:
            yield
        finally:
            self._deadline = before

    def write(self, command: str) -> None:
        """Send one message."""
        self._link.write(f"{command}\n".encode("ascii"))

    def query(self, command: str, *, timeout: Seconds = ANSWER, tries: int = TRIES) -> str:
        """Send one message and take its answer, without the newline.

        Parameters
        ----------
        tries
            1 where the message does more than ask.

        Raises
        ------
        LinkTimeout
            No answer, as often as it was tried.
        UnexpectedReply
            It is no text.
        """
        return self._repeated(command, timeout, tries, lambda: self._line(command, timeout))

    def query_block(self, command: str, *, timeout: Seconds = ANSWER, count: int | None = None) -> bytes:
        """Send one message and take the data of the arbitrary block that it is answered with.

        Parameters
        ----------
        count
            Bytes to expect of a block of indefinite length (``#0``), which says nothing of it.

        Raises
        ------
        LinkTimeout
            No answer.
        UnexpectedReply
            The answer is no block (IEEE 488.2, 8.7.9 and 8.7.10), or of another length.
        """
        self.write(command)
        return self._block(command, timeout, count)

    def clear(self) -> None:
        """Bring both ends back into step: a device clear where the link has one, else silence."""
        if isinstance(self._link, Clearable):
            self._link.clear()
        else:
            self._drain()

    def close(self) -> None:
        """Let go of the link."""
        self._link.close()

    def _repeated(self, command: str, timeout: Seconds, tries: int, answer: Callable[[], _Value]) -> _Value:
        for attempt in range(1, tries + 1):
            try:
                self.write(command)
                return answer()
            except LinkTimeout as error:
                if attempt == tries or self._left(timeout) <= 0:
                    msg = (
                        f"{self.name}: no answer to {_shown(command)!r} within {timeout:.3g} s, asked"
                        f" {'once' if attempt == 1 else f'{attempt} times'}"
                    )
                    raise LinkTimeout(msg) from error
                self.clear()
        raise AssertionError

    def _line(self, command: str, timeout: Seconds) -> str:
        line = self._link.read_until(b"\n", timeout=self._left(timeout))
        try:
            return line.decode("ascii").strip()
        except UnicodeDecodeError:
            msg = f"{self.name}: found {line[:40]!r} in answer to {command!r}, which is no text"
            raise UnexpectedReply(msg) from None

    def _block(self, command: str, timeout: Seconds, count: int | None) -> bytes:
        head = self._link.read_exactly(2, timeout=self._left(timeout))
        if head[:1] != b"#" or not head[1:].isdigit():
            msg = f"{self.name}: found {head!r} in answer to {command!r}, which begins no block of data"
            raise UnexpectedReply(msg)
        digits = int(head[1:])
        length = int(self._link.read_exactly(digits, timeout=self._left(timeout))) if digits else count
        if length is None or (count is not None and length != count):
            found = f"found a block of {length} bytes in answer to {command!r}"
            msg = f"{self.name}: {found}; {count} were expected"
            raise UnexpectedReply(msg)
        data = self._link.read_exactly(length, timeout=self._left(timeout))
        end = self._link.read_exactly(1, timeout=self._left(timeout))
        if end != b"\n":
            msg = f"{self.name}: found {end!r} behind the block that answers {command!r}"
            raise UnexpectedReply(msg)
        return data

    def _drain(self) -> None:
        self._link.discard_input()
        try:
            while True:
                self._link.read_exactly(1, timeout=self._left(_QUIET))
                self._link.discard_input()
        except LinkTimeout:
            return

    def _left(self, timeout: Seconds) -> Seconds:
        if self._deadline is None:
            return timeout
        return max(0.0, min(timeout, self._deadline - time.monotonic()))


def _shown(command: str) -> str:
    return command if len(command) <= 80 else f"{command[:80]}…"
