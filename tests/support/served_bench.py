"""A board and a source-measure unit on one circuit, behind real ports, in a thread of the test."""

import socket
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from labrig.circuit.boundary import Boundary
from labrig.sim.hardware import Hardware
from labrig.sim.instruments.base import OutputState
from labrig.sim.instruments.building import build_instrument
from labrig.sim.instruments.serving import InstrumentServant
from labrig.sim.ports.loop import Servant, serve
from labrig.sim.ports.opening import open_instrument_port, open_port
from labrig.sim.serving.device import Device
from labrig.sim.serving.dispatcher import Dispatcher
from labrig.sim.serving.server import BoardServant
from labrig.sim.world import CircuitWorld, LineTerminals
from tests.support.served_meters import Heard


@dataclass
class ServedBench:
    """Where both are, what the unit did, and its end."""

    board: str
    visa: str
    world: CircuitWorld
    outputs: list[OutputState] = field(default_factory=list[OutputState])
    messages: list[str] = field(default_factory=list[str])
    """That the unit was sent."""
    unplug_after: int | None = None
    """Levels after which nobody answers at the unit's port any more."""

    @property
    def on(self) -> bool:
        """Whether the unit's output is on, as its terminals have it."""
        return bool(self.outputs) and self.outputs[-1].on

    @property
    def released(self) -> bool:
        """Whether no driver of the board holds anything."""
        return self.world.standing == Boundary({})

    def links(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Of board and unit, for a rig."""
        return {"kind": "serial", "port": self.board}, {"kind": "visa", "resource": self.visa}


class _Pluggable:
    """A servant whose cable is pulled at some time."""

    def __init__(self, servant: Servant, bench: ServedBench, cable: ExitStack) -> None:
        self._servant = servant
        self._bench = bench
        self._cable = cable
        self._pulled = False

    def advance(self) -> float | None:
        after = self._bench.unplug_after
        if not self._pulled and after is not None and len(self._bench.outputs) >= after:
            self._pulled = True
            self._cable.close()
        return self._servant.advance()

    def waiting_for(self) -> Any:
        return [] if self._pulled else self._servant.waiting_for()

    def blocked(self) -> Any:
        return [] if self._pulled else self._servant.blocked()

    def attend(self, ready: Any) -> None:
        self._servant.attend(ready)


@contextmanager
def served_bench(chips: Hardware, model: str, line: int) -> Generator[ServedBench]:
    """The chips behind the wire protocol, and a unit on one of their lines."""
    ends, ending = socket.socketpair()
    with ExitStack() as stack:
        stack.enter_context(ends)
        stack.enter_context(ending)
        board = stack.enter_context(open_port("tcp://127.0.0.1:0"))
        cable = stack.enter_context(ExitStack())
        port = cable.enter_context(open_instrument_port("tcp://127.0.0.1:0"))
        found = ServedBench(f"socket://{board.resource.removeprefix('tcp://')}", port.visa, chips.world)
        terminals = LineTerminals(chips.world, line)
        unit = build_instrument(model, [terminals], time.monotonic, found.outputs.append)
        servants: list[Servant] = [
            BoardServant(board, Dispatcher(Device(chips, time.monotonic))),
            _Pluggable(InstrumentServant(port, Heard(unit, found.messages)), found, cable),
        ]
        server = threading.Thread(target=serve, args=(servants, ending))
        server.start()
        try:
            yield found
        finally:
            ends.send(b"x")
            server.join()
