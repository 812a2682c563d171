"""Requests that a host might send to a board, and many that none should."""

from collections.abc import Callable

import numpy as np

from labrig.arrays import CodeArray
from labrig.wire.boundaries import Shape, Through, Toward, WireBoundary, encode_boundary
from labrig.wire.definition import (
    FINGERPRINT,
    MAX_PAYLOAD,
    VERSION,
    ApplyRequest,
    ArmRequest,
    HelloReply,
    HelloRequest,
    MeasureRequest,
    Message,
    ReadRequest,
    WriteRequest,
    WriteSparseRequest,
)
from labrig.wire.framing import Frame, encode_frame
from labrig.wire.messages import encode
from labrig.wire.packing import bitmap, pack

Request = tuple[int, bytes]
"""Type and payload."""
LONG_MS = 60_000
"""A heartbeat that does not run out within a test."""


class Requests:
    """Random requests to a board that told `hello`; a function of the seed.

    Parameters
    ----------
    digest
        Of the codes that the board holds at the moment.
    """

    def __init__(self, hello: HelloReply, seed: int, digest: Callable[[], int]) -> None:
        self._hello = hello
        self._rng = np.random.default_rng(seed)
        self._digest = digest
        self._shape = Shape(hello.inputs, hello.outputs, hello.dac_bits)
        self._kinds: dict[Callable[[], Request], int] = {
            self.measure: 40,
            self.write: 10,
            self.write_sparse: 10,
            self.read: 6,
            self.apply: 4,
            self.arm: 6,
            self.ping: 3,
            self.unknown: 2,
            lambda: (Message.DIGEST, b""): 4,
            lambda: (Message.HEARTBEAT, b""): 2,
            lambda: (Message.IDENTIFY, b""): 2,
            lambda: (Message.SAFE, b""): 1,
            self.hello: 1,
        }

    def next(self) -> Request:
        """Most are as they should be; of the others something is cut off, added or changed."""
        kinds = list(self._kinds)
        weights = np.array(list(self._kinds.values()), np.float64)
        kind, payload = kinds[self._rng.choice(len(kinds), p=weights / weights.sum())]()
        return kind, self._spoiled(payload, whole=kind == Message.ARM) if self._one_in(4) else payload

    def frame(self, expected: int) -> bytes:
        """The next request, encoded: mostly of the expected number, sometimes repeated, ahead or damaged."""
        seq = expected
        if self._one_in(8):
            seq = (expected - int(self._rng.integers(-3, 70))) % 256
        kind, payload = self.next()
        encoded = bytearray(encode_frame(Frame(kind, seq, int(self._rng.integers(256)), payload)))
        if self._one_in(20):
            encoded[self._below(len(encoded))] ^= 1 << self._below(8)
        return bytes(encoded) + b"\0" * self._below(2)

    def ping(self) -> Request:
        return Message.PING, self._rng.bytes(self._below(MAX_PAYLOAD + 1))

    def hello(self) -> Request:
        version, fingerprint = (VERSION, FINGERPRINT) if self._one_in(2) else (VERSION, 1)
        return Message.HELLO, encode(HelloRequest(version, fingerprint))

    def unknown(self) -> Request:
        known = {int(message) for message in Message}
        kinds = [kind for kind in range(256) if kind not in known]
        return kinds[self._below(len(kinds))], self._rng.bytes(self._below(20))

    def arm(self) -> Request:
        return Message.ARM, encode(ArmRequest(0 if self._one_in(5) else LONG_MS + self._below(5000)))

    def apply(self) -> Request:
        return Message.APPLY, encode(ApplyRequest(self._digest() ^ self._below(2)))

    def read(self) -> Request:
        return Message.READ, encode(ReadRequest(*self._span(255)))

    def write(self) -> Request:
        start, count = self._span(MAX_PAYLOAD * 8 // self._hello.code_bits - 8)
        return Message.WRITE, encode(WriteRequest(start, count, self._packed(count)))

    def write_sparse(self) -> Request:
        start, count = self._span(160)
        changed = np.flatnonzero(self._rng.random(count) < 0.3)
        body = bitmap(map(int, changed), count) + self._packed(len(changed))
        return Message.WRITE_SPARSE, encode(WriteSparseRequest(start, count, body))

    def measure(self) -> Request:
        hello = self._hello
        channels = hello.inputs + hello.outputs + hello.hidden + hello.inputs + hello.outputs
        start = self._below(channels)
        count = self._below(channels - start + (2 if self._one_in(8) else 1))
        averages = self._below(hello.max_averages + 2) if self._one_in(3) else 1
        boundaries = [self._boundary() for _ in range(self._below(4))]
        body = b"".join(encode_boundary(boundary, self._shape) for boundary in boundaries)
        settle = self._below(2**16) if self._one_in(4) else 0
        request = encode(MeasureRequest(settle, averages, start, count, len(boundaries), body))
        return Message.MEASURE, request[:MAX_PAYLOAD]

    def _boundary(self) -> WireBoundary:
        rng, hello = self._rng, self._hello
        kinds = rng.choice(5, hello.outputs, p=[0.4, 0.2, 0.2, 0.1, 0.1])
        outputs = [np.flatnonzero(kinds == kind).tolist() for kind in range(5)]
        if self._one_in(10):
            outputs[1].append(self._below(hello.outputs))  # perhaps twice
        toward, through = (self._levels(lines) if self._one_in(2) else None for lines in outputs[2:4])
        inputs = np.flatnonzero(rng.random(hello.inputs) < 0.8).tolist()
        return WireBoundary(
            inputs=None if self._one_in(3) else self._levels(inputs),
            clamps=self._levels(outputs[1]),
            toward=None if toward is None else Toward(int(rng.integers(-(2**15), 2**15)), toward),
            through=None if through is None else Through(self._conductance(), through),
            inject={line: int(rng.integers(-(10**6), 10**6)) for line in outputs[4]}
            if self._one_in(2)
            else {},
            store=self._one_in(2),
        )

    def _conductance(self) -> int:
        low, high = self._hello.through_min, self._hello.through_max
        if self._one_in(5):
            return (low - 1) % 2**32 if self._one_in(2) else high + 1
        return int(low + (high - low) ** self._rng.random())

    def _levels(self, lines: list[int]) -> dict[int, int]:
        return {line: self._below(1 << self._hello.dac_bits) for line in lines}

    def _span(self, most: int) -> tuple[int, int]:
        branches = self._hello.branches
        start = self._below(branches)
        beyond = 2 if self._one_in(10) else 0
        return start, min(most, self._below(branches - start + 1) + beyond)

    def _packed(self, count: int) -> bytes:
        hello = self._hello
        codes: CodeArray = self._rng.integers(hello.code_min, hello.code_max, count, endpoint=True)
        if count and self._one_in(10):
            codes[self._below(count)] = min(hello.code_max + 1, (1 << hello.code_bits) - 1)
        return pack(codes, hello.code_bits)

    def _spoiled(self, payload: bytes, *, whole: bool) -> bytes:
        """Cut, lengthened or, unless it has to stay whole, with other bits or bytes."""
        spoil = self._below(2 if whole else 4)
        if spoil == 0 and payload:
            return payload[: self._below(len(payload))]
        if spoil == 1:
            return (payload + self._rng.bytes(1 + self._below(3)))[:MAX_PAYLOAD]
        if spoil == 2 and payload:
            changed = bytearray(payload)
            changed[self._below(len(changed))] ^= 1 << self._below(8)
            return bytes(changed)
        return payload if whole else self._rng.bytes(self._below(60))

    def _below(self, end: int) -> int:
        return int(self._rng.integers(end))

    def _one_in(self, count: int) -> bool:
        return self._below(count) == 0
