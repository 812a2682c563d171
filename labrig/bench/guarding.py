"""The guard's own program: waits on standard input, and takes the instruments over when nobody else can.

Run as ``python -m labrig.bench.guarding`` by `labrig.bench.guard`. The first line names the instruments; then
``lease SECONDS`` lines follow, and ``done`` ends it.
"""

import json
import os
import select
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress

from pydantic import TypeAdapter

from labrig.arrays import Seconds
from labrig.bench.rescue import made_safe_by_any_link
from labrig.config.instruments import AnySourceMeter
from labrig.errors import LabrigError, SafetyError

_GRACE: Seconds = 2.0
"""How long a process that hangs is left to turn things off by itself, once it has been told to end."""
_HELD: Seconds = 3.0
"""How long the ports of a process that has died may stay in use."""


class Watched:
    """The process at the other end of the pipe, and what it says."""

    def __init__(self, descriptor: int, pid: int) -> None:
        self._descriptor = descriptor
        self._pid = pid
        self._pending = b""

    def line(self, timeout: Seconds | None = None) -> str | None:
        """Next line; empty once the process has gone, None where nothing came in time."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._pending:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([self._descriptor], [], [], left)
            if not ready:
                return None
            data = os.read(self._descriptor, 4096)
            if not data:
                return ""
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode()

    def end(self) -> str:
        """Tell a process that hangs to end, and end it where it does not listen; how it went."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + _GRACE
        while (left := deadline - time.monotonic()) > 0:
            if (line := self.line(left)) in ("", "done"):
                return line or "gone"
        self._signal(signal.SIGKILL)
        return "killed"

    def _signal(self, number: signal.Signals) -> None:
        if os.getppid() == self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)


def watch(watched: Watched) -> str:
    """Wait until there is a reason to act, and give it; empty where there is none any more."""
    lease: Seconds | None = None
    while True:
        line = watched.line(lease)
        if line == "done":
            return ""
        if line == "":
            return "has ended without turning it off"
        if line is None:
            return "" if watched.end() == "done" else "hung, and was ended"
        lease = float(line.removeprefix("lease "))


def take_over(meters: Mapping[str, AnySourceMeter], why: str) -> bool:
    """Turn every output off, and say so; whether all of them are."""
    safe = True
    for name, config in meters.items():
        try:
            who = made_safe_by_any_link(config, patience=_HELD)
            _say(f"the program that drove {name} {why}; {who}: output off, read back")
        except LabrigError as error:
            safe = False
            _say(f"\033[1;31mthe program that drove {name} {why}; {error}\033[0m")
    return safe


def _say(text: str) -> None:
    with suppress(OSError):
        print(f"labrig guard: {text}", file=sys.stderr, flush=True)


def main() -> int:
    """Guard until there is nothing left to guard."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched = Watched(sys.stdin.fileno(), os.getppid())
    described = watched.line()
    if not described:
        return 0
    meters = TypeAdapter(dict[str, AnySourceMeter]).validate_python(json.loads(described))
    print("ready", flush=True)
    why = watch(watched)
    if not why:
        return 0
    return 0 if take_over(meters, why) else SafetyError.exit_code


if __name__ == "__main__":
    sys.exit(main())
