"""A process beside this one that turns outputs off when this one no longer can.

It is told, through a pipe, for how long it need not worry. The pipe ends when this process dies, however that
happens; a lease that runs out says that this process hangs. In both cases the guard takes over.
"""

import json
import math
import os
import select
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress

from labrig.arrays import Seconds
from labrig.config.instruments import AnySourceMeter
from labrig.errors import SafetyError

LEASE: Seconds = 5.0
_SPARING: Seconds = 0.5
"""A lease is renewed no more often than this."""
_STARTS_WITHIN: Seconds = 30.0
_ENDS_WITHIN: Seconds = 5.0


class Guard:
    """The end of the pipe in the process that is guarded."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._told: Seconds = -math.inf
        self.on_watch: set[str] = set()
        """Instruments whose outputs may be on; the guard is let go only once there are none."""

    @property
    def pid(self) -> int:
        """Of the guard."""
        return self._process.pid

    def renew(self, seconds: Seconds = LEASE) -> None:
        """All is well, for so long at least; cheap enough for every reading.

        Raises
        ------
        SafetyError
            The guard is gone.
        """
        now = time.monotonic()
        if seconds > LEASE or now > self._told + _SPARING:
            self._tell(f"lease {seconds + _SPARING:.3f}")
            self._told = now

    def release(self) -> None:
        """Nothing is left to guard."""
        with suppress(SafetyError):
            self._tell("done")

    def _tell(self, line: str) -> None:
        stdin = self._process.stdin
        try:
            if stdin is None or self._process.poll() is not None:
                raise BrokenPipeError
            os.write(stdin.fileno(), f"{line}\n".encode())
        except OSError as error:
            msg = "the process that guards the outputs is gone: nothing is turned on without it"
            raise SafetyError(msg) from error


@contextmanager
def guarded(meters: Mapping[str, AnySourceMeter]) -> Generator[Guard]:
    """Start a guard for these instruments; it takes over those that are on watch when the block is left.

    Raises
    ------
    SafetyError
        The guard does not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "labrig.bench.guarding"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    guard = Guard(process)
    try:
        _introduce(process, meters)
        guard.renew()
        yield guard
    finally:
        if not guard.on_watch:
            guard.release()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_ENDS_WITHIN)


def _introduce(process: subprocess.Popen[bytes], meters: Mapping[str, AnySourceMeter]) -> None:
    """Tell the guard what it guards, and wait until it has read it and loaded what it needs."""
    described = json.dumps({name: meter.model_dump(mode="json") for name, meter in meters.items()})
    if process.stdin is None or process.stdout is None:
        raise AssertionError
    with suppress(BrokenPipeError):
        process.stdin.write(described.encode() + b"\n")
        process.stdin.flush()
    ready, _, _ = select.select([process.stdout], [], [], _STARTS_WITHIN)
    if not ready or process.stdout.readline() != b"ready\n":
        process.kill()
        msg = f"the process that guards the outputs does not start within {_STARTS_WITHIN:g} s"
        raise SafetyError(msg)
