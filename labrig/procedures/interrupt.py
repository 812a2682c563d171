"""Two-stage Ctrl-C: the first asks to stop after the step, the second stops now."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from labrig.bench.endings import interrupt


@contextmanager
def first_interrupt_asks() -> Generator[Callable[[], str | None]]:
    """Give a question to ask after each step: why shall the run end? None: it need not.

    The first SIGINT becomes the answer; the second raises KeyboardInterrupt wherever the program is.
    """
    asked: list[str] = []

    def note(number: int, frame: FrameType | None) -> None:
        if asked:
            interrupt(number, frame)
            return
        asked.append("Ctrl-C: the step in progress was finished")
        with contextlib.suppress(OSError):
            os.write(2, b"finishing this step, then making safe; Ctrl-C again to make safe now\n")

    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: asked[0] if asked else None
    finally:
        signal.signal(signal.SIGINT, before)
