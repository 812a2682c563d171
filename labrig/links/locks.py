"""One process a port: a lock file beside which its holder's process id and command are written."""

import json
import os
import re
import sys
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from labrig.errors import LinkOpenError


def state_folder() -> Path:
    """Where locks lie: ``$XDG_RUNTIME_DIR/labrig``, else a folder of the user's own among temporary files."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime) / "labrig" if runtime else Path(tempfile.gettempdir()) / f"labrig-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def holder_of(port: str) -> str | None:
    """Which labrig process holds a port, ``process 412 (labrig train …)``; None where none does."""
    lock = _lock(port)
    try:
        lock.acquire()
    except Timeout:
        return _read_holder(_beside(port))
    lock.release()
    return None


def holder_pid(port: str) -> int | None:
    """Process id of the labrig process that holds a port; None where none does, or it does not say."""
    if holder_of(port) is None:
        return None
    try:
        return int(json.loads(_beside(port).read_text())["pid"])
    except (OSError, ValueError, KeyError):
        return None


class PortLock:
    """Held from construction to `release`; the system lets go of it when the process dies.

    Parameters
    ----------
    port
        The port as the user wrote it: a device path, a URL or a VISA resource.

    Raises
    ------
    LinkOpenError
        Another link holds the port; the message names its process and command.
    """

    def __init__(self, port: str) -> None:
        self._holder = _beside(port)
        self._lock = _lock(port)
        try:
            self._lock.acquire()
        except Timeout:
            msg = f"{port} is in use by {_read_holder(self._holder)}: stop that process first"
            raise LinkOpenError(msg) from None
        except OSError as error:
            msg = f"{port}: the lock file {self._lock.lock_file} cannot be taken: {error.strerror}"
            raise LinkOpenError(msg) from error
        self._holder.write_text(json.dumps({"pid": os.getpid(), "command": " ".join(sys.argv)}))

    def release(self) -> None:
        """Let go; twice is fine."""
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()


def _stem(port: str) -> Path:
    return state_folder() / re.sub(r"[^A-Za-z0-9.-]", "_", resolve(port))


def _beside(port: str) -> Path:
    """The file that says who holds a port."""
    stem = _stem(port)
    return stem.with_name(stem.name + ".json")


def _lock(port: str) -> FileLock:
    stem = _stem(port)
    return FileLock(stem.with_name(stem.name + ".lock"), timeout=0, thread_local=False)


def _read_holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text())
    except (OSError, ValueError):
        return "another labrig process"
    return f"process {holder['pid']} ({holder['command']})"


def resolve(port: str) -> str:
    """Name a port in one way, whoever opens it: VISA resources as paths and URLs, links followed."""
    if serial_resource := re.fullmatch(r"ASRL(/.+)::INSTR", port, re.IGNORECASE):
        port = serial_resource[1]
    elif socket_resource := re.fullmatch(r"TCPIP\d*::(.+)::(\d+)::SOCKET", port, re.IGNORECASE):
        port = f"socket://{socket_resource[1]}:{socket_resource[2]}"
    port = port.removeprefix("spy://").partition("?")[0]
    return str(Path(port).resolve()) if port.startswith("/") else port.rstrip("/")


def processes_using(device: str) -> list[str]:
    """Other processes that have a device open, as far as this user may see: ``412 (minicom)``."""
    target = os.path.realpath(device)
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            uses = any(os.path.realpath(handle) == target for handle in (process / "fd").iterdir())
            if uses and int(process.name) != os.getpid():
                command = (
                    (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                )
                found.append(f"{process.name} ({command})")
        except OSError:
            continue
    return found
