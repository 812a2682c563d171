"""What a handler of a request gives back."""

from dataclasses import dataclass

from labrig.wire.definition import Status


class Refused(Exception):
    """The request is not carried out."""

    def __init__(self, status: Status) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """Payload and status of a reply."""

    data: bytes = b""
    status: Status = Status.OK


def require(condition: bool, status: Status) -> None:
    """Refuse with `status` unless the condition holds."""
    if not condition:
        raise Refused(status)
