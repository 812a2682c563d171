"""Payloads to bytes and back, for both ends of the link."""

from dataclasses import fields
from functools import cache
from struct import Struct
from typing import Any, ClassVar, Protocol, TypeVar

from labrig.errors import FrameError
from labrig.wire.definition import REPLY_BIT, Message, Status, Tlv
from labrig.wire.framing import Frame


class Payload(Protocol):
    """What the dataclasses of `labrig.wire.definition` have in common."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    message: ClassVar[Message]
    layout: ClassVar[Struct]
    has_tail: ClassVar[bool]


P = TypeVar("P", bound=Payload)


def encode(payload: Payload) -> bytes:
    """Payload bytes: the fixed fields, then the tail."""
    values = [getattr(payload, name) for name in _names(type(payload))]
    tail: bytes = values.pop() if payload.has_tail else b""
    return payload.layout.pack(*values) + tail


@cache
def _names(kind: type[Payload]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def decode(kind: type[P], data: bytes) -> P:
    """Read the payload of type `kind` in `data`.

    Raises
    ------
    FrameError
        `data` is shorter than the fixed fields, or longer where no tail follows them.
    """
    size = kind.layout.size
    if len(data) < size or (len(data) > size and not kind.has_tail):
        msg = f"a {kind.__name__} takes {size} bytes{' or more' if kind.has_tail else ''}; {len(data)} came"
        raise FrameError(msg)
    tail = (data[size:],) if kind.has_tail else ()
    return kind(*kind.layout.unpack_from(data), *tail)


def request(payload: Payload, seq: int) -> Frame:
    """Build the frame of a request that carries something."""
    return Frame(payload.message, seq, payload=encode(payload))


def reply(payload: Payload, seq: int) -> Frame:
    """Build the frame of a reply that carries something; for `NakReply` too."""
    return Frame(payload.message | REPLY_BIT, seq, Status.OK, encode(payload))


def acknowledgement(message: int, seq: int, status: Status = Status.OK) -> Frame:
    """Build the frame of a reply without data, or of a refusal."""
    return Frame(message | REPLY_BIT, seq, status)


def encode_tlv(values: dict[Tlv, str]) -> bytes:
    """Build the end of a hello reply: tag, length and ASCII text of each item."""
    return b"".join(bytes((tag, len(text))) + text.encode("ascii") for tag, text in values.items())


def encode_item(tag: Tlv, value: bytes) -> bytes:
    """One more item of that list, which is no text."""
    return bytes((tag, len(value))) + value


def decode_tlv(data: bytes) -> dict[int, str]:
    """Tag to text; a tag that this version does not know is kept by its number.

    Raises
    ------
    FrameError
        An item runs past the end.
    """
    return {tag: value.decode("ascii", "replace") for tag, value in decode_items(data).items()}


def decode_items(data: bytes) -> dict[int, bytes]:
    """Tag to value, whatever it is.

    Raises
    ------
    FrameError
        An item runs past the end.
    """
    values: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        end = at + 2 + (data[at + 1] if at + 1 < len(data) else 0)
        if at + 1 >= len(data) or end > len(data):
            msg = f"the item at byte {at} of {len(data)} of a hello reply's list runs past its end"
            raise FrameError(msg)
        values[data[at]] = data[at + 2 : end]
        at = end
    return values
