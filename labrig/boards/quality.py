"""What a link turns out to be like: round trip and error rate."""

import random

from labrig.arrays import Seconds
from labrig.boards.base import Counters
from labrig.wire.definition import MAX_PAYLOAD

TRIES = 8
_FLOOR: Seconds = 0.02
_CEILING: Seconds = 1.0
_FIRST_GUESS: Seconds = 0.05
_SMOOTHING = 1 / 8
_MEMORY = 1 / 64
_SMALLEST = 64
_ENOUGH = 1000
"""Frames before which nothing is said of a link."""


class Spread:
    """Spreads repeated sendings over time, so that none keeps falling on what disturbs a line periodically.

    Equal time-outs, and doubled ones, can all be multiples of one period, of mains hum say. After Floyd and
    Jacobson, IEEE/ACM Transactions on Networking 2 (1994), who let timers be random.
    """

    def __init__(self) -> None:
        self._chance = random.Random(1)  # noqa: S311 - nothing is kept secret

    def __call__(self, seconds: Seconds) -> Seconds:
        """A time, or up to half as much again."""
        return seconds * self._chance.uniform(1.0, 1.5)


class RoundTrip:
    """Retransmission time-out: 4 times the smoothed round trip, doubled each time that it ran out.

    After Jacobson, SIGCOMM 1988, and Karn and Partridge, SIGCOMM 1987: an answer to a frame that was sent
    more than once says nothing, and the doubling lasts until one comes to a frame that was sent once.
    """

    def __init__(self) -> None:
        self._smoothed = _FIRST_GUESS
        self._expired = 0

    def sample(self, seconds: Seconds) -> None:
        """Learn from the answer to a frame that was sent once."""
        self._smoothed += _SMOOTHING * (seconds - self._smoothed)
        self._expired = 0

    def expire(self) -> None:
        """Nothing came within the time-out."""
        self._expired += 1

    def give_up(self) -> None:
        """Nothing came at all, which says nothing of how long an answer takes."""
        self._expired = 0

    @property
    def timeout(self) -> Seconds:
        """How long to wait for an answer."""
        return min(_CEILING, max(_FLOOR, 4 * self._smoothed) * float(2**self._expired))


class ErrorRate:
    """Share of frames that had to be sent again, over about the last 64; frames shrink where it is high."""

    def __init__(self) -> None:
        self._share = 0.0

    def good(self, frames: int) -> None:
        """Count answered frames."""
        self._share *= (1 - _MEMORY) ** frames

    def bad(self, frames: int) -> None:
        """Count frames that were lost or damaged."""
        self._share += (1 - self._share) * (1 - (1 - _MEMORY) ** frames)

    @property
    def payload(self) -> int:
        """Bytes of payload that a frame should not exceed."""
        if self._share < 0.05:
            return MAX_PAYLOAD
        return MAX_PAYLOAD // 2 if self._share < 0.2 else _SMALLEST


def advice(counters: Counters) -> str | None:
    """What to say of a link that loses more than 1 % of its frames; None: nothing."""
    if counters.frames < _ENOUGH or counters.retries <= 0.01 * counters.frames:
        return None
    share = counters.retries / counters.frames
    return f"{share:.1%} of {counters.frames} frames had to be sent again: check the cable and the baud rate"
