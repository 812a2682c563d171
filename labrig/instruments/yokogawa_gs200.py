"""Yokogawa GS200 in its SCPI-like commands: a source, and with the option /MON a monitor.

Source: *GS200 DC Voltage/Current Source User's Manual*, IM GS210-01EN, chapter 13; pages as noted. What was
not found there is marked "from memory"; names of such commands are those that public drivers use.

Not looked up, and so from memory as well: ``:SENSe:ZERO:AUTO``, that ``:MEASure?`` waits for
``:SENSe:DELay``, and whether a device clear drops the rest of a message.

The program memory steps the source, and a storage of its own (``:TRACe``, p. 13-19) may keep what is measured
meanwhile. How the two are armed together was not found, so that sweeps are messages of many units instead:
each sets a level and measures, and all are answered by one message (p. 13-1).
"""

import math
import time
from collections.abc import Iterator, Sequence

from labrig.arrays import Amperes, FloatArray, Seconds, Volts
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
from labrig.instruments.scpi import ScpiChannel, ScpiSession
from labrig.instruments.session import Clearable

_MODELS = ("GS200", "GS210", "GS211")
_PROTECTED: dict[Unit, str] = {"V": "VOLT", "A": "CURR"}
_RANGES: dict[Unit, tuple[float, ...]] = {"V": (0.01, 0.1, 1.0, 10.0, 30.0), "A": (1e-3, 1e-2, 0.1, 0.2)}
_OVER_RANGE = {0.01: 1.2, 0.1: 1.2, 1.0: 1.2, 10.0: 1.2, 30.0: 32 / 30}
"""How far a range of voltage goes beyond its name; the last one of current, 0.2 A, does not (from memory)."""
_LEAST_MONITORED: Volts = 1.0
"""Below it, a range of voltage has neither limiter nor monitor (from memory)."""
_A_MESSAGE = 100
"""Points of one message: some 4 kB of the 64 kB that the instrument takes (p. 13-3)."""
_A_MESSAGE_LASTS: Seconds = 1.0
"""Where nothing breaks a message off, it must not outlast the patience of whoever turns the output off."""
_MOST_POINTS = 1000
_OVERHEAD: Seconds = 2.0
_CYCLES = 2
"""Signal and zero (autozero; from memory)."""
_READING: Seconds = 0.06
"""Beside the integration (from memory)."""
_OVERFLOWED, _LIMITED = 1 << 1, 0b11 << 10
"""Of the condition register: OVR, LLO and LHI (p. 13-30)."""
_MEASURED = ":MEAS?;:STAT:COND?"


