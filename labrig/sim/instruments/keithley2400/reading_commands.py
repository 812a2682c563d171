"""Readings of a Keithley 2400: signal-oriented commands, trigger model, buffer and formats (section 18)."""

import math
from functools import partial

import numpy as np

from labrig.sim.instruments.base import Clock
from labrig.sim.instruments.keithley2400.machine import Machine
from labrig.sim.instruments.keithley2400.ranges import OUTPUT_OFF
from labrig.sim.instruments.keithley2400.readings import ELEMENTS, Format, Measured
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import NOT_A_NUMBER, Range, read_choice
from labrig.sim.instruments.scpi.settings import action, boolean, choice, integer, number
from labrig.sim.instruments.scpi.status import Register
from labrig.sim.instruments.scpi.tree import Arguments, CommandTree, Running

_MOST = 2500
_READING_AVAILABLE, _BUFFER_AVAILABLE, _BUFFER_FULL = 1 << 6, 1 << 8, 1 << 9
"""Bits of the measurement event register (section 15, from memory)."""
_STORAGE_ACTIVE = ScpiError(800, "Illegal with storage active")
_FUNCTIONS = ("VOLTage", "CURRent", "RESistance")
_STATISTICS = ("MEAN", "SDEViation", "MAXimum", "MINimum", "PKPK")


class Readings:
    """What was measured last, the buffer, and how both are sent."""

    def __init__(self, machine: Machine, clock: Clock, status: Register) -> None:
        self.machine = machine
        self.status = status
        """Of the measurement group."""
        self.clock = clock
        self.format = Format()
        self.started = clock()
        self.latest: list[Measured] = []
        self.buffer: list[Measured] = []
        self.capacity = 100
        self.feeding = False
        self.feed = "SENSe"
        self.absolute = True
        """Times of buffered readings count from the first one, not from one to the next."""

    def reset(self) -> None:
        """``*RST``: what is buffered stays."""
        self.format.binary = False
        self.latest = []
        self.feeding = False

    def initiate(self) -> Running:
        """One pass through the trigger model."""
        measured = self.latest = []
        yield from self.machine.sequence(self.clock() - self.started, measured)
        self.status.event |= _READING_AVAILABLE
        if self.feeding:
            self.buffer += measured[: max(0, self.capacity - len(self.buffer))]
            self.feeding = len(self.buffer) < self.capacity
            full = _BUFFER_FULL * (not self.feeding) | _BUFFER_AVAILABLE * (len(self.buffer) >= 2)
            self.status.set_condition(full)
        return None

    def empty(self) -> None:
        """``:TRACe:CLEar``."""
        self.buffer = []
        self.status.set_condition(0)

    def read(self) -> Running:
        """``:READ?``: initiate and fetch."""
        yield from self.initiate()
        return self.write(self.latest)

    def fetch(self) -> str | bytes:
        """``:FETCh?``: what was measured last, again."""
        if not self.latest:
            raise ScpiError(-230)
        return self.write(self.latest)

    def write(self, readings: list[Measured]) -> str | bytes:
        """Readings in the elements and the format that are set."""
        chosen = self.machine.state.elements
        return self.format.write([value for reading in readings for value in reading.elements(chosen)])

    def trace(self) -> str | bytes:
        """``:TRACe:DATA?``; times count from the first reading, or from one to the next."""
        times = [reading.time for reading in self.buffer]
        base = times[:1] * len(times) if self.absolute else [*times[:1], *times[:-1]]
        return self.write(
            [
                Measured(r.volts, r.amperes, r.ohms, r.time - zero, r.status)
                for r, zero in zip(self.buffer, base, strict=True)
            ]
        )


def add_reading_commands(tree: CommandTree, readings: Readings) -> None:
    """Let the instrument know them."""
    _add_signal_oriented(tree, readings)
    _add_trigger(tree, readings)
    _add_trace(tree, readings)
    _add_format(tree, readings)


def _add_signal_oriented(tree: CommandTree, readings: Readings) -> None:
    machine = readings.machine

    def configure(name: str) -> None:
        """``:CONFigure`` prepares one function, sources a level, and leaves the output on (p. 18-3)."""
        state = machine.state
        state.measured = {"RES"} if name == "RESistance" else {name[:4].upper()}
        state.triggers = state.arms = 1
        state.trigger_delay = 0.0
        state.delay_automatic = True
        state.source[state.function].mode = "FIXed"
        machine.switch(on=True)

    def measure(name: str | None) -> Running:
        if name is not None:
            configure(name)
        elif not machine.state.on:
            raise OUTPUT_OFF
        return readings.read()

    def measured(name: str, _: Arguments) -> Running:
        return measure(name)

    tree.add(":READ?", lambda _: readings.read())
    tree.add(":FETCh?", lambda _: readings.fetch())
    tree.add("[:SENSe[1]]:DATA[:LATest]?", lambda _: readings.write(readings.latest[-1:]))
    tree.add(":MEASure?", lambda _: measure(None))
    for name in _FUNCTIONS:
        tree.add(f":MEASure:{name}[:DC]?", partial(measured, name))
        action(tree, f":CONFigure:{name}[:DC]", partial(configure, name))
    tree.add(":CONFigure?", lambda _: ",".join(f'"{one}"' for one in sorted(machine.state.measured)))
    action(tree, ":ABORt", lambda: None)
    tree.add(":INITiate[:IMMediate]", lambda _: readings.initiate())


