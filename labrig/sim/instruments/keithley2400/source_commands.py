"""``:SOURce`` and ``:OUTPut`` of a Keithley 2400 (section 18, SOURce and OUTPut subsystems)."""

from functools import partial

from labrig.sim.instruments.analogue import Quantity
from labrig.sim.instruments.keithley2400.machine import Machine
from labrig.sim.instruments.keithley2400.ranges import MOST, check_limit, range_for
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import Range, read_choice, short
from labrig.sim.instruments.scpi.settings import action, boolean, choice, integer, number
from labrig.sim.instruments.scpi.tree import Arguments, CommandTree

UNITS = {Quantity.VOLTAGE: "V", Quantity.CURRENT: "A"}
NAMES = {Quantity.VOLTAGE: "VOLTage", Quantity.CURRENT: "CURRent"}
_MODES = ("FIXed", "SWEep", "LIST")
_MOST_LISTED, _MOST_IN_ONE = 2500, 100


def add_source_commands(tree: CommandTree, machine: Machine) -> None:
    """Let the instrument know them."""
    _add_function(tree, machine)
    for quantity in Quantity:
        _add_levels(tree, machine, quantity)
        _add_lists(tree, machine, quantity)
    _add_sweep(tree, machine)
    _add_timing(tree, machine)
    _add_output(tree, machine)


def _add_function(tree: CommandTree, machine: Machine) -> None:
    def put(arguments: Arguments) -> None:
        name = read_choice(arguments[0], tuple(NAMES.values()))
        chosen = next(quantity for quantity, known in NAMES.items() if known == name)
        if chosen is not machine.state.function:
            machine.switch(on=False)
            machine.state.function, machine.swept = chosen, None
        machine.update()

    tree.add("[:SOURce[1]]:FUNCtion[:MODE]", put, (1, 1))
    tree.add("[:SOURce[1]]:FUNCtion[:MODE]?", lambda _: short(NAMES[machine.state.function]))


def _add_levels(tree: CommandTree, machine: Machine, quantity: Quantity) -> None:
    stem = f"[:SOURce[1]]:{NAMES[quantity]}"
    most = MOST[quantity]

    def put_level(value: float) -> None:
        source = machine.state.source[quantity]
        if not source.automatic and abs(value) > source.range * 1.05 * (1 + 1e-9):
            raise ScpiError(-222)
        span = range_for(quantity, value) if source.automatic else source.range
        if machine.state.function is quantity:
            check_limit(quantity, span, machine.state.sense[quantity.other].limit)
        source.level = value
        if machine.state.function is quantity and source.mode == "FIXed":
            machine.update()

    def put_range(value: float) -> None:
        source = machine.state.source[quantity]
        span = range_for(quantity, value)
        check_limit(quantity, span, machine.state.sense[quantity.other].limit)
        source.automatic, source.range = False, span
        source.level = max(-span * 1.05, min(span * 1.05, source.level))
        machine.update()

    def put_automatic(on: bool) -> None:
        machine.state.source[quantity].automatic = on
        machine.update()

    def put_mode(name: str) -> None:
        machine.state.source[quantity].mode = name
        if name == "FIXed":
            machine.swept = None
            machine.update()

    levels = Range(-most, most, 0.0, UNITS[quantity])
    tail = "[:LEVel][:IMMediate][:AMPLitude]"
    number(tree, stem + tail, lambda: levels, lambda: machine.state.source[quantity].level, put_level)
    number(
        tree,
        f"{stem}[:LEVel]:TRIGgered[:AMPLitude]",
        lambda: levels,
        lambda: machine.state.source[quantity].level,
        put_level,
    )
    number(tree, f"{stem}:RANGe", lambda: levels, lambda: machine.state.source[quantity].range, put_range)
    boolean(tree, f"{stem}:RANGe:AUTO", lambda: machine.state.source[quantity].automatic, put_automatic)
    choice(tree, f"{stem}:MODE", _MODES, lambda: machine.state.source[quantity].mode, put_mode)
    _add_ends(tree, machine, quantity, levels)


def _add_ends(tree: CommandTree, machine: Machine, quantity: Quantity, levels: Range) -> None:
    stem = f"[:SOURce[1]]:{NAMES[quantity]}"
    for which, name in (("start", "STARt"), ("stop", "STOP")):
        get, put = partial(_end, machine, quantity, which), partial(_put_end, machine, quantity, which)
        number(tree, f"{stem}:{name}", lambda: levels, get, put)
    number(
        tree,
        f"{stem}:STEP",
        lambda: Range(2 * levels.low, 2 * levels.high, 0.0, levels.unit),
        lambda: _step(machine, quantity),
        lambda value: _put_step(machine, quantity, value),
    )


