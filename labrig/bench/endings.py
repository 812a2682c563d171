"""However a program ends, its contexts are left in order, and no failure on the way is lost."""

import os
import select
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import TypeAlias

from labrig.errors import LabrigError

_ENDING = (signal.SIGTERM, signal.SIGHUP)
"""What ends a program: ``kill``, and a terminal or an ssh connection that is closed."""
_Handler: TypeAlias = Callable[[int, FrameType | None], object] | signal.Handlers


class _Shield:
    """Signals that wait for the end of a block of the main thread, which is the one that handles them."""

    def __init__(self) -> None:
        self.blocks = 0
        self.waiting: list[int] = []
        self.raised: SystemExit | None = None
        """What a signal raised, until the program has been left by it."""

    def holds_back(self, number: int) -> bool:
        """Whether this signal has to wait; it is handled again later."""
        if self.blocks:
            self.waiting.append(number)
        return self.blocks > 0


_shield = _Shield()


@contextmanager
def undisturbed() -> Generator[None]:
    """Let signals that end the program wait until the block is done: it is done as a whole, or not begun."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _shield.blocks += 1
    try:
        yield
    finally:
        _shield.blocks -= 1
        while not _shield.blocks and _shield.waiting:
            signal.raise_signal(_shield.waiting.pop(0))


def end_if_told() -> None:
    """End the program where a signal has told it to, but what the signal raised never arrived.

    NumPy drops an exception that is raised while it looks for an attribute, and so may other compiled code.
    To be called where nothing is on its way: between two steps.
    """
    if _shield.raised is not None:
        raise _shield.raised


@contextmanager
def signals_unwind() -> Generator[None]:
    """Let SIGTERM and SIGHUP raise SystemExit(128 + number) in the main thread, so that contexts are left.

    SIGINT raises KeyboardInterrupt as ever, but waits for `undisturbed` blocks as they do. A signal that
    has a handler already, or is ignored (``nohup``), stays as it is.
    """
    handlers: list[tuple[signal.Signals, _Handler, _Handler]] = [
        (signal.SIGINT, signal.default_int_handler, interrupt),
        *((number, signal.SIG_DFL, _unwind) for number in _ENDING),
    ]
    mine = [(number, usual, ours) for number, usual, ours in handlers if signal.getsignal(number) is usual]
    if threading.current_thread() is not threading.main_thread():
        mine = []
    for number, _, ours in mine:
        signal.signal(number, ours)
    try:
        yield
        end_if_told()
    finally:
        if mine:
            _shield.raised = None
        for number, usual, _ in mine:
            signal.signal(number, usual)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, but not within a block that is `undisturbed`."""
    if not _shield.holds_back(number):
        signal.default_int_handler(number, frame)


def _unwind(number: int, _frame: FrameType | None) -> None:
    if _shield.holds_back(number):
        return
    for other in _ENDING:
        signal.signal(other, signal.SIG_IGN)  # once on the way to safe, nothing hurries it
    _leave_dead_terminal()
    _shield.raised = SystemExit(128 + number)
    raise _shield.raised


def _leave_dead_terminal() -> None:
    """Let what is still said go nowhere where nobody can read it: no error on the way to safe."""
    for stream in (1, 2):
        hung_up = select.poll()
        hung_up.register(stream, 0)
        if hung_up.poll(0):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream)
            os.close(nowhere)


@contextmanager
def afterwards(action: Callable[[], None]) -> Generator[None]:
    """Act when the context is left, in whatever way.

    Where an error is on its way already, a failure of the action becomes its note. Where the program was told
    to end (Ctrl-C, SIGTERM), the failure is what ends it, so that somebody hears of it.
    """
    on_its_way: Exception | None = None
    try:
        yield
    except Exception as error:
        on_its_way = error
        raise
    finally:
        try:
            action()
        except LabrigError as failure:
            if on_its_way is None:
                raise
            if str(failure) not in (str(on_its_way), *getattr(on_its_way, "__notes__", ())):
                on_its_way.add_note(str(failure))
