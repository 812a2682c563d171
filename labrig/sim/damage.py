"""Bytes between host and board that are damaged on their way, the same way in every run."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log, log1p
from typing import Protocol

from labrig.arrays import Seconds
from labrig.config.faults import (
    Babble,
    Fault,
    Silence,
    Truncate,
    WireFault,
    wire_faults,
)
from labrig.errors import LinkTimeout
from labrig.links.base import Link
from labrig.links.reading import ReadBuffer
from labrig.sim.ports.base import Port
from labrig.wire.framing import DELIMITER

BABBLE_RATE = 11520.0
"""Bytes a second: 115200 baud at ten bits a byte."""
_GRAIN: Seconds = 0.01
"""Babble comes at least this often while somebody listens."""
_MOST_BABBLE = 4096

Alter = Callable[[random.Random, int], bytes]


class Stage(Protocol):
    """One fault of one direction."""

    @property
    def injected(self) -> int:
        """How often it struck: bytes, frames or spells."""
        ...

    def carry(self, data: bytes, now: Seconds) -> bytes:
        """What comes out of the line at a moment when this goes in."""
        ...


def _flip(chance: random.Random, byte: int) -> bytes:
    return bytes([byte ^ 1 << chance.randrange(8)])


def _drop(_: random.Random, __: int) -> bytes:
    return b""


def _duplicate(_: random.Random, byte: int) -> bytes:
    return bytes([byte, byte])


def _insert(chance: random.Random, byte: int) -> bytes:
    return bytes([chance.randrange(256), byte])


_ALTERS: Mapping[str, Alter] = {"flip": _flip, "drop": _drop, "duplicate": _duplicate, "insert": _insert}


class ByteDamage:
    """Alters single bytes; the gaps between them are drawn, so that sound bytes cost nothing."""

    def __init__(self, rate: float, alter: Alter, chance: random.Random) -> None:
        self._gaps = _gaps(rate, chance)
        self._alter = alter
        self._chance = chance
        self._sound = next(self._gaps)
        self.injected = 0

    def carry(self, data: bytes, now: Seconds) -> bytes:  # noqa: ARG002
        """Alter what is due."""
        out = bytearray()
        at = 0
        while self._sound < len(data) - at:
            hit = at + self._sound
            out += data[at:hit] + self._alter(self._chance, data[hit])
            at = hit + 1
            self.injected += 1
            self._sound = next(self._gaps)
        self._sound -= len(data) - at
        return bytes(out + data[at:])


class Cut:
    """Loses what is left of a frame, from a byte on."""

    def __init__(self, rate: float, chance: random.Random) -> None:
        self._gaps = _gaps(rate, chance)
        self._sound = next(self._gaps)
        self._cutting = False
        self.injected = 0

    def carry(self, data: bytes, now: Seconds) -> bytes:  # noqa: ARG002
        """Leave out what is cut off."""
        out = bytearray()
        while data:
            if self._cutting:
                _, delimiter, data = data.partition(DELIMITER)
                self._cutting = not delimiter
                continue
            whole, data = data[: self._sound], data[self._sound :]
            out += whole
            self._sound -= len(whole)
            if data:
                self._cutting = True
                self.injected += 1
                self._sound = next(self._gaps)
        return bytes(out)


class Spell:
    """Whether a fault that comes at times is there now; times count from the first look."""

    def __init__(self, fault: Silence | Babble) -> None:
        self._fault = fault
        self._opened: Seconds | None = None
        self._latest = -1.0
        self.begun = 0
        """Spells that somebody looked at."""

    def active(self, now: Seconds) -> bool:
        """Whether it is there."""
        self._opened = now if self._opened is None else self._opened
        since = now - self._opened - self._fault.at
        number = since // self._fault.every if self._fault.every is not None and since > 0 else 0.0
        since -= number * (self._fault.every or 0.0)
        active = 0 <= since < self._fault.lasts
        if active and number > self._latest:
            self._latest = number
            self.begun += 1
        return active


class Hush:
    """Lets nothing through during its spells."""

    def __init__(self, fault: Silence) -> None:
        self._spell = Spell(fault)

    @property
    def injected(self) -> int:
        """Spells."""
        return self._spell.begun

    def carry(self, data: bytes, now: Seconds) -> bytes:
        """All or nothing."""
        return b"" if self._spell.active(now) else data


class Chatter:
    """Adds bytes that nobody sent during its spells, as many as a line carries."""

    def __init__(self, fault: Babble, chance: random.Random) -> None:
        self._spell = Spell(fault)
        self._chance = chance
        self._until: Seconds | None = None

    @property
    def injected(self) -> int:
        """Spells."""
        return self._spell.begun

    def carry(self, data: bytes, now: Seconds) -> bytes:
        """What came, and noise behind it."""
        if not self._spell.active(now):
            self._until = None
            return data
        since = now if self._until is None else self._until
        self._until = now
        return data + self._chance.randbytes(min(_MOST_BABBLE, int((now - since) * BABBLE_RATE) + 1))


class Line:
    """One direction of a line, with the faults that are on it; what it does depends on the seed alone."""

    def __init__(self, faults: Sequence[WireFault], direction: str, seed: int) -> None:
        self._stages = [
            _stage(fault, random.Random(f"{seed} {direction} {place}"))  # noqa: S311 - nothing is kept secret
            for place, fault in enumerate(faults)
            if fault.direction in (direction, "both")
        ]

    @property
    def injected(self) -> int:
        """How often its faults struck."""
        return sum(stage.injected for stage in self._stages)

    def carry(self, data: bytes) -> bytes:
        """What comes out of the line now that this goes in."""
        now = time.monotonic()
        for stage in self._stages:
            data = stage.carry(data, now)
        return data


class DamagedLink:
    """A `Link` over a line with faults."""

    def __init__(self, link: Link, faults: Sequence[WireFault], seed: int) -> None:
        self._link = link
        self._down, self._up = (Line(faults, direction, seed) for direction in ("down", "up"))
        self._buffer = ReadBuffer(link.name, self._receive)

    @property
    def name(self) -> str:
        """Of the link."""
        return self._link.name

    @property
    def injected(self) -> int:
        """How often the faults of both directions struck."""
        return self._down.injected + self._up.injected

    def write(self, data: bytes) -> None:
        """Send what the line leaves of it."""
        if left := self._down.carry(data):
            self._link.write(left)

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        """Exactly `count` bytes of what the line leaves."""
        return self._buffer.exactly(count, timeout)

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        """Up to and including the terminator, of what the line leaves."""
        return self._buffer.until(terminator, timeout)

    def discard_input(self) -> None:
        """Throw away what has arrived."""
        self._link.discard_input()
        self._buffer.clear()

    def close(self) -> None:
        """Let go of the link."""
        self._link.close()

    def _receive(self, timeout: Seconds) -> bytes:
        """Frames arrive whole from the link; noise comes also while nothing does."""
        deadline = time.monotonic() + timeout
        while True:
            left = max(0.0, deadline - time.monotonic())
            try:
                data = self._link.read_until(DELIMITER, timeout=min(left, _GRAIN))
            except LinkTimeout:
                data = b""
            arrived = self._up.carry(data)
            if arrived or left <= _GRAIN:
                return arrived


def damaged(link: Link, faults: Sequence[Fault], seed: int) -> Link:
    """The link, over a line that has these faults if any of them are of the line."""
    wire = wire_faults(faults)
    return DamagedLink(link, wire, seed) if wire else link


class DamagedPort:
    """A `Port` of a served board over a line with faults."""

    def __init__(self, port: Port, faults: Sequence[WireFault], seed: int) -> None:
        self._port = port
        self._down, self._up = (Line(faults, direction, seed) for direction in ("down", "up"))

    @property
    def resource(self) -> str:
        """What a client opens."""
        return self._port.resource

    def fileno(self) -> int:
        """Descriptor of the port."""
        return self._port.fileno()

    def receive(self) -> bytes | None:
        """What the line leaves of what was sent."""
        data = self._port.receive()
        return None if data is None else self._down.carry(data)

    def send(self, data: bytes) -> int:
        """Send what the line leaves of it."""
        if left := self._up.carry(data):
            self._port.send(left)
        return len(data)


def _stage(fault: WireFault, chance: random.Random) -> Stage:
    match fault:
        case Truncate():
            return Cut(fault.rate, chance)
        case Silence():
            return Hush(fault)
        case Babble():
            return Chatter(fault, chance)
        case _:
            return ByteDamage(fault.rate, _ALTERS[fault.kind], chance)


def _gaps(rate: float, chance: random.Random) -> Iterator[int]:
    """Sound bytes before each damaged one, where every byte is damaged by itself: geometric, by inversion."""
    while True:
        yield 0 if rate >= 1 else int(log(1 - chance.random()) / log1p(-rate))
