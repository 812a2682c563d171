"""The instrument: messages on one side, source and meter on the other."""

from labrig.sim.instruments.analogue import Meter, Terminals
from labrig.sim.instruments.base import Clock, Watch
from labrig.sim.instruments.keithley2400.machine import Machine
from labrig.sim.instruments.keithley2400.reading_commands import Readings, add_reading_commands
from labrig.sim.instruments.keithley2400.sense_commands import add_sense_commands
from labrig.sim.instruments.keithley2400.source_commands import add_source_commands
from labrig.sim.instruments.keithley2400.system_commands import add_system_commands
from labrig.sim.instruments.scpi.engine import ScpiInstrument


class Keithley2400(ScpiInstrument):
    """A series 2400 on a circuit."""

    identity = "KEITHLEY INSTRUMENTS INC.,MODEL 2400,1234567,C32   Oct  4 2010 14:20:11/A02  /K/J"

    def __init__(self, terminals: Terminals, clock: Clock, watch: Watch, meter: Meter) -> None:
        super().__init__(clock, errors=10)
        self._machine = Machine(terminals, watch, meter)
        self._readings = Readings(self._machine, clock, self.status.measurement)
        add_source_commands(self.tree, self._machine)
        add_sense_commands(self.tree, self._machine)
        add_reading_commands(self.tree, self._readings)
        add_system_commands(self.tree, self._machine, self._readings, self.reset)

    def reset(self) -> None:
        """``*RST``."""
        self._machine.reset()
        self._readings.reset()
