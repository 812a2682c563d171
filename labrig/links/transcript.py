"""Record what crosses a link once, with hardware, and replay it for ever without.

A transcript is a file of JSON lines: a head ``{"transcript": 1, "link": name}``, then ``{"write": hex}``,
``{"read": hex}`` and ``{"timeout": true}`` in the order in which they happened.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from labrig.arrays import Seconds
from labrig.errors import LinkError, LinkTimeout
from labrig.links.base import Link

_VERSION = 1


class RecordingLink:
    """A `Link` that hands everything on to another one and writes it down.

    Parameters
    ----------
    link
        The one to record; closing the recording closes it.
    path
        The transcript; overwritten.
    """

    def __init__(self, link: Link, path: Path) -> None:
        self._link = link
        self._file = path.open("w", encoding="utf-8")
        self._note({"transcript": _VERSION, "link": link.name})

    @property
    def name(self) -> str:
        """The recorded link's."""
        return self._link.name

    def write(self, data: bytes) -> None:
        """Send all of it."""
        self._link.write(data)
        self._note({"write": data.hex()})

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        """Exactly `count` bytes."""
        try:
            data = self._link.read_exactly(count, timeout=timeout)
        except LinkTimeout:
            self._note({"timeout": True})
            raise
        self._note({"read": data.hex()})
        return data

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        """Up to and including the terminator."""
        try:
            data = self._link.read_until(terminator, timeout=timeout)
        except LinkTimeout:
            self._note({"timeout": True})
            raise
        self._note({"read": data.hex()})
        return data

    def discard_input(self) -> None:
        """Throw away what has arrived."""
        self._link.discard_input()

    def close(self) -> None:
        """Close the transcript and the recorded link."""
        self._file.close()
        self._link.close()

    def _note(self, entry: dict[str, object]) -> None:
        self._file.write(json.dumps(entry) + "\n")


class ReplayLink:
    """A `Link` that expects a transcript's writes and gives its reads; as a context it refuses leftovers.

    Bytes count, not calls: writes may be cut and joined otherwise than when they were recorded.

    Raises
    ------
    LinkError
        Something else is written than was recorded, or read before all of it was written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines()
        head: dict[str, object] = json.loads(lines[0]) if lines else {}
        if head.get("transcript") != _VERSION:
            msg = f"{path}:1: not a transcript of version {_VERSION}"
            raise LinkError(msg)
        self.name = f"{head['link']} (replayed)"
        self._entries = _joined(enumerate(map(json.loads, lines[1:]), start=2))
        self._line, self._kind, self._rest = 1, "end", b""
        self._advance()

    def write(self, data: bytes) -> None:
        """Compare with what was recorded."""
        while data:
            if self._kind != "write" or self._rest[: len(data)] != data[: len(self._rest)]:
                raise self._differs(f"{data.hex(' ')} is written")
            taken = min(len(data), len(self._rest))
            data = data[taken:]
            self._take(taken)

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        """Exactly `count` bytes."""
        if self._kind == "read" and len(self._rest) >= count:
            return self._take(count)
        raise self._silence(f"{count} bytes are read", timeout)

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        """Up to and including the terminator."""
        if self._kind == "read" and (at := self._rest.find(terminator)) >= 0:
            return self._take(at + len(terminator))
        raise self._silence(f"a message that ends in {terminator!r} is read", timeout)

    def discard_input(self) -> None:
        """Do nothing: what was discarded was not recorded."""

    def close(self) -> None:
        """Do nothing: `check_finished` looks for leftovers."""

    def check_finished(self) -> None:
        """Refuse leftovers.

        Raises
        ------
        LinkError
            The transcript goes on.
        """
        if self._kind != "end":
            raise self._differs("nothing more is asked")

    def __enter__(self) -> "ReplayLink":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.check_finished()

    def _silence(self, what: str, timeout: Seconds) -> LinkError:
        if self._kind == "timeout":
            self._advance()
            return LinkTimeout(f"{self.name}: waited {timeout:.3g} s, as recorded")
        return self._differs(what)

    def _differs(self, what: str) -> LinkError:
        recorded = {
            "write": f"{self._rest.hex(' ')} was written",
            "read": f"{self._rest.hex(' ')} was read",
            "timeout": "nothing came",
            "end": "the recording had ended",
        }[self._kind]
        return LinkError(f"{self._path}:{self._line}: {what} where {recorded}")

    def _take(self, count: int) -> bytes:
        taken, self._rest = self._rest[:count], self._rest[count:]
        if not self._rest:
            self._advance()
        return taken

    def _advance(self) -> None:
        self._line, self._kind, self._rest = next(self._entries, (self._line, "end", b""))


def _joined(entries: Iterator[tuple[int, dict[str, str]]]) -> Iterator[tuple[int, str, bytes]]:
    """Line, kind and bytes of each entry; neighbours of one kind are one."""
    line, kind, data = 0, "", b""
    for number, entry in entries:
        ((found, text),) = entry.items()
        if found == kind and found != "timeout":
            data += bytes.fromhex(text)
            continue
        if kind:
            yield line, kind, data
        line, kind, data = number, found, b"" if found == "timeout" else bytes.fromhex(text)
    if kind:
        yield line, kind, data
