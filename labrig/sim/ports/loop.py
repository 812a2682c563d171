"""The loop in which simulated devices are served, each on its own port."""

import select
from collections.abc import Sequence
from typing import Any, Protocol

from labrig.arrays import Seconds
from labrig.sim.ports.base import Ending


class Servant(Protocol):
    """A device with the port at which it is reached; nothing in it waits."""

    def advance(self) -> Seconds | None:
        """Do what is due by now; how long nothing will be, None: until something arrives."""
        ...

    def waiting_for(self) -> Sequence[Any]:
        """What can be read when there is something to do."""
        ...

    def blocked(self) -> Sequence[Any]:
        """What can be written to when more of an answer can be sent."""
        ...

    def attend(self, ready: Sequence[object]) -> None:
        """Take what has arrived, and send on what was blocked."""
        ...


def serve(servants: Sequence[Servant], ending: Ending) -> None:
    """Let devices answer until the end has come."""
    while True:
        patience = min((left for left in [s.advance() for s in servants] if left is not None), default=None)
        readable = [ending, *(end for servant in servants for end in servant.waiting_for())]
        writable = [end for servant in servants for end in servant.blocked()]
        ready, able, _ = select.select(readable, writable, [], patience)
        if ending in ready:
            return
        for servant in servants:
            mine = [*servant.waiting_for(), *servant.blocked()]
            if any(end in ready or end in able for end in mine):
                servant.attend(ready)
