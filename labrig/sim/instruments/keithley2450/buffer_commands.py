"""Reading, fetching, buffers and formats of a 2450 (section 6)."""

import struct
from functools import partial
from typing import TYPE_CHECKING

from labrig.sim.instruments.keithley2450.buffers import ELEMENTS, STATISTICS, Buffer, Entry
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import Range, read_choice, read_integer, read_string
from labrig.sim.instruments.scpi.settings import choice
from labrig.sim.instruments.scpi.tree import Arguments, Running

if TYPE_CHECKING:
    from labrig.sim.instruments.keithley2450.instrument import Keithley2450

_INDEX = Range(1, 1e7, 1)
_SIZE = Range(10, 1e7, 100000)
_LAYOUTS = ("ASCii", "REAL", "SREal")
_FUNCTIONS = {"VOLTage": "VOLT", "CURRent": "CURR", "RESistance": "RES"}


def add_buffer_commands(instrument: "Keithley2450") -> None:
    """Let the instrument know them."""
    _add_reading(instrument)
    _add_trace(instrument)
    _add_format(instrument)


def _split(arguments: Arguments) -> tuple[str | None, tuple[str, ...]]:
    """The buffer's name where it is named, and the elements."""
    if arguments and arguments[0][:1] in "\"'":
        return arguments[0], tuple(read_choice(text, ELEMENTS) for text in arguments[1:])
    return None, tuple(read_choice(text, ELEMENTS) for text in arguments)


def _add_reading(instrument: "Keithley2450") -> None:
    def told(buffer: Buffer, elements: tuple[str, ...]) -> str | bytes:
        if not buffer.entries:
            raise ScpiError(-230)
        return write(instrument, buffer.entries[-1:], elements or ("READing",), buffer)

    def read(arguments: Arguments) -> Running:
        """``:READ?`` measures as often as ``:SENSe:COUNt`` says, and answers the last (p. 6-12)."""
        name, elements = _split(arguments)
        buffer = instrument.buffer(name)
        yield from instrument.take(buffer, instrument.count)
        return told(buffer, elements)

    def fetch(arguments: Arguments) -> str | bytes:
        name, elements = _split(arguments)
        return told(instrument.buffer(name), elements)

    def measure(function: str | None, arguments: Arguments) -> Running:
        if function is not None:
            instrument.measured = function
        return read(arguments)

    tree, most = instrument.tree, len(ELEMENTS) + 1
    tree.add(":READ?", read, (0, most))
    tree.add(":FETCh?", fetch, (0, most))
    tree.add(":MEASure?", partial(measure, None), (0, most))
    for name, key in _FUNCTIONS.items():
        tree.add(f":MEASure:{name}[:DC]?", partial(measure, key), (0, most))


def _add_trace(instrument: "Keithley2450") -> None:
    def data(arguments: Arguments) -> str | bytes:
        first, last = (read_integer(text, _INDEX) for text in arguments[:2])
        name, elements = _split(arguments[2:])
        buffer = instrument.buffer(name)
        return write(instrument, buffer.between(first, last), elements or ("READing",), buffer)

    def trigger(arguments: Arguments) -> Running:
        yield from instrument.take(_named(instrument, arguments), instrument.count)
        return None

    def statistic(name: str, arguments: Arguments) -> str:
        return f"{_named(instrument, arguments).statistic(name):.6E}"

    tree = instrument.tree
    tree.add(":TRACe:DATA?", data, (2, 3 + len(ELEMENTS)))
    tree.add(":TRACe:TRIGger", trigger, (0, 1))
    tree.add(":TRACe:CLEar", lambda arguments: _named(instrument, arguments).entries.clear(), (0, 1))
    tree.add(":TRACe:ACTual?", lambda arguments: str(len(_named(instrument, arguments).entries)), (0, 1))
    for name in STATISTICS:
        tree.add(f":TRACe:STATistics:{name}?", partial(statistic, name), (0, 1))
    _add_making(instrument)


def _named(instrument: "Keithley2450", arguments: Arguments) -> Buffer:
    return instrument.buffer(arguments[0] if arguments else None)


def _add_making(instrument: "Keithley2450") -> None:
    def make(arguments: Arguments) -> None:
        instrument.buffers[read_string(arguments[0])] = Buffer(read_integer(arguments[1], _SIZE))

    def delete(arguments: Arguments) -> None:
        name = read_string(arguments[0])
        if name.startswith("defbuffer") or name not in instrument.buffers:
            raise ScpiError(-221)
        del instrument.buffers[name]

    def points(arguments: Arguments) -> None:
        _named(instrument, arguments[1:]).capacity = read_integer(arguments[0], _SIZE)

    tree = instrument.tree
    tree.add(":TRACe:MAKE", make, (2, 3))
    tree.add(":TRACe:DELete", delete, (1, 1))
    tree.add(":TRACe:POINts", points, (1, 2))
    tree.add(":TRACe:POINts?", lambda arguments: str(_named(instrument, arguments).capacity), (0, 1))


def _add_format(instrument: "Keithley2450") -> None:
    def order(name: str) -> None:
        instrument.swapped = name == "SWAPped"

    tree = instrument.tree
    choice(
        tree, ":FORMat[:DATA]", _LAYOUTS, lambda: instrument.layout, partial(setattr, instrument, "layout")
    )
    orders = ("NORMal", "SWAPped")
    choice(tree, ":FORMat:BORDer", orders, lambda: "SWAPped" if instrument.swapped else "NORMal", order)


def write(
    instrument: "Keithley2450", entries: list[Entry], elements: tuple[str, ...], buffer: Buffer
) -> str | bytes:
    """Readings in the format that is set; blocks are of indefinite length and hold numbers only (p. 6-31)."""
    first = buffer.entries[0].at if buffer.entries else 0.0
    values = [entry.element(name, first) for entry in entries for name in elements]
    if instrument.layout == "ASCii":
        return ",".join(value if isinstance(value, str) else f"{value:.6E}" for value in values)
    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) != len(values):
        raise ScpiError(-221)
    letter = "f" if instrument.layout == "SREal" else "d"
    return b"#0" + struct.pack(f"{'<' if instrument.swapped else '>'}{len(numbers)}{letter}", *numbers)
