"""``:SOURce``, ``:OUTPut`` and ``:ROUTe`` of a 2450 (section 6)."""

from functools import partial
from typing import TYPE_CHECKING

from labrig.sim.instruments.analogue import Quantity
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import Range, read_choice, short
from labrig.sim.instruments.scpi.settings import boolean, choice, number
from labrig.sim.instruments.scpi.tree import Arguments
from labrig.sim.instruments.unit import UNITS, A, V

if TYPE_CHECKING:
    from labrig.sim.instruments.keithley2450.instrument import Keithley2450

NAMES = {V: "VOLTage", A: "CURRent"}
_LIMITS = {V: "ILIMit", A: "VLIMit"}
_OFF_MODES = ("NORMal", "HIMPedance", "ZERO", "GUARd")
_MOST_LISTED, _MOST_IN_ONE = 2500, 100


def add_source_commands(instrument: "Keithley2450") -> None:
    """Let the instrument know them."""
    unit, tree = instrument.unit, instrument.tree

    def function(arguments: Arguments) -> None:
        name = read_choice(arguments[0], tuple(NAMES.values()))
        chosen = next(quantity for quantity, known in NAMES.items() if known == name)
        if chosen is not unit.source:
            unit.switch(on=False)
            unit.choose(chosen)

    def terminals(name: str) -> None:
        if name != instrument.terminals:
            unit.switch(on=False)
        instrument.terminals = name

    tree.add(":SOURce[1]:FUNCtion[:MODE]", function, (1, 1))
    tree.add(":SOURce[1]:FUNCtion[:MODE]?", lambda _: short(NAMES[unit.source]))
    boolean(tree, ":OUTPut[1][:STATe]", lambda: unit.on, lambda on: unit.switch(on=on))
    choice(tree, ":ROUTe:TERMinals", ("FRONt", "REAR"), lambda: instrument.terminals, terminals)
    for quantity in Quantity:
        _add_levels(instrument, quantity)
        _add_limit(instrument, quantity)
        _add_list(instrument, quantity)
        _add_output(instrument, quantity)


def _add_levels(instrument: "Keithley2450", quantity: Quantity) -> None:
    unit, tree = instrument.unit, instrument.tree
    most = unit.model.most[quantity]
    levels = Range(-most, most, 0.0, UNITS[quantity])
    node = f":SOURce[1]:{NAMES[quantity]}"

    def automatic(on: bool) -> None:
        unit.settings[quantity].automatic = on
        unit.update()

    number(
        tree,
        f"{node}[:LEVel][:IMMediate][:AMPLitude]",
        lambda: levels,
        lambda: unit.settings[quantity].level,
        partial(unit.put_level, quantity),
    )
    span = partial(unit.put_range, quantity)
    number(tree, f"{node}:RANGe", lambda: levels, lambda: unit.settings[quantity].span, span)
    boolean(tree, f"{node}:RANGe:AUTO", lambda: unit.settings[quantity].automatic, automatic)


def _add_limit(instrument: "Keithley2450", quantity: Quantity) -> None:
    """The limit of a source is on the other quantity."""
    unit, tree, other = instrument.unit, instrument.tree, quantity.other
    most = unit.model.most[other]
    node = f":SOURce[1]:{NAMES[quantity]}:{_LIMITS[quantity]}"

    def put(value: float) -> None:
        unit.settings[other].limit = value
        unit.update()

    limits = Range(unit.model.nominal[other][0] / 10, most, unit.limits[other], UNITS[other])
    number(tree, f"{node}[:LEVel]", lambda: limits, lambda: unit.settings[other].limit, put)
    tree.add(f"{node}[:LEVel]:TRIPped?", lambda _: str(int(unit.in_compliance)))


def _add_list(instrument: "Keithley2450", quantity: Quantity) -> None:
    """A list of levels is a configuration list of the source's settings (p. 6-75 and p. 3-33)."""
    most = instrument.unit.model.most[quantity]
    levels = Range(-most, most, 0.0, UNITS[quantity])
    node = f":SOURce[1]:LIST:{NAMES[quantity]}"

    def put(arguments: Arguments, *, after: bool) -> None:
        before = instrument.lists[quantity] if after else []
        values = [levels.read(text) for text in arguments]
        if len(before) + len(values) > _MOST_LISTED:
            raise ScpiError(-223)
        instrument.lists[quantity] = [*before, *values]
        instrument.place = 0

    tree = instrument.tree
    tree.add(node, partial(put, after=False), (1, _MOST_IN_ONE))
    tree.add(f"{node}:APPend", partial(put, after=True), (1, _MOST_IN_ONE))
    tree.add(f"{node}?", lambda _: ",".join(f"{level:.6E}" for level in instrument.lists[quantity]))
    tree.add(f"{node}:POINts?", lambda _: str(len(instrument.lists[quantity])))


def _add_output(instrument: "Keithley2450", quantity: Quantity) -> None:
    unit, tree = instrument.unit, instrument.tree
    node = f":SOURce[1]:{NAMES[quantity]}"

    def off_mode(name: str) -> None:
        instrument.off_modes[quantity] = name

    def delay(value: float) -> None:
        unit.delay, instrument.delays_by_itself = value, False

    modes = f":OUTPut[1]:{NAMES[quantity]}:SMODe"
    choice(tree, modes, _OFF_MODES, lambda: instrument.off_modes[quantity], off_mode)
    number(tree, f"{node}:DELay", lambda: Range(0, 10000, 0, "S"), lambda: unit.delay, delay)
    boolean(
        tree,
        f"{node}:DELay:AUTO",
        lambda: instrument.delays_by_itself,
        partial(setattr, instrument, "delays_by_itself"),
    )
    boolean(
        tree, f"{node}:READ:BACK", lambda: instrument.reads_back, partial(setattr, instrument, "reads_back")
    )
