"""An instrument that expects one dialogue, word by word, and fails on what is left of it."""

import struct
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from labrig.arrays import Seconds
from labrig.errors import LinkTimeout

Answer: TypeAlias = str | bytes | None
Turn: TypeAlias = tuple[str, Answer]
"""What the host says, and what it is answered; None: nothing."""


class ScriptedLink:
    """A link on which silence is a timeout at once."""

    name = "scripted"

    def __init__(self, dialogue: Iterable[Turn]) -> None:
        self.expected = list(dialogue)
        self.written: list[str] = []
        self.arrived = bytearray()

    def write(self, data: bytes) -> None:
        assert data.endswith(b"\n")
        said = data[:-1].decode("ascii")
        assert self.expected, f"nothing more was expected, and it said {said!r}"
        wanted, answer = self.expected.pop(0)
        assert said == wanted
        assert not self.arrived, f"{bytes(self.arrived)!r} is unread, and it said {said!r}"
        self.written.append(said)
        if answer is not None:
            self.arrived += answer.encode("ascii") + b"\n" if isinstance(answer, str) else answer

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        if len(self.arrived) < count:
            raise LinkTimeout(f"waited {timeout} s")
        taken = bytes(self.arrived[:count])
        del self.arrived[:count]
        return taken

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        if terminator not in self.arrived:
            raise LinkTimeout(f"waited {timeout} s")
        return self.read_exactly(self.arrived.index(terminator) + len(terminator), timeout=timeout)

    def discard_input(self) -> None:
        self.arrived.clear()

    def close(self) -> None:
        pass


@contextmanager
def scripted(*dialogue: Iterable[Turn]) -> Generator[ScriptedLink]:
    """All of it has to be said, and all answers read."""
    link = ScriptedLink([turn for part in dialogue for turn in part])
    yield link
    assert not link.expected, f"never said: {link.expected[:5]}"
    assert not link.arrived


def told(*commands: str) -> list[Turn]:
    """Commands without an answer."""
    return [(command, None) for command in commands]


def block(values: Sequence[float], layout: str, *, indefinite: bool = False) -> bytes:
    """An arbitrary block of IEEE 488.2 with such floats, and a newline behind it."""
    data = b"".join(struct.pack(layout, value) for value in values)
    length = str(len(data))
    head = b"#0" if indefinite else f"#{len(length)}{length}".encode("ascii")
    return head + data + b"\n"
