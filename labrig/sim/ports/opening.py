"""From what a user wrote to an open port."""

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from labrig.errors import ConfigError
from labrig.sim.instruments.byte_port import BytePort
from labrig.sim.instruments.serving import InstrumentPort
from labrig.sim.ports.base import Port
from labrig.sim.ports.hislip import open_hislip
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


def read_listen(listen: str, others: Sequence[str] = ()) -> Path | tuple[str, int]:
    """Path of a link to a terminal, or host and port.

    Parameters
    ----------
    others
        Schemes that a refusal names as well.

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
    schemes = " or ".join(f"{scheme}://HOST:PORT" for scheme in ("tcp", *others))
    msg = f"--listen: found {listen!r}; write pty:PATH or {schemes}, port 0 for any free one"
    raise ConfigError(msg)


@contextmanager
def open_instrument_port(listen: str) -> Generator[InstrumentPort]:
    """Open ``pty:PATH``, ``tcp://HOST:PORT`` or ``hislip://HOST:PORT`` for a message-based instrument.

    Raises
    ------
    ConfigError
        It is none of them.
    LinkOpenError
        It cannot be opened.
    """
    if (address := _host_and_port(listen, "hislip")) is not None:
        with open_hislip(*address) as port:
            yield port
        return
    where = read_listen(listen, ("hislip",))
    if isinstance(where, Path):
        with open_terminal(where) as terminal:
            yield BytePort(terminal, f"ASRL{terminal.resource}::INSTR")
        return
    with open_tcp(*where) as socket:
        host, _, number = socket.resource.removeprefix("tcp://").rpartition(":")
        yield BytePort(socket, f"TCPIP::{host.strip('[]')}::{number}::SOCKET")


def _host_and_port(listen: str, scheme: str = "tcp") -> tuple[str, int] | None:
    try:
        url = urlsplit(listen)
        host, port = url.hostname, url.port
    except ValueError:
        return None
    plain = url.scheme == scheme and url.username is None and not (url.path or url.query or url.fragment)
    return (host, port) if plain and host and port is not None else None
