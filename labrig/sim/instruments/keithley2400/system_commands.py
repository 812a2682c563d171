"""``:SYSTem``, ``:ROUTe`` and ``:DISPlay`` of a Keithley 2400 (section 18)."""

from collections.abc import Callable
from functools import partial

from labrig.sim.instruments.keithley2400.machine import Machine
from labrig.sim.instruments.keithley2400.reading_commands import Readings
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import Range, read_choice, read_number, read_string
from labrig.sim.instruments.scpi.settings import action, boolean, choice, integer, number
from labrig.sim.instruments.scpi.tree import Arguments, CommandTree

_LINES = (20, 32)
"""Characters of the two lines of the display."""


def add_system_commands(
    tree: CommandTree, machine: Machine, readings: Readings, reset: Callable[[], None]
) -> None:
    """Let the instrument know them."""
    _add_measuring(tree, machine)
    _add_clock(tree, readings)
    _add_panel(tree, machine, reset)


def _put(machine: Machine, name: str, value: object) -> None:
    setattr(machine.state, name, value)


def _add_measuring(tree: CommandTree, machine: Machine) -> None:
    def four_wire(on: bool) -> None:
        machine.state.four_wire = on
        machine.update()

    def autozero(arguments: Arguments) -> None:
        text = arguments[0].upper()
        if text != "ONCE":
            machine.state.autozero = "ON" if text == "ON" or (text != "OFF" and read_number(text)) else "OFF"

    def terminals(name: str) -> None:
        """Another pair is switched to with the output off (p. 18-21, from memory)."""
        if name != machine.state.terminals:
            machine.switch(on=False)
        machine.state.terminals = name

    def frequency(value: float) -> None:
        if value not in (50.0, 60.0):
            raise ScpiError(-224)
        machine.state.line_frequency, machine.state.line_automatic = value, False

    boolean(tree, ":SYSTem:RSENse", lambda: machine.state.four_wire, four_wire)
    tree.add(":SYSTem:AZERo[:STATe]", autozero, (1, 1))
    tree.add(":SYSTem:AZERo[:STATe]?", lambda _: str(int(machine.state.autozero == "ON")))
    choice(tree, ":ROUTe:TERMinals", ("FRONt", "REAR"), lambda: machine.state.terminals, terminals)
    choice(
        tree, ":SYSTem:GUARd", ("OHMS", "CABLe"), lambda: machine.state.guard, partial(_put, machine, "guard")
    )
    number(
        tree,
        ":SYSTem:LFRequency",
        lambda: Range(50, 60, 60),
        lambda: machine.state.line_frequency,
        frequency,
        lambda value: f"{value:.0f}",
    )
    boolean(
        tree,
        ":SYSTem:LFRequency:AUTO",
        lambda: machine.state.line_automatic,
        partial(_put, machine, "line_automatic"),
    )


def _add_clock(tree: CommandTree, readings: Readings) -> None:
    def begin_again() -> None:
        readings.started = readings.clock()

    tree.add(":SYSTem:TIME?", lambda _: f"{readings.clock() - readings.started:+.6E}")
    action(tree, ":SYSTem:TIME:RESet", begin_again)
    boolean(tree, ":SYSTem:TIME:RESet:AUTO", lambda: False, lambda on: begin_again() if on else None)


def _add_panel(tree: CommandTree, machine: Machine, reset: Callable[[], None]) -> None:
    texts = {1: "", 2: ""}
    shown = {1: False, 2: False}

    def text(window: int, arguments: Arguments) -> None:
        found = read_string(arguments[0])
        if len(found) > _LINES[window - 1]:
            raise ScpiError(-223)
        texts[window] = found

    def told(window: int, _: Arguments) -> str:
        return f'"{texts[window]}"'

    def beep(arguments: Arguments) -> None:
        Range(65, 2e6, 440, "HZ").read(arguments[0])
        Range(0, 7.9, 1, "S").read(arguments[1])

    def show(window: int, on: bool) -> None:
        shown[window] = on

    boolean(tree, ":DISPlay:ENABle", lambda: machine.state.display, partial(_put, machine, "display"))
    action(tree, ":DISPlay:CNDisplay", lambda: None)
    for window, suffix in ((1, "[:WINDow[1]]"), (2, ":WINDow2")):
        stem = f":DISPlay{suffix}"
        tree.add(f"{stem}:TEXT[:DATA]", partial(text, window), (1, 1))
        tree.add(f"{stem}:TEXT[:DATA]?", partial(told, window))
        boolean(
            tree,
            f"{stem}:TEXT:STATe",
            partial(shown.__getitem__, window),
            partial(show, window),
        )
    integer(
        tree,
        ":DISPlay:DIGits",
        Range(4, 7, 6),
        lambda: machine.state.digits,
        partial(_put, machine, "digits"),
    )
    boolean(tree, ":SYSTem:BEEPer:STATe", lambda: machine.state.beeper, partial(_put, machine, "beeper"))
    tree.add(":SYSTem:BEEPer[:IMMediate]", beep, (2, 2))
    for name in ("LOCal", "REMote", "RWLock"):
        action(tree, f":SYSTem:{name}", lambda: None)
    action(tree, ":SYSTem:PRESet", reset)
    tree.add(":SYSTem:KEY", lambda _: None, (1, 1))
    tree.add(":SYSTem:MEP[:STATe]?", lambda _: "0")
    tree.add(":SYSTem:RCMode", lambda arguments: _checked(arguments, ("SINGle", "MULTiple")), (1, 1))
    for register in ("OPERation", "QUEStionable", "MEASurement"):
        action(tree, f":STATus:{register}:RESet", lambda: None)


def _checked(arguments: Arguments, names: tuple[str, ...]) -> None:
    read_choice(arguments[0], names)
