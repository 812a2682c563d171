"""The trigger model's commands, and the sweep commands that fill it (section 6)."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from labrig.sim.instruments.analogue import Quantity
from labrig.sim.instruments.keithley2450 import blocks
from labrig.sim.instruments.keithley2450.source_commands import NAMES
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import Range, read_boolean, read_integer, read_string
from labrig.sim.instruments.scpi.settings import action
from labrig.sim.instruments.scpi.tree import Arguments, Running
from labrig.sim.instruments.unit import UNITS, A, V

if TYPE_CHECKING:
    from labrig.sim.instruments.keithley2450.instrument import Keithley2450

_NUMBER = Range(1, 255, 1)
_COUNT = Range(1, 1e6, 1)
_DELAY = Range(0, 10000, 0, "S")
_LISTS = {"VoltListSweepList": V, "CurrListSweepList": A, "VoltCustomSweepList": V, "CurrCustomSweepList": A}
"""Names of the lists that the sweep and list commands make (p. 6-75, from memory)."""


def add_trigger_commands(instrument: "Keithley2450") -> None:
    """Let the instrument know them."""
    _add_model(instrument)
    _add_flow(instrument)
    _add_deeds(instrument)
    for quantity in Quantity:
        _add_sweeps(instrument, quantity)


def _add_model(instrument: "Keithley2450") -> None:
    def initiate(_: Arguments) -> Running:
        yield from instrument.model.run()
        return None

    def load(arguments: Arguments) -> None:
        if read_string(arguments[0]).upper() != "EMPTY":
            raise ScpiError(-241)
        instrument.model.blocks = {}

    def simple_loop(arguments: Arguments) -> None:
        """So many measurements with a delay between them (p. 6-155, from memory)."""
        count = read_integer(arguments[0], _COUNT)
        wait = _DELAY.read(arguments[1]) if len(arguments) > 1 else 0.0
        buffer = instrument.buffer(arguments[2] if len(arguments) > 2 else None)
        model = instrument.model
        model.blocks = {}
        model.put(1, blocks.act(buffer.entries.clear))
        model.put(2, blocks.delay(wait))
        model.put(3, blocks.measure(partial(instrument.take, buffer)))
        model.put(4, blocks.branch_counter(4, count, 2))

    tree = instrument.tree
    tree.add(":INITiate[:IMMediate]", initiate)
    action(tree, ":ABORt", lambda: None)
    tree.add(":TRIGger:STATe?", lambda _: "IDLE;IDLE;0")
    tree.add(":TRIGger:LOAD", load, (1, 1))
    tree.add(":TRIGger:LOAD:LOOP:SIMPle", simple_loop, (1, 3))
    tree.add(":TRIGger:BLOCk:LIST?", lambda _: f"{len(instrument.model.blocks)} blocks")


def _add_flow(instrument: "Keithley2450") -> None:
    def counter(arguments: Arguments) -> None:
        at, count, to = (read_integer(text, _COUNT) for text in arguments)
        instrument.model.put(at, blocks.branch_counter(at, count, to))

    def always(arguments: Arguments) -> None:
        at, to = (read_integer(text, _NUMBER) for text in arguments)
        instrument.model.put(at, blocks.branch_always(to))

    def constant(arguments: Arguments) -> None:
        at = read_integer(arguments[0], _NUMBER)
        instrument.model.put(at, blocks.delay(_DELAY.read(arguments[1])))

    def nothing(arguments: Arguments) -> None:
        instrument.model.put(read_integer(arguments[0], _NUMBER), blocks.delay(0.0))

    tree = instrument.tree
    tree.add(":TRIGger:BLOCk:BRANch:COUNter", counter, (3, 3))
    tree.add(":TRIGger:BLOCk:BRANch:ALWays", always, (2, 2))
    tree.add(":TRIGger:BLOCk:DELay:CONStant", constant, (2, 2))
    tree.add(":TRIGger:BLOCk:NOP", nothing, (1, 1))


def _add_deeds(instrument: "Keithley2450") -> None:
    unit = instrument.unit

    def named(text: str) -> Quantity:
        name = read_string(text)
        if name not in _LISTS:
            raise ScpiError(-224)
        return _LISTS[name]

    def clear(arguments: Arguments) -> None:
        buffer = instrument.buffer(arguments[1] if len(arguments) == 2 else None)
        instrument.model.put(read_integer(arguments[0], _NUMBER), blocks.act(buffer.entries.clear))

    def recall(arguments: Arguments) -> None:
        source = named(arguments[1])
        index = read_integer(arguments[2], _COUNT) if len(arguments) == 3 else 1
        block = blocks.act(partial(instrument.recall, source, index))
        instrument.model.put(read_integer(arguments[0], _NUMBER), block)

    def following(arguments: Arguments) -> None:
        block = blocks.act(partial(instrument.recall_next, named(arguments[1])))
        instrument.model.put(read_integer(arguments[0], _NUMBER), block)

    def measure(arguments: Arguments) -> None:
        buffer = instrument.buffer(arguments[1] if len(arguments) > 1 else None)
        count = read_integer(arguments[2], _COUNT) if len(arguments) > 2 else 1
        block = blocks.measure(partial(instrument.take, buffer, count))
        instrument.model.put(read_integer(arguments[0], _NUMBER), block)

    def state(arguments: Arguments) -> None:
        on = read_boolean(arguments[1])
        block = blocks.act(lambda: unit.switch(on=on))
        instrument.model.put(read_integer(arguments[0], _NUMBER), block)

    tree = instrument.tree
    tree.add(":TRIGger:BLOCk:BUFFer:CLEar", clear, (1, 2))
    tree.add(":TRIGger:BLOCk:CONFig:RECall", recall, (2, 3))
    tree.add(":TRIGger:BLOCk:CONFig:NEXT", following, (2, 2))
    tree.add(":TRIGger:BLOCk:MEASure", measure, (1, 3))
    tree.add(":TRIGger:BLOCk:MDIGitize", measure, (1, 3))
    tree.add(":TRIGger:BLOCk:SOURce:STATe", state, (2, 2))


def _add_sweeps(instrument: "Keithley2450", quantity: Quantity) -> None:
    most = instrument.unit.model.most[quantity]
    levels = Range(-most, most, 0.0, UNITS[quantity])
    node = f":SOURce[1]:SWEep:{NAMES[quantity]}"

    def fill(values: list[float], wait: float) -> None:
        """A model that turns the output on, goes through the levels, and turns it off."""
        instrument.lists[quantity] = values
        instrument.place = 0
        unit, buffer, model = instrument.unit, instrument.buffer(None), instrument.model
        model.blocks = {}
        steps = (
            blocks.act(buffer.entries.clear),
            blocks.act(partial(instrument.recall, quantity, 1)),
            blocks.act(lambda: unit.switch(on=True)),
            blocks.branch_always(6),
            blocks.act(partial(instrument.recall_next, quantity)),
            blocks.delay(wait),
            blocks.measure(partial(instrument.take, buffer)),
            blocks.branch_counter(8, len(values), 5),
            blocks.act(lambda: unit.switch(on=False)),
        )
        for number, block in enumerate(steps, 1):
            model.put(number, block)

    def spaced(arguments: Arguments, *, logarithmic: bool) -> None:
        start, stop = (levels.read(text) for text in arguments[:2])
        points = read_integer(arguments[2], Range(2, 1e6, 2))
        wait = _wait(arguments[3]) if len(arguments) > 3 else 0.0
        if logarithmic and not start * stop > 0:
            raise ScpiError(-221)
        way = np.geomspace(start, stop, points) if logarithmic else np.linspace(start, stop, points)
        fill([float(level) for level in way], wait)

    def listed(arguments: Arguments) -> None:
        if not instrument.lists[quantity]:
            raise ScpiError(-221)
        fill(instrument.lists[quantity], _wait(arguments[1]) if len(arguments) > 1 else 0.0)

    tree = instrument.tree
    tree.add(f"{node}:LINear", partial(spaced, logarithmic=False), (3, 9))
    tree.add(f"{node}:LOG", partial(spaced, logarithmic=True), (3, 9))
    tree.add(f"{node}:LIST", listed, (0, 6))


def _wait(text: str) -> float:
    """A delay; -1 leaves it to the instrument."""
    value = Range(-1, 10000, 0, "S").read(text)
    return max(0.0, value)
