"""Turn a rig off, whoever has it and whatever that process does."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from labrig.arrays import Seconds
from labrig.bench.assembly import open_bench
from labrig.bench.rescue import made_safe_by_any_link, ways
from labrig.config.boards import FirmwareBoard
from labrig.config.links import LinkConfig, SerialLink
from labrig.config.plugins import PluginBoard
from labrig.config.rig import MeterRig, RigConfig
from labrig.errors import LabrigError
from labrig.links.locks import holder_pid

_ENDS_WITHIN: Seconds = 3.0
"""How long a process has after each request."""
_PORTS_FREE_WITHIN: Seconds = 5.0
_REQUESTS = (
    (signal.SIGINT, "was asked to stop"),
    (signal.SIGTERM, "was told to end"),
    (signal.SIGKILL, "was killed"),
)


@dataclass(frozen=True, slots=True)
class Device:
    """What became of one device."""

    name: str
    safe: bool
    said: str


def make_safe(rig: RigConfig | MeterRig, pids: Iterable[int], say: Callable[[str], None]) -> list[Device]:
    """End the processes that have a rig, and turn its devices off; each is tried, whatever the others do.

    Parameters
    ----------
    pids
        Of processes that are known to have it; those that hold one of its ports are found.
    say
        Told what happens.
    """
    for pid in {*pids, *_holders(rig)} - {os.getpid()}:
        end(pid, say)
    return [*_meters(rig), *_board(rig)]


def end(pid: int, say: Callable[[str], None]) -> None:
    """End a process: by Ctrl-C, then SIGTERM, then SIGKILL, each given its time."""
    for number, said in _REQUESTS:
        if not _alive(pid):
            return
        say(f"process {pid} {said}")
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        if number == signal.SIGKILL:
            os.kill(pid, signal.SIGCONT)
        deadline = time.monotonic() + _ENDS_WITHIN
        while _alive(pid) and time.monotonic() < deadline:
            time.sleep(0.02)


def _meters(rig: RigConfig | MeterRig) -> Iterator[Device]:
    for name, config in rig.source_meters.items():
        try:
            who = made_safe_by_any_link(config, patience=_PORTS_FREE_WITHIN)
        except LabrigError as error:
            yield Device(name, safe=False, said=str(error))
        else:
            yield Device(name, safe=True, said=f"{who}: output off, read back")


def _board(rig: RigConfig | MeterRig) -> Iterator[Device]:
    """Opening a board begins a new session, and leaving it releases its drivers."""
    if isinstance(rig, MeterRig):
        return
    reached = isinstance(rig.board, PluginBoard) or (
        isinstance(rig.board, FirmwareBoard) and rig.board.launch is None
    )
    if not reached:
        yield Device("board", safe=True, said="ended with its process")
        return
    deadline = time.monotonic() + _PORTS_FREE_WITHIN
    while True:
        try:
            with open_bench(rig.model_copy(update={"source_meters": {}})) as bench:
                serial_number = bench.info.serial_number
        except LabrigError as error:
            if time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            yield Device("board", safe=False, said=str(error))
        else:
            yield Device("board", safe=True, said=f"{serial_number}: every driver released")
        return


def _holders(rig: RigConfig | MeterRig) -> Iterator[int]:
    for link in _links(rig):
        pid = holder_pid(link.port if isinstance(link, SerialLink) else link.resource)
        if pid is not None:
            yield pid


def _links(rig: RigConfig | MeterRig) -> Iterator[LinkConfig]:
    for config in rig.source_meters.values():
        yield from ways(config)
    if isinstance(rig, RigConfig) and isinstance(rig.board, FirmwareBoard) and rig.board.link is not None:
        yield rig.board.link


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:  # noqa: PTH123
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except OSError:
        return True
