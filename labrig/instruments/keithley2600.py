"""Keithley series 2600B in TSP, one or two channels.

Source: *Series 2600B System SourceMeter Instrument Reference Manual*, 2600BS-901-01, revision F of August
2021; pages as noted, those of section 7 from revision B of May 2013 or C of August 2016. What was not found
there is marked "from memory".

Not looked up, and so from memory as well: ``smuX.sense``, ``measure.nplc`` and ``measure.autozero``, ranges,
``localnode.linefreq``, the arguments of ``trigger.source.linearY`` and ``logY``, and at which level
``smuX.abort()`` leaves the source.
"""

import math
import time
from collections.abc import Sequence

from labrig.arrays import FloatArray, Seconds
from labrig.config.capabilities import Keithley2600Model
from labrig.errors import LinkOpenError
from labrig.instruments.base import (
    CurrentSource,
    Identity,
    Limited,
    Reading,
    Setup,
    SweepPoints,
    Unit,
    VoltageSource,
)
from labrig.instruments.numbers import number
from labrig.instruments.scpi import ScpiChannel, ScpiSession, chunks
from labrig.instruments.shapes import Spacing, spacing

_MOST_POINTS = 2500
"""The buffers hold many more; this keeps lists short."""
_LIST = 250
_OVERHEAD: Seconds = 2.0
_CYCLES = 6
"""Two measurements of signal, reference and zero each (autozero; from memory)."""
_SETTLING: Seconds = 0.05
"""A point, beside delay and integration: the measurement delay grows as the range falls (p. 2-62)."""
_LETTERS: dict[Unit, str] = {"V": "v", "A": "i"}
_FUNCTIONS: dict[Unit, str] = {"V": "OUTPUT_DCVOLTS", "A": "OUTPUT_DCAMPS"}
_OFF_MODES = {"normal": "OUTPUT_NORMAL", "zero": "OUTPUT_ZERO", "high-impedance": "OUTPUT_HIGH_Z"}
_MOST_ERRORS = 400
_COMPLIANCE = 0x40
"""Of a buffer's statuses (revision B, p. 7-31)."""


class TspSession(ScpiSession):
    """A session with an interpreter: what is asked for is printed; ``*IDN?`` is as in SCPI (section 11)."""

    def printed(self, *expressions: str, before: str = "", timeout: Seconds = 2.0) -> list[float]:
        """Values of expressions, in one line with tabs between them; ``true`` is 1 and ``nil`` is NaN."""
        command = f"{before}print({', '.join(expressions)})"
        answer = self.query(command, timeout=timeout)
        fields = answer.split("\t")
        try:
            values = [_value(field.strip()) for field in fields]
        except ValueError:
            raise self.unexpected(command, answer, "numbers") from None
        if len(values) != len(expressions):
            raise self.unexpected(command, answer, f"{len(expressions)} values, not {len(values)}")
        return values

    def errors(self, command: str = "print(errorqueue.next())") -> list[str]:
        """Empty the error queue: code, message, severity and node, with tabs between them (p. 9-89)."""
        found: list[str] = []
        while True:
            answer = self.query(command)
            code, _, rest = answer.partition("\t")
            try:
                number = int(float(code))
            except ValueError:
                raise self.unexpected(command, answer, "an entry of the error queue") from None
            if number == 0 or len(found) > _MOST_ERRORS:
                return found
            message = rest.split("\t")[0].strip()
            found.append(f"error {number}, {message}")


