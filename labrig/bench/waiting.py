"""How long a bench waits for its board, and how long its calibration says that it has to."""

import time
from dataclasses import dataclass

from labrig.arrays import Seconds
from labrig.boards.base import Board, BoardReply, BoardRequest
from labrig.config.calibration import PaceCalibration


@dataclass(slots=True)
class Waiting:
    """Seconds in the exchanges of one board since it was opened."""

    pace: PaceCalibration | None
    """As the board was calibrated; None: nobody knows it."""
    measured: Seconds = 0.0
    predicted: Seconds = 0.0
    """By the pace; on a twin, what its board would take. 0 where nobody knows it."""

    def exchange(self, board: Board, request: BoardRequest) -> BoardReply:
        """Have an exchange carried out, and count what it took and should take.

        Raises
        ------
        ConfigError, LimitExceeded, LinkError, ProtocolError, DeviceError
            Of the board.
        """
        before, began = board.counters.writes, time.monotonic()
        reply = board.exchange(request)
        self.measured += time.monotonic() - began
        if self.pace is not None:
            read = board.info.branches if request.read_back else 0
            codes = board.counters.writes - before + read
            states = len(request.boundaries) * (1 + (request.learn.steps if request.learn else 0))
            self.predicted += self.pace.seconds(states, codes, request.settle, sensed=request.sources)
        return reply
