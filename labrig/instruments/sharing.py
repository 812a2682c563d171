"""One link for all channels of an instrument: a port has one owner, who may drive two channels."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from labrig.arrays import Seconds
from labrig.config.links import LinkConfig
from labrig.errors import LinkError
from labrig.instruments.session import Clearable
from labrig.links.base import Link


@dataclass
class _Port:
    link: Link
    holders: int = 0
    broken: bool = False
    """The last thing that was tried on it failed."""


_ports: dict[LinkConfig, _Port] = {}
"""Of this process."""


class SharedLink:
    """A holder's part in a link: closed with its last holder, or by one who lets go of it broken."""

    def __init__(self, config: LinkConfig, port: _Port) -> None:
        self._config = config
        self._port = port
        self._holds = True
        port.holders += 1

    @property
    def name(self) -> str:
        """The link's."""
        return self._port.link.name

    def write(self, data: bytes) -> None:
        """Send all of it."""
        with self._tried():
            self._port.link.write(data)

    def read_exactly(self, count: int, *, timeout: Seconds) -> bytes:
        """Exactly `count` bytes."""
        with self._tried():
            return self._port.link.read_exactly(count, timeout=timeout)

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        """Up to and including the terminator."""
        with self._tried():
            return self._port.link.read_until(terminator, timeout=timeout)

    def discard_input(self) -> None:
        """Throw away what has arrived."""
        with self._tried():
            self._port.link.discard_input()

    def close(self) -> None:
        """Let go; a link that is broken is closed for all, so that it can be opened anew."""
        if not self._holds:
            return
        self._holds = False
        self._port.holders -= 1
        if self._port.holders == 0 or self._port.broken:
            if _ports.get(self._config) is self._port:
                del _ports[self._config]
            self._port.link.close()

    @contextmanager
    def _tried(self) -> Generator[None]:
        try:
            yield
        except LinkError:
            self._port.broken = True
            raise
        self._port.broken = False


class ClearableSharedLink(SharedLink):
    """Of a bus that knows a device clear, which reaches all channels."""

    def clear(self) -> None:
        """Empty the instrument's input and output, and break off what it does."""
        with self._tried():
            if isinstance(self._port.link, Clearable):
                self._port.link.clear()


def shared_link(config: LinkConfig, open_link: Callable[[LinkConfig], Link]) -> Link:
    """The link that another channel of this process uses already, else a new one.

    Raises
    ------
    LinkOpenError
        The port or resource cannot be opened.
    """
    port = _ports.get(config)
    if port is None:
        port = _ports[config] = _Port(open_link(config))
    return (ClearableSharedLink if isinstance(port.link, Clearable) else SharedLink)(config, port)