def _add_trigger(tree: CommandTree, readings: Readings) -> None:
    machine = readings.machine

    def put(name: str, value: object) -> None:
        other = {"triggers": machine.state.arms, "arms": machine.state.triggers}.get(name)
        if other is not None and isinstance(value, int) and other * value > _MOST:
            raise ScpiError(-221)
        setattr(machine.state, name, value)

    counts = Range(1, _MOST, 1)
    integer(
        tree, ":TRIGger[:SEQuence[1]]:COUNt", counts, lambda: machine.state.triggers, partial(put, "triggers")
    )
    integer(
        tree, ":ARM[:SEQuence[1]][:LAYer[1]]:COUNt", counts, lambda: machine.state.arms, partial(put, "arms")
    )
    number(
        tree,
        ":TRIGger[:SEQuence[1]]:DELay",
        lambda: Range(0, 999.9999, 0, "S"),
        lambda: machine.state.trigger_delay,
        partial(put, "trigger_delay"),
    )
    choice(
        tree,
        ":TRIGger[:SEQuence[1]]:SOURce",
        ("IMMediate",),
        lambda: machine.state.trigger_source,
        partial(put, "trigger_source"),
    )
    choice(
        tree,
        ":ARM[:SEQuence[1]][:LAYer[1]]:SOURce",
        ("IMMediate",),
        lambda: machine.state.arm_source,
        partial(put, "arm_source"),
    )
    action(tree, ":TRIGger:CLEar", lambda: None)


def _add_trace(tree: CommandTree, readings: Readings) -> None:
    def points(value: int) -> None:
        if readings.feeding:
            raise _STORAGE_ACTIVE
        readings.capacity = value

    def feed(name: str) -> None:
        if readings.feeding:
            raise _STORAGE_ACTIVE
        readings.feed = name

    def control(arguments: Arguments) -> None:
        readings.feeding = read_choice(arguments[0], ("NEXT", "NEVer")) == "NEXT"
        if readings.feeding:
            readings.empty()

    def times(name: str) -> None:
        readings.absolute = name == "ABSolute"

    for stem in (":TRACe", ":DATA"):
        tree.add(f"{stem}:DATA?", lambda _: readings.trace())
        tree.add(f"{stem}:CLEar", lambda _: readings.empty())
        tree.add(
            f"{stem}:FREE?", lambda _: f"{24 * (_MOST - len(readings.buffer))},{24 * len(readings.buffer)}"
        )
        integer(tree, f"{stem}:POINts", Range(1, _MOST, 100), lambda: readings.capacity, points)
        tree.add(f"{stem}:POINts:ACTual?", lambda _: str(len(readings.buffer)))
        choice(tree, f"{stem}:FEED", ("SENSe[1]", "SENSe"), lambda: readings.feed, feed)
        tree.add(f"{stem}:FEED:CONTrol", control, (1, 1))
        tree.add(f"{stem}:FEED:CONTrol?", lambda _: "NEXT" if readings.feeding else "NEV")
        choice(
            tree,
            f"{stem}:TSTamp:FORMat",
            ("ABSolute", "DELTa"),
            lambda: "ABSolute" if readings.absolute else "DELTa",
            times,
        )
    _add_statistics(tree, readings)


def _add_statistics(tree: CommandTree, readings: Readings) -> None:
    """``:CALCulate3``: of the buffer, element by element (p. 18-38, from memory)."""
    chosen = "MEAN"

    def put(name: str) -> None:
        nonlocal chosen
        chosen = name

    def compute() -> str | bytes:
        if not readings.buffer:
            raise ScpiError(-230)
        names = [name for name in ELEMENTS[:3] if name in readings.machine.state.elements]
        table = np.array([list(reading.elements(names)) for reading in readings.buffer])
        return readings.format.write([_statistic(chosen, table[:, k]) for k in range(table.shape[1])])

    choice(tree, ":CALCulate3:FORMat", _STATISTICS, lambda: chosen, put)
    tree.add(":CALCulate3:DATA?", lambda _: compute())


def _statistic(name: str, values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
    if np.any(np.abs(values) >= NOT_A_NUMBER * 0.99):
        return NOT_A_NUMBER
    match name:
        case "MEAN":
            return float(values.mean())
        case "SDEViation":
            return float(values.std(ddof=1)) if values.size > 1 else math.nan
        case "MAXimum":
            return float(values.max())
        case "MINimum":
            return float(values.min())
        case _:
            return float(values.max() - values.min())


def _add_format(tree: CommandTree, readings: Readings) -> None:
    def data(arguments: Arguments) -> None:
        name = read_choice(arguments[0], ("ASCii", "REAL", "SREal"))
        if len(arguments) == 2 and (name != "REAL" or arguments[1] != "32"):
            raise ScpiError(-224)
        readings.format.binary = name != "ASCii"

    def elements(arguments: Arguments) -> None:
        readings.machine.state.elements = tuple(read_choice(text, ELEMENTS) for text in arguments)

    def told() -> str:
        chosen = readings.machine.state.elements
        return ",".join(name[:4].upper() for name in ELEMENTS if name in chosen)

    def swap(name: str) -> None:
        readings.format.swapped = name == "SWAPped"

    tree.add(":FORMat[:DATA]", data, (1, 2))
    tree.add(":FORMat[:DATA]?", lambda _: "REAL,32" if readings.format.binary else "ASC")
    tree.add(":FORMat:ELEMents[:SENSe[1]]", elements, (1, len(ELEMENTS)))
    tree.add(":FORMat:ELEMents[:SENSe[1]]?", lambda _: told())
    choice(
        tree,
        ":FORMat:BORDer",
        ("NORMal", "SWAPped"),
        lambda: "SWAPped" if readings.format.swapped else "NORMal",
        swap,
    )
    boolean(tree, ":INITiate:CONTinuous", lambda: False, lambda on: _refuse(on=on))


def _refuse(*, on: bool) -> None:
    """A 2400 has no continuous initiation over the bus."""
    if on:
        raise ScpiError(-221)
