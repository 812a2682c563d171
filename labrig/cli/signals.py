"""Signals that end a program, as something to wait for instead of something that interrupts."""

import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

_ENDING = {signal.SIGINT, signal.SIGTERM}


class Ending:
    """Can be read once one of the signals has come."""

    def __init__(self, arrived: socket.socket) -> None:
        self._arrived = arrived

    def fileno(self) -> int:
        """Descriptor to wait on."""
        return self._arrived.fileno()

    def exit_code(self) -> int:
        """128 and the number of the signal that came first: 130 after SIGINT, 143 after SIGTERM."""
        return 128 + self._arrived.recv(1)[0]


@contextmanager
def ending_signals() -> Generator[Ending]:
    """Catch SIGINT, SIGTERM and, unless it is ignored (``nohup``), SIGHUP; in the main thread."""
    arrived, waker = socket.socketpair()
    with arrived, waker:
        waker.setblocking(False)
        woken_before = signal.set_wakeup_fd(waker.fileno())
        ending = _ENDING if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else {*_ENDING, signal.SIGHUP}
        before = {number: signal.signal(number, _only_wake) for number in ending}
        try:
            yield Ending(arrived)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(woken_before)


def _only_wake(_number: int, _frame: FrameType | None) -> None:
    """Python writes the number to the descriptor by itself."""
