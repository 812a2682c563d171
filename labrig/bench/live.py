"""Which rigs are in use now, so that somebody who knows no more than that can turn them off."""

import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from labrig.bench.state import state_folder
from labrig.config.rig import MeterRig, RigConfig
from labrig.errors import ConfigError

_numbers = count()


@dataclass(frozen=True, slots=True)
class LiveRig:
    """A rig that a process has opened, or had when it was killed."""

    pid: int
    command: str
    rig: RigConfig | MeterRig
    path: Path
    """Of the entry; gone once the process has ended as it should."""
    started: int
    """When it started, in the kernel's ticks since the machine did: tells it from a later namesake."""

    @property
    def runs(self) -> bool:
        """Whether it is still that process that has this number."""
        return _started(self.pid) == self.started


@contextmanager
def live(rig: RigConfig | MeterRig) -> Generator[None]:
    """List a rig for as long as the block lasts; a process that is killed leaves its entry.

    Raises
    ------
    ConfigError
        The state folder cannot be written.
    """
    path = _folder() / f"{os.getpid()}-{next(_numbers)}.json"
    kind = "rig" if isinstance(rig, RigConfig) else "meters"
    pid = os.getpid()
    entry = {
        "pid": pid,
        "started": _started(pid),
        "command": " ".join(sys.argv),
        kind: rig.model_dump(mode="json"),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(entry), encoding="utf-8")
    except OSError as error:
        msg = f"{path.parent} cannot be written: {error.strerror}; name another state folder in LABRIG_STATE"
        raise ConfigError(msg) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def live_rigs() -> list[LiveRig]:
    """All entries, also of processes that are gone; those that cannot be read are left out."""
    found: list[LiveRig] = []
    for path in sorted(_folder().glob("*.json")):
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            rig = (
                RigConfig.model_validate(entry["rig"])
                if "rig" in entry
                else MeterRig.model_validate(entry["meters"])
            )
            found.append(LiveRig(int(entry["pid"]), str(entry["command"]), rig, path, int(entry["started"])))
        except (OSError, ValueError, KeyError):
            continue
    return found


def _started(pid: int) -> int:
    """Field 22 of ``/proc/PID/stat`` (proc(5)); -1 where there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return -1
    return int(stat.rpartition(")")[2].split()[19])


def _folder() -> Path:
    return state_folder() / "live"
