"""One writer a run: a lock that the kernel lets go of when its process ends, however it ends."""

import fcntl
import os
import socket
import time
import weakref
from pathlib import Path

from labrig.errors import RunError

LOCK_NAME = "run.lock"
_PATIENCE = 0.5
"""Seconds to wait for somebody who only looks whether the lock is held."""


class RunLock:
    """The right to append to a run, held until `release`.

    Raises
    ------
    RunError
        Another process (or another writer in this one) has it; the message names the holder.
    """

    def __init__(self, directory: Path) -> None:
        self._descriptor: int | None = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o644)
        deadline = time.monotonic() + _PATIENCE
        while not _try_lock(self._descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                holder = os.pread(self._descriptor, 200, 0).decode(errors="replace").strip()
                os.close(self._descriptor)
                msg = f"{directory}: {holder or 'another process'} is writing this run; stop it first"
                raise RunError(msg)
            time.sleep(0.01)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        _held.add(self)

    def release(self) -> None:
        """Let go; twice is fine."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_held(directory: Path) -> bool:
    """Whether some process is writing this run now."""
    try:
        descriptor = os.open(directory / LOCK_NAME, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_held: "weakref.WeakSet[RunLock]" = weakref.WeakSet()


def _forget_in_child() -> None:
    """Let a forked child not keep the run locked after its parent is gone."""
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_forget_in_child)
