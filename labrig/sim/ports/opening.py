"""From what a user wrote to an open port."""

from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

from labrig.errors import ConfigError
from labrig.sim.ports.base import Port
from labrig.sim.ports.tcp import open_tcp
from labrig.sim.ports.terminal import open_terminal


def open_port(listen: str) -> AbstractContextManager[Port]:
    """Open ``pty:PATH`` or ``tcp://HOST:PORT``.

    Raises
    ------
    ConfigError
        It is neither.
    LinkOpenError
        It cannot be opened.
    """
    where = read_listen(listen)
    return open_terminal(where) if isinstance(where, Path) else open_tcp(*where)


def read_listen(listen: str) -> Path | tuple[str, int]:
    """Path of a link to a terminal, or host and port.

    Raises
    ------
    ConfigError
        It is neither.
    """
    kind, _, path = listen.partition(":")
    if kind == "pty" and path:
        return Path(path).expanduser()
    if (address := _host_and_port(listen)) is not None:
        return address
    msg = f"--listen: found {listen!r}; write pty:PATH or tcp://HOST:PORT, port 0 for any free one"
    raise ConfigError(msg)


def _host_and_port(listen: str) -> tuple[str, int] | None:
    try:
        url = urlsplit(listen)
        host, port = url.hostname, url.port
    except ValueError:
        return None
    plain = url.scheme == "tcp" and url.username is None and not (url.path or url.query or url.fragment)
    return (host, port) if plain and host and port is not None else None
