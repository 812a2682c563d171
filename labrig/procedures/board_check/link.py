"""The way to a board and back: echoes, timed and compared."""

import time
from dataclasses import dataclass

import numpy as np

from labrig.arrays import Seconds
from labrig.bench.bench import Bench
from labrig.procedures.board_check.probing import Progress

ECHOES = 1000
_SHOWN_EVERY = 50


@dataclass(frozen=True, slots=True)
class LinkCheck:
    """How echoes came back."""

    echoes: int
    median: Seconds
    """Of a turn-around."""
    p99: Seconds
    wrong: int
    """Echoes that were not what was sent."""
    damaged: int
    """Frames that either end could not read, or that the board never got."""
    repeated: int
    """Frames that were sent again, since their answer was damaged, lost or late."""

    @property
    def share(self) -> float:
        """Of frames that were damaged."""
        return self.damaged / self.echoes


def check_link(bench: Bench, progress: Progress) -> LinkCheck | None:
    """Send `ECHOES` echoes one after another; None where the board has no link."""
    board = bench.monitored
    if board is None:
        return None
    before, told_before = bench.counters, board.health()
    times: list[Seconds] = []
    wrong = 0
    for number in range(ECHOES):
        if number % _SHOWN_EVERY == 0:
            progress("link", number, ECHOES)
        # Every byte value crosses the line, and runs of zeros, which frames stuff.
        data = bytes((number + place * (number % 3)) & 0xFF for place in range(16))
        started = time.perf_counter()
        wrong += board.echo(data) != data
        times.append(time.perf_counter() - started)
    after, told = bench.counters, board.health()
    heard = told.frames_good - told_before.frames_good
    sent = after.frames - before.frames
    damaged = told.frames_bad - told_before.frames_bad + after.damaged - before.damaged
    return LinkCheck(
        ECHOES,
        float(np.median(times)),
        float(np.quantile(times, 0.99)),
        wrong,
        damaged=max(damaged, sent - heard),
        repeated=after.retries - before.retries,
    )
