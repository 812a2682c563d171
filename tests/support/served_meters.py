"""Simulated source-measure units behind real ports, in a thread of the test."""

import socket
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from labrig.config.instruments import AnySourceMeter
from labrig.sim.instruments.analogue import Load, Terminals
from labrig.sim.instruments.base import Instrument, OutputState
from labrig.sim.instruments.building import build_instrument
from labrig.sim.instruments.serving import InstrumentServant
from labrig.sim.ports.loop import serve
from labrig.sim.ports.opening import open_instrument_port

TRANSPORTS = ("tcp", "pty", "hislip")


@dataclass
class ServedMeter:
    """A simulated unit, where it is, and what it did."""

    model: str
    visa: str
    instrument: Instrument
    outputs: list[OutputState] = field(default_factory=list[OutputState])
    messages: list[str] = field(default_factory=list[str])

    @property
    def on(self) -> bool:
        """Of any channel, as the terminals have it."""
        states = {state.channel: state.on for state in self.outputs}
        return any(states.values())

    def config(self, **keys: Any) -> AnySourceMeter:
        """The part of a rig that names it."""
        link = {"kind": "visa", "resource": self.visa}
        found: AnySourceMeter = TypeAdapter(AnySourceMeter).validate_python(
            {"kind": self.model, "link": link, **keys}
        )
        return found


class Heard:
    """Passes messages on, and remembers them."""

    def __init__(self, instrument: Instrument, messages: list[str]) -> None:
        self._instrument = instrument
        self._messages = messages
        self._line = bytearray()

    @property
    def identity(self) -> str:
        return self._instrument.identity

    def receive(self, data: bytes, *, end: bool = False) -> None:
        self._line += data + b"\n" * end
        *lines, rest = bytes(self._line).split(b"\n")
        self._line = bytearray(rest)
        self._messages += [line.decode() for line in lines if line]
        self._instrument.receive(data, end=end)

    def advance(self) -> float | None:
        return self._instrument.advance()

    def respond(self) -> bytes:
        return self._instrument.respond()

    def clear(self) -> None:
        self._instrument.clear()

    def status_byte(self) -> int:
        return self._instrument.status_byte()


@contextmanager
def served_meter(
    model: str, transport: str, folder: Path, terminals: Terminals | None = None
) -> Generator[ServedMeter]:
    """One unit with a resistor of 1 kohm, or something else, at its first channel."""
    where = f"pty:{folder / 'smu'}" if transport == "pty" else f"{transport}://127.0.0.1:0"
    ends, ending = socket.socketpair()
    with ExitStack() as stack:
        stack.enter_context(ends)
        stack.enter_context(ending)
        port = stack.enter_context(open_instrument_port(where))
        outputs: list[OutputState] = []

        load = Load(1000.0) if terminals is None else terminals
        instrument = build_instrument(model, [load], time.monotonic, outputs.append)
        found = ServedMeter(model, port.visa, instrument, outputs)
        servant = InstrumentServant(port, Heard(instrument, found.messages))
        server = threading.Thread(target=serve, args=([servant], ending))
        server.start()
        try:
            yield found
        finally:
            ends.send(b"x")
            server.join()
