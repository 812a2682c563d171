"""The one thread that talks over a board's link: exchanges on request, heartbeats in between."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from labrig.arrays import Seconds
from labrig.errors import LabrigError, LinkClosed

PERIOD: Seconds = 0.25
"""Between two heartbeats."""
LEASE: Seconds = 5.0
"""How long heartbeats go on after the main loop was last heard of."""
_LOOK: Seconds = 0.2
"""Between two looks for a signal that came just before the wait for a job began, and woke nobody."""

T = TypeVar("T")


class _Job(Generic[T]):
    """A call whose outcome another thread waits for."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._done = threading.Event()
        self._result: list[T] = []
        self._error: BaseException | None = None
        self.is_handed_over = False
        self.interrupted = False
        """Whoever waits for it has been told to end."""

    def carry_out(self) -> None:
        if self._done.is_set():  # handed over twice: a signal came just then
            return
        try:
            self._result.append(self._function())
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread, which raises it
            self._error = error
        self._done.set()

    def outcome(self, hand_over: Callable[["_Job[T]"], None]) -> T:
        """Have it carried out and wait to the end even where a signal interrupts, from the handing over on.

        Then raise what the signal's handler raised.
        """
        interruption: BaseException | None = None
        while True:
            try:
                if not self.is_handed_over:
                    hand_over(self)
                while not self._done.wait(_LOOK):
                    pass
                break
            except LinkClosed as closed:
                raise interruption or closed from None
            except BaseException as error:  # noqa: BLE001 - Ctrl-C, SIGTERM
                interruption, self.interrupted = error, True
        if interruption is not None:
            raise interruption
        if self._error is not None:
            raise self._error
        return self._result[0]


class Owner:
    """Runs jobs one after the other in its thread and calls `beat` while it may.

    Parameters
    ----------
    name
        Of the thread.
    beat
        Sends a heartbeat; a LabrigError from it stops the beating until the next job.
    """

    def __init__(self, name: str, beat: Callable[[], None]) -> None:
        self._name = name
        self._beat = beat
        self._beating = False
        self._lease_until = 0.0
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._closed = False
        self._latest: _Job[Any] | None = None
        self._gate = threading.RLock()  # a signal's handler may call while a call is being made
        self._thread = threading.Thread(target=self._work, name=f"labrig {name}", daemon=True)
        self._thread.start()

    @property
    def is_beating(self) -> bool:
        """Heartbeats are sent: the board is armed, and the main loop was heard of lately."""
        return self._beating and time.monotonic() < self._lease_until

    @property
    def is_unwanted(self) -> bool:
        """To be asked from a job that can stop early: its caller has been told to end."""
        return self._latest is not None and self._latest.interrupted

    def renew(self, seconds: Seconds = LEASE) -> None:
        """Let heartbeats go on for at least so long from now."""
        self._lease_until = max(self._lease_until, time.monotonic() + seconds)

    def start_beating(self) -> None:
        """To be called from a job: the board is armed."""
        self._beating = True

    def stop_beating(self) -> None:
        """To be called from a job: the board is disarmed, or nobody knows."""
        self._beating = False

    def call(self, function: Callable[[], T]) -> T:
        """Run a job in the owner's thread; its result or error, after it has run to its end.

        Raises
        ------
        LinkClosed
            After `stop`.
        """
        return _Job(function).outcome(self._hand_over)

    def stop(self) -> None:
        """End the thread after the jobs that wait; twice is fine."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _hand_over(self, job: _Job[T]) -> None:
        with self._gate:
            if self._closed:
                msg = f"{self._name} is closed: open the board again"
                raise LinkClosed(msg)
            self._latest = job
            self._jobs.put(job.carry_out)
            job.is_handed_over = True

    def _work(self) -> None:
        try:
            self._take_turns()
        finally:
            with self._gate:
                self._closed = True
            while not self._jobs.empty():  # after a bug in a heartbeat: nobody may wait for ever
                if (job := self._jobs.get()) is not None:
                    job()

    def _take_turns(self) -> None:
        next_beat = time.monotonic() + PERIOD
        while True:
            try:
                job = self._jobs.get(
                    timeout=max(0.0, next_beat - time.monotonic()) if self._beating else None
                )
            except queue.Empty:
                self._beat_or_stop()
            else:
                if job is None:
                    return
                job()
            next_beat = time.monotonic() + PERIOD

    def _beat_or_stop(self) -> None:
        self._beating = self.is_beating
        if self._beating:
            self._beating = False
            with contextlib.suppress(LabrigError):  # the next exchange will find out, and say it
                self._beat()
                self._beating = True
