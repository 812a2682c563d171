"""The loop between a port and the board behind it."""

import select

from labrig.sim.ports.base import Ending, Port
from labrig.sim.serving.dispatcher import Dispatcher


def serve(port: Port, dispatcher: Dispatcher, ending: Ending) -> None:
    """Answer what arrives, and let the heartbeat run out where nothing does, until the end has come."""
    while True:
        ready, _, _ = select.select([port, ending], [], [], dispatcher.check_heartbeat())
        if ending in ready:
            return
        if port in ready:
            _answer(port, dispatcher)


def _answer(port: Port, dispatcher: Dispatcher) -> None:
    data = port.receive()
    if data is None:
        dispatcher.line_lost()
        return
    for reply in dispatcher.receive(data):
        port.send(reply)