class Keithley2600Channel(ScpiChannel):
    """One channel of a series 2600B.

    Parameters
    ----------
    channel
        1 is A, 2 is B.
    line_frequency
        Hz.
    """

    def __init__(
        self, session: TspSession, identity: Identity, line_frequency: float, channel: int = 1
    ) -> None:
        super().__init__(session, identity)
        self._tsp = session
        self._line_frequency = line_frequency
        self._channel = channel
        self._smu = _smu(channel)
        self._sweeping = f"labrig_sweeping_{self._smu}"
        """A variable of the instrument."""
        self._setup: Setup = VoltageSource(compliance=math.nan)

    @property
    def name(self) -> str:
        """Model, channel and port."""
        return f"{self._smu} of {super().name}"

    def is_on(self) -> bool:
        """``smuX.source.output`` is 0 when it is off, also in high impedance (p. 9-249)."""
        return self._number("source.output") != 0

    def switch(self, *, on: bool) -> None:
        """``smuX.source.output``."""
        self._tsp.write(f"{self._smu}.source.output = {self._smu}.OUTPUT_{'ON' if on else 'OFF'}")

    def sourced(self) -> Unit:
        """``smuX.source.func``: 1 is DCVOLTS, 0 is DCAMPS (revision C, p. 7-237)."""
        return "V" if self._number("source.func") == 1 else "A"

    def level(self, unit: Unit) -> float:
        """``smuX.source.levelY``; a sweep that was broken off has another one, which is measured, quickly.

        Whether one was is kept in the instrument, so that whoever opens it next can tell.
        """
        smu, letter = self._smu, _LETTERS[unit]
        (level,) = self._tsp.printed(
            f"{self._sweeping} and {smu}.measure.{letter}() or {smu}.source.level{letter}",
            before=f"if {self._sweeping} then {smu}.measure.nplc = 0.1 end ",
        )
        return level

    def set_level(self, level: float, unit: Unit) -> None:
        """``smuX.source.levelY``, at once where this is what is sourced."""
        self._tsp.write(f"{self._smu}.source.level{_LETTERS[unit]} = {level:.6E}")

    def compliance(self, unit: Unit) -> float:
        """``smuX.source.limitY``."""
        return self._number(f"source.limit{_LETTERS[unit]}")

    def apply(self, setup: Setup) -> None:
        """Everything from ``smuX.reset()``, which leaves the other channel as it is.

        It turns off what must be off already. After it the trigger model has no stimuli, and its limit is the
        programmed one.
        """
        metering, smu = setup.metering, self._smu
        source, sense = _letters(setup)
        self._setup = setup
        for command in (
            f"{smu}.reset() {self._sweeping} = nil",
            f"{smu}.source.func = {smu}.{_FUNCTIONS['V' if source == 'v' else 'A']}",
            f"{smu}.source.offmode = {smu}.{_OFF_MODES[metering.off_mode]}",
            f"{smu}.sense = {smu}.SENSE_{'REMOTE' if metering.four_wire else 'LOCAL'}",
            self._ranged("source", source, setup.range),
            f"{smu}.source.level{source} = 0",
            f"{smu}.source.limit{sense} = {setup.compliance:.6E}",
            self._ranged("measure", sense, metering.range),
            f"{smu}.measure.nplc = {metering.nplc:g}",
            f"{smu}.measure.autozero = {smu}.AUTOZERO_{'AUTO' if metering.autozero else 'ONCE'}",
            f"{smu}.trigger.measure.iv({smu}.nvbuffer1, {smu}.nvbuffer2)",
            f"{smu}.trigger.measure.action = {smu}.ENABLE {smu}.trigger.source.action = {smu}.ENABLE",
            f"{smu}.trigger.endpulse.action = {smu}.SOURCE_HOLD",
            f"{smu}.trigger.endsweep.action = {smu}.SOURCE_HOLD",
            "format.asciiprecision = 10 format.data = format.REAL64 format.byteorder = format.LITTLEENDIAN",
        ):
            self._tsp.write(command)

    def measure(self, level: float) -> Reading:
        """``smuX.measure.iv()``, and what held meanwhile."""
        smu, delay = self._smu, self._setup.metering.delay
        amperes, volts, limited, span = self._tsp.printed(
            "i",
            "v",
            f"{smu}.source.compliance",
            f"{smu}.measure.range{self._sense}",
            before=f"delay({delay:.6E}) local i, v = {smu}.measure.iv() ",
            timeout=_OVERHEAD + self._point_time(delay),
        )
        return self._reading(level, amperes, volts, time.monotonic(), span, limited=limited == 1)

    def run(self, points: SweepPoints) -> Sequence[Reading]:
        """A sweep of the trigger model, printed from its two buffers in one block (``#0``, p. 9-101).

        The interpreter is free while the sweep lasts, so that ``smuX.abort()`` is heard; it waits for the end
        only when that is due. The source holds the last level (revision B, p. 7-239), which becomes the
        programmed one afterwards: nothing jumps.
        """
        smu, count = self._smu, points.levels.size
        delay = max(points.delay, self._setup.metering.delay)
        for command in (
            *self._engine(points.levels),
            " ".join(f"{smu}.nvbuffer{k}.clear() {smu}.nvbuffer{k}.appendmode = 1" for k in (1, 2))
            + f" {smu}.nvbuffer1.collecttimestamps = 1 {smu}.nvbuffer2.collecttimestamps = 1",
            f"{smu}.source.delay = {delay:.6E} {smu}.trigger.arm.count = 1 {smu}.trigger.count = {count}",
            f"{self._sweeping} = true {smu}.trigger.initiate()",
        ):
            self._tsp.write(command)
        begun = time.monotonic()
        time.sleep(count * (delay + self._setup.metering.nplc / self._line_frequency))
        rows = self._printed_rows(count, _OVERHEAD + count * self._point_time(delay))
        self._tsp.write(
            f"{smu}.source.level{self._source} = {points.levels[-1]:.6E} {smu}.source.delay = 0"
            f" {self._sweeping} = nil"
        )
        return [
            self._reading(
                float(level),
                row[0],
                row[1],
                begun + row[2] - rows[0][2],
                row[4],
                limited=bool(int(row[3]) & _COMPLIANCE),
            )
            for level, row in zip(points.levels, rows, strict=True)
        ]

    def longest_sweep(self) -> int:
        """Points of one sweep."""
        return _MOST_POINTS

    def abort(self) -> None:
        """The sweep of this channel, and a script that waits for it."""
        for command in _broken_off(self._channel):
            self._tsp.write(command)

    def _number(self, attribute: str) -> float:
        return self._tsp.printed(f"{self._smu}.{attribute}")[0]

    def _printed_rows(self, count: int, timeout: Seconds) -> list[list[float]]:
        """Current, voltage, time, status and range of each point."""
        ranged = f"{self._smu}.nvbuffer{1 if self._sense == 'i' else 2}.measureranges"
        first, second = f"{self._smu}.nvbuffer1", f"{self._smu}.nvbuffer2"
        columns = (
            f"{first}.readings",
            f"{second}.readings",
            f"{first}.timestamps",
            f"{first}.statuses",
            ranged,
        )
        values = self._tsp.floats(
            f"waitcomplete() printbuffer(1, {count}, {', '.join(columns)})",
            count * len(columns),
            timeout=timeout,
            layout="<d",
        )
        return [values[at : at + len(columns)] for at in range(0, len(values), len(columns))]

    def _engine(self, levels: FloatArray) -> list[str]:
        """A staircase where the levels are one, which takes one message, else a list."""
        node = f"{self._smu}.trigger.source"
        shape = spacing(levels)
        if shape is Spacing.NEITHER:
            first, *rest = chunks(levels.tolist(), _LIST)
            more = [f"for _, x in ipairs({{{part}}}) do table.insert(labrig_levels, x) end" for part in rest]
            return [f"labrig_levels = {{{first}}}", *more, f"{node}.list{self._source}(labrig_levels)"]
        ends = f"{levels[0]:.6E}, {levels[-1]:.6E}, {levels.size}"
        if shape is Spacing.LINEAR:
            return [f"{node}.linear{self._source}({ends})"]
        return [f"{node}.log{self._source}({ends}, 0)"]

    def _ranged(self, node: str, letter: str, span: float | None) -> str:
        at = f"{self._smu}.{node}"
        if span is None:
            return f"{at}.autorange{letter} = {self._smu}.AUTORANGE_ON"
        return f"{at}.range{letter} = {span:.6E}"

    def _reading(
        self, level: float, amperes: float, volts: float, at: Seconds, span: float, *, limited: bool
    ) -> Reading:
        (volts, no_volts), (amperes, no_amperes) = number(volts), number(amperes)
        held = Limited.SET if limited else Limited.NO
        return Reading(level, volts, amperes, at, span, held, no_volts or no_amperes)

    def _point_time(self, delay: Seconds) -> Seconds:
        return delay + _SETTLING + _CYCLES * self._setup.metering.nplc / self._line_frequency

    @property
    def _source(self) -> str:
        return _letters(self._setup)[0]

    @property
    def _sense(self) -> str:
        return _letters(self._setup)[1]


