"""Source, meter and trigger model of a Keithley 2400 on a circuit."""

import math
from collections.abc import Generator, Iterator

import numpy as np

from labrig.arrays import Seconds
from labrig.sim.instruments.analogue import Drive, Meter, OperatingPoint, Quantity, Terminals, operate
from labrig.sim.instruments.base import OutputState, Watch
from labrig.sim.instruments.keithley2400.ranges import HEADROOM, NOMINAL, OUTPUT_OFF, range_for
from labrig.sim.instruments.keithley2400.readings import Measured, Word
from labrig.sim.instruments.keithley2400.state import State
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import INFINITY, NOT_A_NUMBER

_AUTOMATIC_DELAY: Seconds = 1e-3
"""``:SOURce:DELay:AUTO`` waits about this long (p. 18-80, from memory; it depends on the range)."""
_OVERHEAD: Seconds = 2e-3
"""Of a point, beside integration and delays. Not verified."""


class Machine:
    """What the instrument does, whoever tells it to.

    Parameters
    ----------
    terminals
        What it is connected to.
    watch
        Told at every change of the output.
    """

    def __init__(self, terminals: Terminals, watch: Watch, meter: Meter) -> None:
        self.state = State()
        self.swept: float | None = None
        """Level of a sweep that the source stands at; None: the fixed one."""
        self._terminals = terminals
        self._watch = watch
        self._meter = meter
        self._told: OutputState | None = None

    def reset(self) -> None:
        """``*RST``: the output goes off at once, and all settings to where they were made."""
        kept = self.state
        self.state = State(line_frequency=kept.line_frequency, line_automatic=kept.line_automatic)
        self.swept = None
        self.update()

    def switch(self, *, on: bool) -> None:
        """Turn the output on or off."""
        self.state.on = on
        self.update()

    def update(self) -> OperatingPoint | None:
        """Let the terminals have what the settings say."""
        state = self.state
        source = state.source[state.function]
        value = source.level if self.swept is None else self.swept
        if source.automatic:
            source.range = range_for(state.function, value)
        told = OutputState(1, state.on, value if state.on else 0.0)
        point = operate(self._terminals.seen(), self._drive(value)) if state.on else None
        self._terminals.force(point)
        if told != self._told:
            self._told = told
            self._watch(told)
        return point

    def in_compliance(self) -> bool:
        """Whether the limit holds now."""
        point = self.update()
        return point is not None and point.limited

    def sequence(self, now: float, taken: list[Measured]) -> Generator[Seconds, None, None]:
        """All points of the trigger model, each with its delay and its integration time.

        Parameters
        ----------
        now
            When it begins, s.
        taken
            Gets each reading as it is made, so that what was broken off has left something.

        Raises
        ------
        ScpiError
            803 with the output off, -221 with a sweep that has no points.
        """
        state = self.state
        if not state.on and not state.turns_off:
            raise OUTPUT_OFF
        levels = list(self._levels())
        passed = 0.0
        if state.turns_off:
            self.switch(on=True)
        for _ in range(state.arms):
            for k in range(state.triggers):
                self.swept = levels[k % len(levels)]
                self.update()
                duration = self.point_time()
                yield duration
                passed += duration
                taken.append(self.measure(now + passed))
        if state.turns_off:
            self.switch(on=False)

    def point_time(self) -> Seconds:
        """How long one point takes."""
        state = self.state
        settle = _AUTOMATIC_DELAY if state.delay_automatic else state.delay
        cycles = state.nplc * (2 if state.autozero == "ON" else 1) * self._functions()
        repeats = state.averages if state.averaging and state.filter == "REPeat" else 1
        return state.trigger_delay + settle + _OVERHEAD + repeats * cycles / state.line_frequency

    def measure(self, at: Seconds) -> Measured:
        """One reading at the present operating point."""
        state = self.state
        point = self.update()
        if point is None:
            raise OUTPUT_OFF
        ranges = {quantity: self._measuring(quantity, point) for quantity in Quantity}
        status = Word.FRONT * (state.terminals == "FRONt") | Word.REMOTE_SENSE * state.four_wire
        status |= Word.V_SOURCED if state.function is Quantity.VOLTAGE else Word.I_SOURCED
        if point.limited:
            fixed = not state.sense[state.function.other].automatic
            beyond = (
                fixed and ranges[state.function.other] * HEADROOM < state.sense[state.function.other].limit
            )
            status |= Word.RANGE_COMPLIANCE if beyond else Word.COMPLIANCE
        found: dict[Quantity, float] = {}
        for quantity, name, bit in (
            (Quantity.VOLTAGE, "VOLT", Word.V_MEASURED),
            (Quantity.CURRENT, "CURR", Word.I_MEASURED),
        ):
            if name in state.measured or "RES" in state.measured:
                found[quantity] = self._read(quantity, point, ranges[quantity])
                status |= bit * (name in state.measured)
                status |= Word.OVERFLOW * (abs(found[quantity]) >= INFINITY)
        return self._reading(found, at, status)

    def _reading(self, found: dict[Quantity, float], at: Seconds, status: int) -> Measured:
        state = self.state
        told = state.source[state.function].level if self.swept is None else self.swept
        values = {
            quantity: found.get(quantity, told if quantity is state.function else NOT_A_NUMBER)
            for quantity in Quantity
        }
        volts, amperes = values[Quantity.VOLTAGE], values[Quantity.CURRENT]
        ohms = NOT_A_NUMBER
        if "RES" in state.measured:
            status |= Word.OHMS_MEASURED
            ohms = volts / amperes if amperes else INFINITY
        return Measured(volts, amperes, ohms, at, status)

    def _read(self, quantity: Quantity, point: OperatingPoint, span: float) -> float:
        averages = self.state.averages if self.state.averaging else 1
        value = self._meter.read(point.of(quantity), span, self.state.nplc * averages)
        return value if abs(value) <= span * HEADROOM * (1 + 1e-3) else math.copysign(INFINITY, value)

    def _measuring(self, quantity: Quantity, point: OperatingPoint) -> float:
        """The range in which a quantity is measured; that of the source is the source's own."""
        state = self.state
        if quantity is state.function:
            return state.source[quantity].range
        sense = state.sense[quantity]
        if sense.automatic:
            sense.range = range_for(quantity, min(abs(point.of(quantity)), NOMINAL[quantity][-1]))
        return sense.range

    def _drive(self, level: float) -> Drive:
        """The level, and the tighter of the limit that was set and the end of a fixed measurement range."""
        sense = self.state.sense[self.state.function.other]
        limit = sense.limit if sense.automatic else min(sense.limit, sense.range * HEADROOM)
        return Drive(self.state.function, level, limit)

    def _functions(self) -> int:
        return max(1, len(self.state.measured & {"VOLT", "CURR"}))

    def _levels(self) -> Iterator[float | None]:
        state = self.state
        source = state.source[state.function]
        if source.mode == "FIXed":
            yield None
            return
        levels = source.levels if source.mode == "LIST" else staircase(state)
        if not levels:
            raise ScpiError(-221)
        yield from levels if state.direction == "UP" else reversed(levels)


def staircase(state: State) -> list[float]:
    """Levels of ``:SOURce:…:MODE SWEep``."""
    source = state.source[state.function]
    if state.spacing == "LINear":
        return [float(level) for level in np.linspace(source.start, source.stop, state.points)]
    if not source.start * source.stop > 0:
        raise ScpiError(-221)
    steady = np.geomspace(abs(source.start), abs(source.stop), state.points)
    return [math.copysign(float(level), source.start) for level in steady]
