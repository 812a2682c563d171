"""A simulated instrument in its own time, asked line by line."""

from labrig.sim.instruments.analogue import Load
from labrig.sim.instruments.base import OutputState
from labrig.sim.instruments.building import CHANNELS, build_instrument


class Asked:
    """One with a resistor of 1 kohm at each channel."""

    def __init__(self, model: str, ohms: float = 1000.0) -> None:
        self.time = 0.0
        self.outputs: list[OutputState] = []
        loads = [Load(ohms)] * CHANNELS[model]
        self.unit = build_instrument(model, loads, lambda: self.time, self.outputs.append)

    def raw(self, *lines: str) -> bytes:
        """Send lines, let time pass until nothing goes on, and take what is answered."""
        for line in lines:
            self.unit.receive(line.encode() + b"\n")
        while (left := self.unit.advance()) is not None:
            self.time += left
        return self.unit.respond()

    def ask(self, *lines: str) -> str:
        """The same as text."""
        return self.raw(*lines).decode().strip()

    def numbers(self, *lines: str) -> list[float]:
        """The same as numbers."""
        return [float(field) for field in self.ask(*lines).split(",")]

    @property
    def error(self) -> int:
        """Number of the oldest error; 0 where there is none."""
        return int(self.ask("SYST:ERR?").partition(",")[0])

    @property
    def levels(self) -> list[float]:
        """Of the output, change by change, while it was on."""
        return [state.level for state in self.outputs if state.on]