class YokogawaGS200Channel(ScpiChannel):
    """The only channel of a GS200.

    Parameters
    ----------
    line_frequency
        Hz.
    monitors
        It has the option to measure.
    caps
        Highest level that will be asked for, V and A: an automatic range would change while a ramp runs, so
        that the least one that holds these is used instead.
    """

    def __init__(
        self,
        session: ScpiSession,
        identity: Identity,
        line_frequency: float,
        *,
        monitors: bool,
        caps: tuple[Volts, Amperes],
    ) -> None:
        super().__init__(session, identity)
        self._line_frequency = line_frequency
        self._has_monitor = monitors
        self._caps = caps
        self._setup: Setup = VoltageSource(compliance=math.nan)
        self._unmeasured = ""
        """Why nothing is measured as it is set up now."""

    def is_on(self) -> bool:
        """``:OUTPut?``."""
        return self._session.flag(":OUTP?")

    def switch(self, *, on: bool) -> None:
        """``:OUTPut 1|0``."""
        self._session.write(f":OUTP {int(on)}")

    def sourced(self) -> Unit:
        """``:SOURce:FUNCtion?`` answers VOLT or CURR (p. 13-1)."""
        return "A" if self._session.query(":SOUR:FUNC?").startswith("CURR") else "V"

    def level(self, unit: Unit) -> float:  # noqa: ARG002
        """``:SOURce:LEVel?``, of the function that is chosen; the other has none."""
        return self._session.number(":SOUR:LEV?")

    def set_level(self, level: float, unit: Unit) -> None:  # noqa: ARG002
        """``:SOURce:LEVel``, within the range (p. 13-12)."""
        self._session.write(f":SOUR:LEV {level:.6E}")

    def compliance(self, unit: Unit) -> float:
        """``:SOURce:PROTection:…?`` (p. 13-12)."""
        return self._session.number(f":SOUR:PROT:{_PROTECTED[unit]}?")

    def apply(self, setup: Setup) -> None:
        """Everything from ``*RST``, which turns off what must be off already.

        The two limiters go by quantity: voltage 1 … 30 V, current 1 … 200 mA (p. 13-12).
        """
        metering = setup.metering
        source, limited = ("CURR", "VOLT") if isinstance(setup, CurrentSource) else ("VOLT", "CURR")
        span = setup.range or self._range("A" if source == "CURR" else "V")
        self._setup = setup
        self._unmeasured = self._why_not(source, span)
        commands = [
            "*RST",
            f":SOUR:FUNC {source}",
            f":SOUR:RANG {span:g}",
            ":SOUR:LEV 0",
            f":SOUR:PROT:{limited} {setup.compliance:.6E}",
            f":SENS:REM {int(metering.four_wire)};:SENS:GUAR 0",
        ]
        if not self._unmeasured:
            commands += [
                f":SENS 1;:SENS:TRIG COMM;:SENS:NPLC {metering.nplc:g}",
                f":SENS:ZERO:AUTO {int(metering.autozero)};{_delayed(metering.delay)}",
            ]
        for command in commands:
            self._session.write(command)

    def measure(self, level: float) -> Reading:
        """``:MEASure?`` with the conditions that held."""
        return self._read([level], "", self._setup.metering.delay)[0]

    def run(self, points: SweepPoints) -> Sequence[Reading]:
        """Messages of levels and measurements, each answered by one line.

        Where the link knows no device clear, a message is short enough to be waited for.
        """
        delay = max(points.delay, self._setup.metering.delay)
        if not self._unmeasured:
            self._session.write(_delayed(delay))
        readings = [
            reading for part in self._parts(points.levels, delay) for reading in self._swept(part, delay)
        ]
        if not self._unmeasured:
            self._session.write(_delayed(self._setup.metering.delay))
        return readings

    def longest_sweep(self) -> int:
        """Points between two looks at the error queue; the instrument has no limit."""
        return _MOST_POINTS

    def abort(self) -> None:
        """A device clear, where the link knows one; else what is under way ends by itself, soon."""
        self._session.clear()

    def _swept(self, levels: FloatArray, delay: Seconds) -> list[Reading]:
        if not self._unmeasured:
            return self._read(levels.tolist(), ":SOUR:LEV {:.6E};", delay)
        readings: list[Reading] = []
        for level in levels.tolist():
            self._session.write(f":SOUR:LEV {level:.6E}")
            time.sleep(delay)
            readings.append(self._unread(level))
        return readings

    def _parts(self, levels: FloatArray, delay: Seconds) -> Iterator[FloatArray]:
        size = _A_MESSAGE
        if not isinstance(self._session.link, Clearable):
            size = max(1, min(size, int(_A_MESSAGE_LASTS / self._point_time(delay))))
        for first in range(0, levels.size, size):
            yield levels[first : first + size]

    def _read(self, levels: Sequence[float], before: str, delay: Seconds) -> list[Reading]:
        if self._unmeasured:
            time.sleep(delay)
            return [self._unread(level) for level in levels]
        command = ";".join(f"{before.format(level)}{_MEASURED}" for level in levels)
        begun, lasts = time.monotonic(), self._point_time(delay)
        answer = self._session.query(command, timeout=_OVERHEAD + len(levels) * lasts, tries=1)
        ended = time.monotonic()
        fields = answer.split(";")
        if len(fields) != 2 * len(levels):
            raise self._session.unexpected(command, answer, f"{2 * len(levels)} answers, not {len(fields)}")
        each = (ended - begun) / len(levels)
        try:
            pairs = [(float(fields[k]), int(fields[k + 1])) for k in range(0, len(fields), 2)]
        except ValueError:
            raise self._session.unexpected(command, answer, "numbers") from None
        return [
            self._reading(level, value, condition, begun + (k + 1) * each)
            for k, (level, (value, condition)) in enumerate(zip(levels, pairs, strict=True))
        ]

    def _reading(self, level: float, value: float, condition: int, at: Seconds) -> Reading:
        measured, lost = number(value)
        if condition & _OVERFLOWED and not lost:
            measured, lost = math.nan, "overflow: beyond the measurement range, says the condition register"
        limited = Limited.SET if condition & _LIMITED else Limited.NO
        if isinstance(self._setup, VoltageSource):
            lost = lost or "a GS200 that sources voltage measures the current only"
            return Reading(level, math.nan, measured, at, math.nan, limited, lost)
        lost = lost or "a GS200 that sources current measures the voltage only"
        return Reading(level, measured, math.nan, at, math.nan, limited, lost)

    def _unread(self, level: float) -> Reading:
        return Reading(
            level, math.nan, math.nan, time.monotonic(), math.nan, self._held_limit(), self._unmeasured
        )

    def _held_limit(self) -> Limited:
        condition = int(self._session.number(":STAT:COND?"))
        return Limited.SET if condition & _LIMITED else Limited.NO

    def _range(self, unit: Unit) -> float:
        if unit == "A":
            return next((span for span in _RANGES["A"] if span >= self._caps[1]), _RANGES["A"][-1])
        monitored = [span for span in _RANGES["V"] if span >= _LEAST_MONITORED]
        return next((span for span in monitored if span * _OVER_RANGE[span] >= self._caps[0]), monitored[-1])

    def _why_not(self, source: str, span: float) -> str:
        if not self._has_monitor:
            return "this GS200 has no monitor (option /MON), so that it measures nothing"
        if source == "VOLT" and span < _LEAST_MONITORED:
            return "a GS200 measures nothing in its ranges below 1 V"
        return ""

    def _point_time(self, delay: Seconds) -> Seconds:
        return delay + _READING + _CYCLES * self._setup.metering.nplc / self._line_frequency


def connect(session: ScpiSession, caps: tuple[Volts, Amperes]) -> YokogawaGS200Channel:
    """See that a GS200 answers, read its options and line frequency, and forget old errors.

    Raises
    ------
    LinkOpenError
        Something else answers.
    """
    session.clear()  # a message that was left running would keep it from answering
    identity = session.identify()
    if not ("YOKOGAWA" in identity.maker.upper() and identity.model.upper().startswith(_MODELS)):
        msg = f"{session.name}: found {identity}; the rig has a Yokogawa GS200 there"
        raise LinkOpenError(msg)
    session.errors()
    monitors = "/MON" in session.query("*OPT?").upper()
    return YokogawaGS200Channel(session, identity, session.number(":SYST:LFR?"), monitors=monitors, caps=caps)


def _delayed(delay: Seconds) -> str:
    """In whole milliseconds, never shorter than asked for."""
    return f":SENS:DEL {math.ceil(delay * 1000 - 1e-9)}"
