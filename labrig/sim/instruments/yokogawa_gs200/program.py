"""The program memory: levels that are gone through with slopes and intervals (chapter 7 and p. 13-14)."""

from collections.abc import Callable
from functools import partial

from labrig.arrays import Seconds
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import Range
from labrig.sim.instruments.scpi.settings import action, boolean, choice, number
from labrig.sim.instruments.scpi.status import Register
from labrig.sim.instruments.scpi.tree import CommandTree, Running
from labrig.sim.instruments.unit import Unit

_STEP: Seconds = 0.01
"""Of a slope."""
_MOST = 10000
_END_OF_PROGRAM = 1 << 7
"""EOP of the extended event register (p. 13-29, from memory)."""
_TRIGGERS = ("NORMal", "MEND")


class Program:
    """Levels, recorded between the start and the end of editing."""

    def __init__(self, unit: Unit, events: Register) -> None:
        self._unit = unit
        self._events = events
        self.levels: list[float] = []
        self.editing = False
        self.interval: Seconds = 1.0
        self.slope: Seconds = 0.0
        self.repeats = False
        self.trigger = "NORMal"

    def reset(self) -> None:
        """``*RST``."""
        self.levels, self.editing = [], False
        self.interval, self.slope, self.repeats = 1.0, 0.0, False

    def begin(self) -> None:
        """From here on, levels are recorded as well."""
        self.levels, self.editing = [], True

    def end(self) -> None:
        """The level that stands is recorded too where it is another one."""
        if not self.editing:
            raise ScpiError(-221)
        self.editing = False

    def record(self) -> None:
        """While the program is edited, a level that was set is recorded."""
        if self.editing:
            if len(self.levels) >= _MOST:
                raise ScpiError(-223)
            self.levels.append(self._unit.settings[self._unit.source].level)

    def run(self) -> Running:
        """Go through all levels, each along its slope and then for what is left of its interval."""
        if self.editing or not self.levels:
            raise ScpiError(-221)
        unit = self._unit
        while True:
            for level in self.levels:
                start = unit.settings[unit.source].level
                steps = max(1, round(self.slope / _STEP))
                for k in range(1, steps + 1):
                    yield self.slope / steps
                    unit.put_level(unit.source, start + (level - start) * k / steps)
                yield max(0.0, self.interval - self.slope)
            if not self.repeats:
                self._events.event |= _END_OF_PROGRAM
                return None


def add_program_commands(tree: CommandTree, program: Program) -> None:
    """Let the instrument know them."""
    action(tree, ":PROGram:EDIT:STARt", program.begin)
    action(tree, ":PROGram:EDIT:END", program.end)
    tree.add(":PROGram:RUN", lambda _: program.run())
    tree.add(":PROGram:COUNt?", lambda _: str(len(program.levels)))
    boolean(tree, ":PROGram:REPeat", lambda: program.repeats, partial(setattr, program, "repeats"))
    choice(tree, ":PROGram:TRIGger", _TRIGGERS, lambda: program.trigger, partial(setattr, program, "trigger"))
    for name, key, least in (("INTerval", "interval", 0.1), ("SLOPe", "slope", 0.0)):
        _seconds(
            tree, f":PROGram:{name}", partial(getattr, program, key), partial(setattr, program, key), least
        )


def _seconds(
    tree: CommandTree, pattern: str, get: Callable[[], float], put: Callable[[float], None], least: float
) -> None:
    number(tree, pattern, lambda: Range(least, 3600, least, "S"), get, put)
