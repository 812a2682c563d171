"""The instrument: messages on one side, source and meter on the other."""

from labrig.sim.instruments.analogue import Quantity
from labrig.sim.instruments.base import Clock
from labrig.sim.instruments.keithley2450.blocks import Going, Model
from labrig.sim.instruments.keithley2450.buffer_commands import add_buffer_commands
from labrig.sim.instruments.keithley2450.buffers import LIMIT_HELD, OUTPUT_ON, Buffer, Entry, new_buffers
from labrig.sim.instruments.keithley2450.sense_commands import add_sense_commands
from labrig.sim.instruments.keithley2450.source_commands import add_source_commands
from labrig.sim.instruments.keithley2450.trigger_commands import add_trigger_commands
from labrig.sim.instruments.scpi.engine import ScpiInstrument
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import INFINITY, read_string
from labrig.sim.instruments.unit import UNITS, A, Unit, V


class Keithley2450(ScpiInstrument):
    """A 2450 on a circuit."""

    identity = "KEITHLEY INSTRUMENTS,MODEL 2450,04123456,1.7.12b"

    def __init__(self, unit: Unit, clock: Clock) -> None:
        super().__init__(clock, errors=1000)
        self.unit = unit
        self.started = clock()
        self.measured = "CURR"
        self.reads_back = True
        self.autozero = True
        self.count = 1
        self.off_modes = {V: "NORMal", A: "NORMal"}
        self.terminals = "FRONt"
        self.delays_by_itself = True
        self.lists: dict[Quantity, list[float]] = {V: [], A: []}
        self.place = 0
        """In the list that the trigger model recalls from."""
        self.buffers = new_buffers()
        self.layout, self.swapped = "ASCii", True
        self.model = Model()
        add_source_commands(self)
        add_sense_commands(self)
        add_buffer_commands(self)
        add_trigger_commands(self)

    def reset(self) -> None:
        """``*RST``."""
        self.unit.reset()
        self.measured, self.reads_back, self.autozero, self.count = "CURR", True, True, 1
        self.off_modes = {V: "NORMal", A: "NORMal"}
        self.delays_by_itself = True
        self.lists, self.place = {V: [], A: []}, 0
        self.buffers = new_buffers()
        self.layout, self.swapped = "ASCii", True
        self.model = Model()

    def buffer(self, text: str | None) -> Buffer:
        """A buffer by its name in quotes; the default one without.

        Raises
        ------
        ScpiError
            There is none of that name.
        """
        name = "defbuffer1" if text is None else read_string(text)
        if name not in self.buffers:
            raise ScpiError(4916, f"Cannot find buffer {name}")
        return self.buffers[name]

    def take(self, buffer: Buffer, count: int = 1) -> Going:
        """Measure so often into a buffer."""
        unit = self.unit
        for _ in range(count):
            cycles = 3 if self.autozero else 1
            yield unit.model.overhead + unit.delay + cycles * unit.nplc / unit.line_frequency
            buffer.add(self._entry())

    def _entry(self) -> Entry:
        unit = self.unit
        sample = unit.sample()
        status = LIMIT_HELD * (sample.limited or sample.beyond) | OUTPUT_ON * unit.on
        readings: dict[str, tuple[float, str]] = {
            "VOLT": (sample.volts, "V"),
            "CURR": (sample.amperes, "A"),
            "RES": (sample.volts / sample.amperes if sample.amperes else INFINITY, "Ohm"),
        }
        reading, name = readings[self.measured]
        source = sample.of(unit.source) if self.reads_back else sample.level
        return Entry(reading, name, source, UNITS[unit.source], status, self.now - self.started)

    def recall(self, source: Quantity, index: int) -> None:
        """Settings of a list at an index, from 1.

        Raises
        ------
        ScpiError
            The list has no such index.
        """
        levels = self.lists[source]
        if not 1 <= index <= len(levels):
            raise ScpiError(-222)
        self.place = index
        self.unit.put_level(source, levels[index - 1])

    def recall_next(self, source: Quantity) -> None:
        """The next index; after the last one the first."""
        self.recall(source, self.place % len(self.lists[source]) + 1 if self.lists[source] else 1)
