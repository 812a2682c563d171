"""A pseudo-terminal with a name that stays: what a serial port is to its client."""

import os
import tty
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from labrig.errors import LinkOpenError

_CHUNK = 4096
_TERMINALS = "/dev/pts/"


class Terminal:
    """The device's end of a pseudo-terminal.

    Parameters
    ----------
    descriptor
        Non-blocking.
    resource
        Path of the client's end.
    """

    def __init__(self, descriptor: int, resource: str) -> None:
        self._descriptor = descriptor
        self._resource = resource

    @property
    def resource(self) -> str:
        """Path of the client's end."""
        return self._resource

    def fileno(self) -> int:
        """Descriptor of the device's end."""
        return self._descriptor

    def receive(self) -> bytes:
        """What has arrived; who wrote it cannot be told."""
        try:
            return os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return b""

    def send(self, data: bytes) -> int:
        """Send what fits into the terminal's buffer."""
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0


@contextmanager
def open_terminal(link: Path) -> Generator[Terminal]:
    """Make a pseudo-terminal in raw mode, and a symbolic link to it that goes with it.

    Raises
    ------
    LinkOpenError
        Something else is in the place of the link, or it cannot be made.
    """
    device_end, client_end = os.openpty()
    try:
        os.set_blocking(device_end, False)
        # It stays open: without any opener the terminal would forget its settings and hang up.
        tty.setraw(client_end)
        terminal = Terminal(device_end, os.ttyname(client_end))
        with _linked(link, terminal.resource):
            yield terminal
    finally:
        os.close(device_end)
        os.close(client_end)


@contextmanager
def _linked(link: Path, target: str) -> Generator[None]:
    """A link that is replaced in one step, so that a client finds the old terminal or the new one."""
    if os.path.lexists(link) and not _target(link).startswith(_TERMINALS):
        msg = f"{link} exists and is no link to a terminal: remove it, or name another path"
        raise LinkOpenError(msg)
    temporary = link.with_name(f"{link.name}.{os.getpid()}")
    try:
        temporary.symlink_to(target)
        temporary.replace(link)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        msg = f"{link} cannot be made a link to a terminal: {error.strerror}"
        raise LinkOpenError(msg) from error
    try:
        yield
    finally:
        if _target(link) == target:  # else it leads to a server that was started later
            link.unlink()


def _target(link: Path) -> str:
    return str(link.readlink()) if link.is_symlink() else ""
