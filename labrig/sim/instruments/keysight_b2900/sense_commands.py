"""``:SENSe`` of one channel (chapter 4)."""

import re
from functools import partial

from labrig.sim.instruments.analogue import Quantity
from labrig.sim.instruments.keysight_b2900.channel import Channel
from labrig.sim.instruments.keysight_b2900.source_commands import NAMES, stem_of
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import Range, matches, read_string
from labrig.sim.instruments.scpi.settings import action, boolean, number
from labrig.sim.instruments.scpi.tree import Arguments, CommandTree
from labrig.sim.instruments.unit import UNITS

_FUNCTIONS = {"VOLT": "VOLTage", "CURR": "CURRent", "RES": "RESistance"}
_CYCLES = Range(4e-4, 100.0, 1.0)


def add_sense_commands(tree: CommandTree, channel: Channel) -> None:
    """Let the instrument know them."""
    root = stem_of("SENSe", channel.unit.channel)
    stem = f"[:{root}]" if channel.unit.channel == 1 else f":{root}"
    _add_functions(tree, channel, stem)
    for name in _FUNCTIONS.values():
        _add_integration(tree, channel, f"{stem}:{name}[:DC]")
    for quantity in Quantity:
        _add_quantity(tree, channel, quantity, f"{stem}:{NAMES[quantity]}[:DC]")
    unit = channel.unit
    boolean(tree, f"{stem}:REMote", lambda: unit.four_wire, partial(setattr, unit, "four_wire"))


def _add_functions(tree: CommandTree, channel: Channel, stem: str) -> None:
    def on(arguments: Arguments) -> None:
        channel.measured = channel.measured | _named(arguments)

    def off(arguments: Arguments) -> None:
        channel.measured = channel.measured - _named(arguments)

    def put_all(names: set[str]) -> None:
        channel.measured = names

    node = f"{stem}:FUNCtion"
    tree.add(f"{node}[:ON]", on, (1, 3))
    tree.add(f"{node}:OFF", off, (1, 3))
    action(tree, f"{node}[:ON]:ALL", lambda: put_all(set(_FUNCTIONS)))
    action(tree, f"{node}:OFF:ALL", lambda: put_all(set()))
    tree.add(
        f"{node}[:ON]?",
        lambda _: ",".join(f'"{name}"' for name in _FUNCTIONS if name in channel.measured) or '""',
    )
    tree.add(f"{node}[:ON]:COUNt?", lambda _: str(len(channel.measured)))


def _named(arguments: Arguments) -> set[str]:
    found: set[str] = set()
    for text in arguments:
        for part in read_string(text).split(","):
            name = re.sub(r":DC$", "", part.strip().strip("'\""), flags=re.IGNORECASE)
            known = next((key for key, full in _FUNCTIONS.items() if matches(name, full)), None)
            if known is None:
                raise ScpiError(-224)
            found.add(known)
    return found


def _add_integration(tree: CommandTree, channel: Channel, node: str) -> None:
    unit = channel.unit

    def aperture(seconds: float) -> None:
        unit.nplc = seconds * unit.line_frequency

    number(tree, f"{node}:NPLCycles", lambda: _CYCLES, lambda: unit.nplc, partial(setattr, unit, "nplc"))
    number(
        tree,
        f"{node}:APERture",
        lambda: Range(8e-6, 2.0, 0.02, "S"),
        lambda: unit.nplc / unit.line_frequency,
        aperture,
    )


def _add_quantity(tree: CommandTree, channel: Channel, quantity: Quantity, node: str) -> None:
    unit = channel.unit
    most = unit.model.most[quantity]
    values = Range(-most, most, most, UNITS[quantity])
    limits = Range(0.0, most, most, UNITS[quantity])

    def automatic(on: bool) -> None:
        unit.settings[quantity].measured_automatic = on
        unit.update()

    def limit(value: float) -> None:
        unit.settings[quantity].limit = value
        unit.update()

    number(
        tree,
        f"{node}:RANGe[:UPPer]",
        lambda: values,
        lambda: unit.span_of(quantity),
        partial(unit.put_measured_range, quantity),
    )
    boolean(tree, f"{node}:RANGe:AUTO", lambda: unit.settings[quantity].measured_automatic, automatic)
    protection = f"{node}:PROTection"
    number(tree, f"{protection}[:LEVel][:BOTH]", lambda: limits, lambda: unit.settings[quantity].limit, limit)
    tree.add(f"{protection}:TRIPped?", lambda _: str(int(unit.in_compliance)))