def connect(session: TspSession, model: Keithley2600Model, channel: int = 1) -> Keithley2600Channel:
    """See that this model answers, read its line frequency, and forget old errors.

    Raises
    ------
    LinkOpenError
        Something else answers.
    """
    session.clear()
    for command in _broken_off(channel):  # a sweep that was left running would keep it from answering
        session.write(command)
    identity = session.identify()
    if not ("KEITHLEY" in identity.maker.upper() and identity.model.upper().endswith(model)):
        msg = f"{session.name}: found {identity}; the rig has a Keithley {model} there (its key is model)"
        raise LinkOpenError(msg)
    session.errors()
    (line_frequency,) = session.printed("localnode.linefreq")
    return Keithley2600Channel(session, identity, line_frequency, channel)


def _smu(channel: int) -> str:
    return f"smu{'ab'[channel - 1]}"


def _broken_off(channel: int) -> tuple[str, str]:
    """A script that waits is ended by ``abort`` (from memory), a sweep by ``smuX.abort()`` (p. 2-62)."""
    return "abort", f"{_smu(channel)}.abort()"


def _value(field: str) -> float:
    match field:
        case "true":
            return 1.0
        case "false":
            return 0.0
        case "nil":
            return math.nan
        case _:
            return float(field)


def _letters(setup: Setup) -> tuple[str, str]:
    """What is sourced and what is sensed, as the names of attributes end."""
    return ("i", "v") if isinstance(setup, CurrentSource) else ("v", "i")
