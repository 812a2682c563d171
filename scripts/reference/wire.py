"""Bytes of the protocol, written for clarity: checksums, framing, packing and payloads."""

import json
import tomllib
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def without_docs(node: Any) -> Any:
    """The definition as the wire means it: no texts for readers, plain values."""
    if isinstance(node, dict):
        rest = {key: without_docs(inner) for key, inner in node.items() if key != "doc"}
        return rest["value"] if list(rest) == ["value"] else rest
    return [without_docs(inner) for inner in node] if isinstance(node, list) else node


DEFINITION = without_docs(tomllib.loads((ROOT / "firmware_protocol/protocol.toml").read_text()))
FINGERPRINT = zlib.crc32(json.dumps(DEFINITION, sort_keys=True, separators=(",", ":")).encode())
TYPES = {name: message["type"] for name, message in DEFINITION["messages"].items()}
STATUS = DEFINITION["status"]
SECTIONS = DEFINITION["boundary"]
FEATURES = DEFINITION["features"]
OUTCOMES = DEFINITION["outcome"]
SIZES: dict[str, int] = {"u8": 1, "u16": 2, "u32": 4, "i16": 2, "i32": 4}


def crc16(data: bytes) -> int:
    """CRC-16/GENIBUS, bit by bit."""
    rule = DEFINITION["frame"]["crc"]
    crc: int = rule["init"]
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ rule["poly"] if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc ^ int(rule["xorout"])


def cobs(data: bytes) -> bytes:
    """Without the delimiter."""
    out = bytearray()
    blocks = data.split(b"\0")
    for place, block in enumerate(blocks):
        rest = block
        while len(rest) >= 254:
            out += b"\xff" + rest[:254]
            rest = rest[254:]
        last_and_full = place == len(blocks) - 1 and not rest and block
        if not last_and_full:
            out += bytes([len(rest) + 1]) + rest
    return bytes(out)


def body(kind: int, seq: int, flags: int, payload: bytes) -> bytes:
    """Header, payload and CRC."""
    covered = bytes([len(payload), kind, seq, flags]) + payload
    return covered + crc16(covered).to_bytes(2, "big")


def frame(kind: int, seq: int, flags: int, payload: bytes) -> bytes:
    """As it goes over the wire."""
    return cobs(body(kind, seq, flags, payload)) + b"\0"


def pack(values: Iterable[int], width: int) -> bytes:
    """LSB first without gaps."""
    number, count = 0, 0
    for count, value in enumerate(values, 1):
        if not 0 <= value < 1 << width:
            raise ValueError(f"{value} does not fit into {width} bits")
        number |= value << (count - 1) * width
    return number.to_bytes((count * width + 7) // 8, "little")


def bitmap(members: Iterable[int], size: int) -> bytes:
    """One bit for each of `size` lines."""
    named = set(members)
    return pack([int(k in named) for k in range(size)], 1)


def fields(message: str, part: str, **values: int) -> bytes:
    """The fixed fields of a payload."""
    out = bytearray()
    for field in DEFINITION["messages"][message][part]:
        if field["type"] in SIZES and field["name"] in values:
            signed = field["type"].startswith("i")
            out += values[field["name"]].to_bytes(SIZES[field["type"]], "little", signed=signed)
    return bytes(out)


def digest(codes: Iterable[int]) -> int:
    """Digest of an image, code by code."""
    found = 0
    for code in codes:
        found = (found * DEFINITION["digest"]["multiplier"] + code) % 2**32
    return found


def damage(encoded: bytes) -> bytes:
    """Turn one bit of the first data byte."""
    return encoded[:1] + bytes([encoded[1] ^ 0x40]) + encoded[2:]
