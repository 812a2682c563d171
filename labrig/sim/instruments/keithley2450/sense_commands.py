"""``:SENSe``, ``:DISPlay`` and ``:SYSTem`` of a 2450 (section 6)."""

import re
from functools import partial
from typing import TYPE_CHECKING

from labrig.sim.instruments.analogue import Quantity
from labrig.sim.instruments.keithley2450.source_commands import NAMES
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import Range, matches, read_choice, read_string
from labrig.sim.instruments.scpi.settings import action, boolean, integer, number
from labrig.sim.instruments.scpi.tree import Arguments
from labrig.sim.instruments.unit import UNITS

if TYPE_CHECKING:
    from labrig.sim.instruments.keithley2450.instrument import Keithley2450

_FUNCTIONS = {"VOLT": "VOLTage", "CURR": "CURRent", "RES": "RESistance"}
_ANSWERED = {"VOLT": '"VOLT:DC"', "CURR": '"CURR:DC"', "RES": '"RES"'}
_CYCLES = Range(0.01, 10, 1)
_SCREENS = ("HOME", "SOURce", "GRAPh", "HISTogram", "SWIPE_USER", "READing_table", "PROCessing")


def add_sense_commands(instrument: "Keithley2450") -> None:
    """Let the instrument know them."""
    tree, unit = instrument.tree, instrument.unit

    def function(arguments: Arguments) -> None:
        text = re.sub(r":DC$", "", read_string(arguments[0]), flags=re.IGNORECASE)
        known = next((key for key, name in _FUNCTIONS.items() if matches(text, name)), None)
        if known is None:
            raise ScpiError(-224)
        instrument.measured = known

    tree.add("[:SENSe[1]]:FUNCtion[:ON]", function, (1, 1))
    tree.add("[:SENSe[1]]:FUNCtion[:ON]?", lambda _: _ANSWERED[instrument.measured])
    counts = Range(1, 300000, 1)
    integer(
        tree, "[:SENSe[1]]:COUNt", counts, lambda: instrument.count, partial(setattr, instrument, "count")
    )
    action(tree, "[:SENSe[1]]:AZERo:ONCE", lambda: None)
    for key, name in _FUNCTIONS.items():
        node = f"[:SENSe[1]]:{name}[:DC]" if key != "RES" else f"[:SENSe[1]]:{name}"
        number(tree, f"{node}:NPLCycles", lambda: _CYCLES, lambda: unit.nplc, partial(setattr, unit, "nplc"))
        boolean(
            tree,
            f"{node}:AZERo[:STATe]",
            lambda: instrument.autozero,
            partial(setattr, instrument, "autozero"),
        )
        boolean(tree, f"{node}:RSENse", lambda: unit.four_wire, partial(setattr, unit, "four_wire"))
    for quantity in Quantity:
        _add_range(instrument, quantity)
    _add_system(instrument)


def _add_range(instrument: "Keithley2450", quantity: Quantity) -> None:
    unit, tree = instrument.unit, instrument.tree
    most = unit.model.most[quantity]
    node = f"[:SENSe[1]]:{NAMES[quantity]}[:DC]"

    def automatic(on: bool) -> None:
        unit.settings[quantity].measured_automatic = on
        unit.update()

    spans = Range(-most, most, most, UNITS[quantity])
    put = partial(unit.put_measured_range, quantity)
    number(tree, f"{node}:RANGe[:UPPer]", lambda: spans, lambda: unit.span_of(quantity), put)
    boolean(tree, f"{node}:RANGe:AUTO", lambda: unit.settings[quantity].measured_automatic, automatic)


def _add_system(instrument: "Keithley2450") -> None:
    tree, unit = instrument.tree, instrument.unit
    texts = {"": ""}

    def beep(arguments: Arguments) -> None:
        Range(20, 8000, 1000, "HZ").read(arguments[0])
        Range(0.001, 100, 0.1, "S").read(arguments[1])

    def language(arguments: Arguments) -> None:
        """Takes effect after the instrument is switched off and on (p. 2-120, from memory)."""
        read_choice(arguments[0], ("SCPI", "TSP", "SCPI2400"))

    def screen(arguments: Arguments) -> None:
        read_choice(arguments[0], _SCREENS)

    def shown(key: str, arguments: Arguments) -> None:
        texts[key] = read_string(arguments[0])

    tree.add("*LANG?", lambda _: "SCPI")
    tree.add("*LANG", language, (1, 1))
    tree.add(":SYSTem:LFRequency?", lambda _: f"{unit.line_frequency:.0f}")
    tree.add(":SYSTem:BEEPer[:IMMediate]", beep, (2, 2))
    tree.add(":SYSTem:EVENtlog:NEXT?", lambda _: instrument.status.next_error())
    action(tree, ":SYSTem:CLEar", instrument.status.clear_errors)
    tree.add(":DISPlay:SCReen", screen, (1, 1))
    action(tree, ":DISPlay:CLEar", texts.clear)
    for number_ in (1, 2):
        tree.add(f":DISPlay:USER{number_}:TEXT[:DATA]", partial(shown, str(number_)), (1, 1))
