"""Several sources on their way at once: each step is sent when it is due, whichever source it belongs to."""

import heapq
import time
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from labrig.arrays import Seconds

Ramp: TypeAlias = Iterator[Seconds]
"""Steps of one source: tells when the next one is due, by the monotonic clock, and is asked for it then."""


def walk(ramps: Iterable[Ramp]) -> None:
    """Take every ramp to its end."""
    waiting: list[tuple[Seconds, int, Ramp]] = []
    for number, ramp in enumerate(ramps):
        _await(waiting, number, ramp)
    while waiting:
        due, number, ramp = heapq.heappop(waiting)
        time.sleep(max(0.0, due - time.monotonic()))
        _await(waiting, number, ramp)


def _await(waiting: list[tuple[Seconds, int, Ramp]], number: int, ramp: Ramp) -> None:
    due = next(ramp, None)
    if due is not None:
        heapq.heappush(waiting, (due, number, ramp))
