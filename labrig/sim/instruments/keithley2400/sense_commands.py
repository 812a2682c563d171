"""``:SENSe`` of a Keithley 2400 (section 18, SENSe1 subsystem)."""

import re
from collections.abc import Sequence
from functools import partial

from labrig.sim.instruments.analogue import Quantity
from labrig.sim.instruments.keithley2400.machine import Machine
from labrig.sim.instruments.keithley2400.ranges import (
    BEYOND_COMPLIANCE,
    MOST,
    check_compliance,
    check_limit,
    range_for,
)
from labrig.sim.instruments.keithley2400.source_commands import NAMES
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import Range, matches, read_string
from labrig.sim.instruments.scpi.settings import action, boolean, choice, integer, number
from labrig.sim.instruments.scpi.tree import Arguments, CommandTree

_FUNCTIONS = {"VOLT": "VOLTage", "CURR": "CURRent", "RES": "RESistance"}
_ANSWERED = {"VOLT": "VOLT:DC", "CURR": "CURR:DC", "RES": "RES"}
_CYCLES = Range(0.01, 10.0, 1.0)


def add_sense_commands(tree: CommandTree, machine: Machine) -> None:
    """Let the instrument know them."""
    _add_functions(tree, machine)
    for quantity in Quantity:
        _add_quantity(tree, machine, quantity)
    for name in _FUNCTIONS.values():
        number(
            tree,
            f"[:SENSe[1]]:{name}[:DC]:NPLCycles",
            lambda: _CYCLES,
            lambda: machine.state.nplc,
            partial(_put, machine, "nplc"),
        )
    _add_averaging(tree, machine)


def _put(machine: Machine, name: str, value: object) -> None:
    setattr(machine.state, name, value)


def _add_functions(tree: CommandTree, machine: Machine) -> None:
    stem = "[:SENSe[1]]:FUNCtion"

    def on(arguments: Arguments) -> None:
        chosen = _named(arguments)
        machine.state.measured = {*machine.state.measured, *chosen} if machine.state.concurrent else chosen

    def off(arguments: Arguments) -> None:
        machine.state.measured -= _named(arguments)

    def every(names: Sequence[str]) -> None:
        machine.state.measured = set(names)

    def told(names: set[str]) -> str:
        return ",".join(f'"{_ANSWERED[name]}"' for name in _FUNCTIONS if name in names)

    tree.add(f"{stem}[:ON]", on, (1, 3))
    tree.add(f"{stem}:OFF", off, (1, 3))
    tree.add(f"{stem}[:ON]?", lambda _: told(machine.state.measured))
    tree.add(f"{stem}:OFF?", lambda _: told(set(_FUNCTIONS) - machine.state.measured))
    tree.add(f"{stem}[:ON]:COUNt?", lambda _: str(len(machine.state.measured)))
    action(tree, f"{stem}[:ON]:ALL", lambda: every(tuple(_FUNCTIONS)))
    action(tree, f"{stem}:OFF:ALL", lambda: every(()))
    boolean(tree, f"{stem}:CONCurrent", lambda: machine.state.concurrent, partial(_concurrent, machine))


def _concurrent(machine: Machine, on: bool) -> None:
    """One function at a time: the current stays, where there were several (p. 18-59, from memory)."""
    machine.state.concurrent = on
    if not on and len(machine.state.measured) > 1:
        machine.state.measured = {"CURR"}


def _named(arguments: Arguments) -> set[str]:
    """Functions out of strings such as ``"VOLTage:DC"``; several may stand in one string."""
    found: set[str] = set()
    for text in arguments:
        for part in read_string(text).split(","):
            name = re.sub(r":DC$", "", part.strip().strip("'\""), flags=re.IGNORECASE)
            known = next((key for key, full in _FUNCTIONS.items() if matches(name, full)), None)
            if known is None:
                raise ScpiError(-224)
            found.add(known)
    return found


def _add_quantity(tree: CommandTree, machine: Machine, quantity: Quantity) -> None:
    stem = f"[:SENSe[1]]:{NAMES[quantity]}[:DC]"
    most = MOST[quantity]
    values = Range(-most, most, most, "V" if quantity is Quantity.VOLTAGE else "A")

    def put_range(value: float) -> None:
        sense = machine.state.sense[quantity]
        span = range_for(quantity, value)
        if quantity is not machine.state.function and span > range_for(quantity, sense.limit):
            raise BEYOND_COMPLIANCE
        sense.range, sense.automatic = span, False
        machine.update()

    def put_automatic(on: bool) -> None:
        machine.state.sense[quantity].automatic = on
        machine.update()

    def put_limit(value: float) -> None:
        sense, source = machine.state.sense[quantity], machine.state.source[quantity.other]
        check_compliance(abs(value), None if sense.automatic else sense.range, quantity)
        if machine.state.function is quantity.other:
            check_limit(quantity.other, source.range, abs(value))
        sense.limit = abs(value)
        machine.update()

    def get_range() -> float:
        state = machine.state
        return state.source[quantity].range if quantity is state.function else state.sense[quantity].range

    number(tree, f"{stem}:RANGe[:UPPer]", lambda: values, get_range, put_range)
    boolean(tree, f"{stem}:RANGe:AUTO", lambda: machine.state.sense[quantity].automatic, put_automatic)
    limit = f"{stem}:PROTection"
    number(tree, f"{limit}[:LEVel]", lambda: values, lambda: machine.state.sense[quantity].limit, put_limit)
    tree.add(f"{limit}:TRIPped?", lambda _: str(int(machine.in_compliance())))


def _add_averaging(tree: CommandTree, machine: Machine) -> None:
    stem = "[:SENSe[1]]:AVERage"
    boolean(tree, f"{stem}[:STATe]", lambda: machine.state.averaging, partial(_put, machine, "averaging"))
    counts = Range(1, 100, 10)
    integer(tree, f"{stem}:COUNt", counts, lambda: machine.state.averages, partial(_put, machine, "averages"))
    kinds = ("REPeat", "MOVing")
    choice(tree, f"{stem}:TCONtrol", kinds, lambda: machine.state.filter, partial(_put, machine, "filter"))
