"""Sequence numbers: which request is next, and what the earlier ones were answered."""

from collections import deque
from enum import Enum, auto

from labrig.wire.definition import FRAMES_IN_FLIGHT, REPLY_BIT
from labrig.wire.framing import Frame

CREDIT = 16
"""Replies with data that are kept until they are acknowledged."""


class Order(Enum):
    """What to do with a request of some sequence number."""

    NEXT = auto()
    """Carry it out."""
    AGAIN = auto()
    """It was carried out already: answer it again."""
    REFUSED = auto()
    """Ahead, too old, or without a session."""


class Session:
    """The answers to the newest requests of one host."""

    def __init__(self) -> None:
        self.expected = 0
        """Sequence number of the next request."""
        self._open = False
        self._answers: deque[Frame] = deque(maxlen=FRAMES_IN_FLIGHT)

    def open(self, first: int) -> None:
        """Forget the old session and expect `first`."""
        self._open = True
        self.expected = first & 0xFF
        self._answers.clear()

    def order(self, seq: int) -> Order:
        """Where `seq` stands."""
        behind = (self.expected - seq) & 0xFF
        if not self._open or behind > len(self._answers):
            return Order.REFUSED
        return Order.AGAIN if behind else Order.NEXT

    def remember(self, answer: Frame) -> None:
        """Keep what the expected request was answered, and expect the one after it."""
        self._answers.append(answer)
        self.expected = (self.expected + 1) & 0xFF

    def again(self, request: Frame) -> Frame | None:
        """The answer to an earlier request; None where its data were given up for newer ones."""
        behind = (self.expected - request.seq) & 0xFF
        newest = list(self._answers)[-behind:]
        answer = newest[0]
        if not answer.payload:
            return Frame(request.type | REPLY_BIT, request.seq, answer.flags)
        return answer if sum(bool(later.payload) for later in newest) <= CREDIT else None
