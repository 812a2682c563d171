"""However a program ends, its contexts are left in order, and no failure on the way is lost."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from labrig.errors import LabrigError

_ENDING = (signal.SIGTERM, signal.SIGHUP)
"""What ends a program: ``kill``, and a terminal or an ssh connection that is closed."""


@contextmanager
def signals_unwind() -> Generator[None]:
    """Let SIGTERM and SIGHUP raise SystemExit(128 + number) in the main thread, so that contexts are left.

    A signal that has a handler already, or is ignored (``nohup``), stays as it is.
    """
    mine = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        mine = []
    for number in mine:
        signal.signal(number, _unwind)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, signal.SIG_DFL)


def _unwind(number: int, _frame: FrameType | None) -> None:
    for other in _ENDING:
        signal.signal(other, signal.SIG_IGN)  # once on the way to safe, nothing hurries it
    raise SystemExit(128 + number)


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
            on_its_way.add_note(str(failure))
