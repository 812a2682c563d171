"""What the bytes on a wire make a board do, told from the protocol's description: no code of labrig.wire."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

WRITE, WRITE_SPARSE, MEASURE = 0x10, 0x11, 0x15
HELLO, SAFE = 0x01, 0x30
HARMLESS = {0x02, 0x03, 0x04, 0x12, 0x13, 0x14, 0x31, 0x32}
"""PING, STATUS, IDENTIFY, APPLY, DIGEST, READ, ARM, HEARTBEAT."""


def digest(codes: Iterable[int]) -> int:
    """Of an image, code by code."""
    found = 0
    for code in codes:
        found = (found * 65741 + code) % 2**32
    return found


@dataclass(frozen=True)
class Written:
    """Codes sent to wipers."""

    codes: Mapping[int, int]


@dataclass(frozen=True)
class Released:
    """Every driver let go."""


@dataclass(frozen=True)
class Imposed:
    """One boundary, on lines: inputs, then outputs."""

    settle: float
    """s."""
    forced: dict[int, float] = field(default_factory=dict[int, float])
    """V."""
    toward: dict[int, tuple[float, float]] = field(default_factory=dict[int, tuple[float, float]])
    """Target V, fraction."""
    through: dict[int, tuple[float, float]] = field(default_factory=dict[int, tuple[float, float]])
    """Target V, S."""
    injected: dict[int, float] = field(default_factory=dict[int, float])
    """A."""
    is_reference: bool = False


Event = Written | Released | Imposed


@dataclass
class Decoder:
    """Reads frames that go to a board of this shape."""

    inputs: int
    outputs: int
    code_bits: int
    dac_bits: int
    dac_span: float
    _inputs: dict[int, float] = field(default_factory=dict[int, float])

    def events(self, data: bytes) -> Iterator[Event]:
        for block in filter(None, data.split(b"\0")):
            body = uncobs(block)
            length, kind, payload = body[0], body[1], body[4:-2]
            assert len(payload) == length
            if kind in {HELLO, SAFE}:
                yield Released()
            elif kind == MEASURE:
                yield from self._measured(payload)
            elif kind in {WRITE, WRITE_SPARSE}:
                yield self._written(payload, sparse=kind == WRITE_SPARSE)
            else:
                assert kind in HARMLESS

    def _written(self, payload: bytes, *, sparse: bool) -> Written:
        bits = Bits(payload)
        start, count = bits.take(16), bits.take(16 if sparse else 8)
        changed = bits.bitmap(count) if sparse else list(range(count))
        return Written({start + k: bits.take(self.code_bits) for k in changed})

    def _measured(self, payload: bytes) -> Iterator[Imposed]:
        bits = Bits(payload)
        settle = bits.take(16) * 10e-6
        bits.take(8 + 16 + 16)  # averages, first channel, channels
        for _ in range(bits.take(8)):
            sections = bits.take(8)
            if sections & 1:
                driven = bits.bitmap(self.inputs)
                self._inputs = self._levels(bits, driven)
            state = Imposed(settle, dict(self._inputs), is_reference=bool(sections & 2))
            if sections & 4:
                state.forced.update(self._levels(bits, self._outputs(bits)))
            if sections & 8:
                lines, fraction = self._outputs(bits), bits.signed(16) / 16384
                state.toward.update({k: (v, fraction) for k, v in self._levels(bits, lines).items()})
            if sections & 16:
                lines, siemens = self._outputs(bits), bits.take(32) * 1e-9
                state.through.update({k: (v, siemens) for k, v in self._levels(bits, lines).items()})
            if sections & 32:
                lines = self._outputs(bits)
                state.injected.update({line: bits.signed(32) * 1e-12 for line in lines})
            yield state

    def _outputs(self, bits: "Bits") -> list[int]:
        return [self.inputs + k for k in bits.bitmap(self.outputs)]

    def _levels(self, bits: "Bits", lines: list[int]) -> dict[int, float]:
        lsb = self.dac_span / (2**self.dac_bits - 1)
        levels = {line: bits.take(self.dac_bits) * lsb for line in lines}
        bits.align()
        return levels


class Bits:
    """Little-endian integers of any width, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._at = 0

    def take(self, width: int) -> int:
        taken = self._value >> self._at & (1 << width) - 1
        self._at += width
        return taken

    def signed(self, width: int) -> int:
        value = self.take(width)
        return value - (value >> width - 1 << width)

    def bitmap(self, count: int) -> list[int]:
        named = [k for k in range(count) if self.take(1)]
        self.align()
        return named

    def align(self) -> None:
        self._at = (self._at + 7) // 8 * 8


def uncobs(block: bytes) -> bytes:
    """Undo the byte stuffing of what stands between two delimiters."""
    out = bytearray()
    at = 0
    while at < len(block):
        code = block[at]
        out += block[at + 1 : at + code]
        at += code
        if code < 255 and at < len(block):
            out.append(0)
    return bytes(out)
