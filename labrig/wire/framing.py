"""Frames: COBS(LEN TYPE SEQ FLAGS payload CRC) then 00."""

import binascii
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

from cobs import cobs  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

from labrig.errors import FrameError
from labrig.wire.definition import CRC_INIT, CRC_SIZE, CRC_XOROUT, HEADER_SIZE, MAX_PAYLOAD

# The package has no type information.
_stuff = cast("Callable[[bytes], bytes]", cobs.encode)  # pyright: ignore[reportUnknownMemberType]
_unstuff = cast("Callable[[bytes], bytes]", cobs.decode)  # pyright: ignore[reportUnknownMemberType]

DELIMITER = b"\x00"
OVERHEAD = HEADER_SIZE + CRC_SIZE + 2
"""Bytes that a frame adds to its payload: header, CRC, one COBS code byte and the delimiter."""
MAX_ENCODED = MAX_PAYLOAD + OVERHEAD


@dataclass(frozen=True, slots=True)
class Frame:
    """What lies between two delimiters."""

    type: int
    seq: int
    flags: int = 0
    """A reply's status; 0 in a request."""
    payload: bytes = b""


def crc(data: bytes) -> int:
    """CRC-16/GENIBUS: polynomial 0x1021, initial value and final XOR 0xFFFF."""
    return binascii.crc_hqx(data, CRC_INIT) ^ CRC_XOROUT


def encode_frame(frame: Frame) -> bytes:
    """Bytes of a frame, delimiter included.

    Raises
    ------
    ValueError
        The payload is longer than `MAX_PAYLOAD`.
    """
    size = len(frame.payload)
    if size > MAX_PAYLOAD:
        msg = f"a payload of {size} bytes is longer than {MAX_PAYLOAD}"
        raise ValueError(msg)
    body = struct.pack("4B", size, frame.type, frame.seq, frame.flags) + frame.payload
    return _stuff(body + crc(body).to_bytes(CRC_SIZE, "big")) + DELIMITER


def decode_frame(encoded: bytes) -> Frame:
    """Read the frame in what came before a delimiter (which is not part of `encoded`).

    Raises
    ------
    FrameError
        Bad COBS, a length that is not LEN's, or a CRC that does not fit.
    """
    try:
        body = _unstuff(encoded)
    except cobs.DecodeError as error:
        msg = f"a frame of {len(encoded)} bytes is not valid COBS: {error}"
        raise FrameError(msg) from None
    if len(body) < HEADER_SIZE + CRC_SIZE or body[0] > MAX_PAYLOAD:
        msg = f"a frame of {len(body)} bytes is too short, or its LEN is above {MAX_PAYLOAD}"
        raise FrameError(msg)
    if len(body) != HEADER_SIZE + body[0] + CRC_SIZE:
        msg = f"a frame says {body[0]} bytes of payload and has {len(body) - HEADER_SIZE - CRC_SIZE}"
        raise FrameError(msg)
    if crc(body[:-CRC_SIZE]) != int.from_bytes(body[-CRC_SIZE:], "big"):
        msg = f"a frame of {len(body)} bytes has a wrong CRC"
        raise FrameError(msg)
    return Frame(body[1], body[2], body[3], body[HEADER_SIZE:-CRC_SIZE])


class FrameDecoder:
    """Frames out of a stream of bytes; damaged ones are counted and dropped."""

    def __init__(self) -> None:
        self.damaged = 0
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Good frames that end in `data`; between two delimiters without a byte there is none."""
        *encoded, self._rest = (self._rest + data).split(DELIMITER)
        if len(self._rest) > MAX_ENCODED:
            self._rest = self._rest[: MAX_ENCODED + 1]
        for block in encoded:
            if block:
                try:
                    yield decode_frame(block)
                except FrameError:
                    self.damaged += 1