def _end(machine: Machine, quantity: Quantity, which: str) -> float:
    value: float = getattr(machine.state.source[quantity], which)
    return value


def _put_end(machine: Machine, quantity: Quantity, which: str, value: float) -> None:
    setattr(machine.state.source[quantity], which, value)


def _step(machine: Machine, quantity: Quantity) -> float:
    source = machine.state.source[quantity]
    return (source.stop - source.start) / max(1, machine.state.points - 1)


def _put_step(machine: Machine, quantity: Quantity, step: float) -> None:
    """A step decides how many points there are (p. 18-77, from memory)."""
    source = machine.state.source[quantity]
    way = source.stop - source.start
    if step == 0 or way * step < 0:
        raise ScpiError(-221)
    machine.state.points = min(_MOST_LISTED, int(way / step + 1e-9) + 1)


def _add_lists(tree: CommandTree, machine: Machine, quantity: Quantity) -> None:
    stem = f"[:SOURce[1]]:LIST:{NAMES[quantity]}"
    levels = Range(-MOST[quantity], MOST[quantity], 0.0, UNITS[quantity])

    def put(arguments: Arguments, *, after: bool) -> None:
        source = machine.state.source[quantity]
        before = source.levels if after else []
        values = [levels.read(text) for text in arguments]
        if len(before) + len(values) > _MOST_LISTED:
            raise ScpiError(-223)
        source.levels = [*before, *values]

    tree.add(stem, partial(put, after=False), (1, _MOST_IN_ONE))
    tree.add(f"{stem}:APPend", partial(put, after=True), (1, _MOST_IN_ONE))
    tree.add(
        f"{stem}?", lambda _: ",".join(f"{level:+.6E}" for level in machine.state.source[quantity].levels)
    )
    tree.add(f"{stem}:POINts?", lambda _: str(len(machine.state.source[quantity].levels)))


def _add_sweep(tree: CommandTree, machine: Machine) -> None:
    stem = "[:SOURce[1]]:SWEep"

    def put(name: str, value: object) -> None:
        setattr(machine.state, name, value)

    integer(
        tree, f"{stem}:POINts", Range(1, 2500, 2500), lambda: machine.state.points, partial(put, "points")
    )
    choice(
        tree,
        f"{stem}:SPACing",
        ("LINear", "LOGarithmic"),
        lambda: machine.state.spacing,
        partial(put, "spacing"),
    )
    choice(
        tree,
        f"{stem}:RANGing",
        ("BEST", "AUTO", "FIXed"),
        lambda: machine.state.ranging,
        partial(put, "ranging"),
    )
    choice(
        tree, f"{stem}:DIRection", ("UP", "DOWn"), lambda: machine.state.direction, partial(put, "direction")
    )


def _add_timing(tree: CommandTree, machine: Machine) -> None:
    def put_delay(value: float) -> None:
        machine.state.delay, machine.state.delay_automatic = value, False

    def put_automatic(on: bool) -> None:
        machine.state.delay_automatic = on

    def put_clear(on: bool) -> None:
        machine.state.turns_off = on

    stem = "[:SOURce[1]]:DELay"
    number(tree, stem, lambda: Range(0, 9999.999, 0, "S"), lambda: machine.state.delay, put_delay)
    boolean(tree, f"{stem}:AUTO", lambda: machine.state.delay_automatic, put_automatic)
    boolean(tree, "[:SOURce[1]]:CLEar:AUTO", lambda: machine.state.turns_off, put_clear)
    action(tree, "[:SOURce[1]]:CLEar[:IMMediate]", lambda: machine.switch(on=False))


def _add_output(tree: CommandTree, machine: Machine) -> None:
    def put_mode(name: str) -> None:
        machine.state.off_mode = name

    boolean(tree, ":OUTPut[1][:STATe]", lambda: machine.state.on, lambda on: machine.switch(on=on))
    choice(
        tree,
        ":OUTPut[1]:SMODe",
        ("HIMPedance", "NORMal", "ZERO", "GUARd"),
        lambda: machine.state.off_mode,
        put_mode,
    )
