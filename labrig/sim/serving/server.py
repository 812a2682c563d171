"""A board at its port."""

from collections.abc import Sequence

from labrig.arrays import Seconds
from labrig.sim.ports.base import Port
from labrig.sim.serving.dispatcher import Dispatcher


class BoardServant:
    """Answers what arrives, and lets the heartbeat run out where nothing does."""

    def __init__(self, port: Port, dispatcher: Dispatcher) -> None:
        self._port = port
        self._dispatcher = dispatcher

    def advance(self) -> Seconds | None:
        """Make safe where the host has been silent for too long."""
        return self._dispatcher.check_heartbeat()

    def waiting_for(self) -> Sequence[Port]:
        """The port."""
        return [self._port]

    def blocked(self) -> Sequence[Port]:
        """Nothing: what a client is slow to take is lost, as on a wire."""
        return ()

    def attend(self, ready: Sequence[object]) -> None:
        """Answer what has arrived."""
        if self._port not in ready:
            return
        data = self._port.receive()
        if data is None:
            self._dispatcher.line_lost()
            return
        for reply in self._dispatcher.receive(data):
            self._port.send(reply)
