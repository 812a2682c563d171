"""Keithley series 2400 in SCPI.

Source: *Series 2400 SourceMeter User's Manual*, 2400S-900-01, section 18 (SCPI signal oriented and command
reference); pages as noted. Page numbers without the remark "from memory" were looked up.
"""

import math
import time
from collections.abc import Sequence

from labrig.arrays import FloatArray, Seconds
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
"""Of a sweep and of ``:TRIG:COUN`` (p. 18-47 to 18-50 and 18-70, the latter from memory)."""
_LIST = 100
"""Values that one list command takes (p. 18-50); ``APPend`` takes more."""
_LISTS_A_MESSAGE = 5
_ELEMENTS = 4
_OVERHEAD: Seconds = 2.0
_CYCLES = 6
"""A point integrates voltage and current, and of each the signal, a reference and zero (from memory)."""
_NAMES: dict[Unit, str] = {"V": "VOLT", "A": "CURR"}
_OFF_MODES = {"normal": "NORM", "zero": "ZERO", "high-impedance": "HIMP", "guard": "GUAR"}
_OVERFLOWED, _COMPLIANCE, _RANGE = 1 << 0, 1 << 3, 1 << 16
"""Of the status element (p. 18-54)."""


class Keithley2400Channel(ScpiChannel):
    """The only channel of a series 2400."""

    def __init__(self, session: ScpiSession, identity: Identity, line_frequency: float) -> None:
        super().__init__(session, identity)
        self._line_frequency = line_frequency
        self._setup: Setup = VoltageSource(compliance=math.nan)

    def is_on(self) -> bool:
        """``:OUTPut?`` (p. 18-23, from memory)."""
        return self._session.flag(":OUTP?")

    def switch(self, *, on: bool) -> None:
        """``:OUTPut ON|OFF``."""
        self._session.write(f":OUTP {'ON' if on else 'OFF'}")

    def sourced(self) -> Unit:
        """``:SOURce:FUNCtion?`` answers VOLT, CURR or MEM."""
        return "A" if self._session.query(":SOUR:FUNC?").startswith("CURR") else "V"

    def level(self, unit: Unit) -> float:
        """``:SOURce:…:LEVel?``, of the fixed source.

        A sweep that was broken off has another one: that of its latest reading (p. 17-4), which becomes the
        fixed one when the engine is left.

        Raises
        ------
        UnexpectedReply
            There is no such reading: nothing but off is without a jump to somewhere else.
        """
        node = f":SOUR:{_NAMES[unit]}"
        if not self._session.query(f"{node}:MODE?").startswith("FIX"):
            self._session.write(":FORM ASC;:FORM:ELEM VOLT,CURR,TIME,STAT")
            latest = self._session.numbers(asked := ":SENS:DATA:LAT?", _ELEMENTS)
            measured, lost = number(latest[0 if unit == "V" else 1])
            if lost:
                raise self._session.unexpected(asked, lost, "the level of a sweep that was broken off")
            self._session.write(f"{node}:LEV {measured:.6E};{node}:MODE FIX")
        return self._session.number(f"{node}:LEV?")

    def set_level(self, level: float, unit: Unit) -> None:
        """``:SOURce:…:LEVel``, at once where this is what is sourced."""
        self._session.write(f":SOUR:{_NAMES[unit]}:LEV {level:.6E}")

    def compliance(self, unit: Unit) -> float:
        """``:SENSe:…:PROTection?``."""
        return self._session.number(f":SENS:{_NAMES[unit]}:PROT?")

    def apply(self, setup: Setup) -> None:
        """Everything from ``*RST``, which turns off what must be off already, but keep the terminals in use.

        The compliance comes before the measurement range, which may not be above it, and is itself not under
        0.1 % of a fixed one: after ``*RST`` the range is automatic (p. 18-63 and 18-64, from memory).
        """
        metering = setup.metering
        source, sense = _names(setup)
        terminals = (metering.terminals or self._session.query(":ROUT:TERM?"))[:4].upper()
        self._setup = setup
        for command in (
            "*RST",
            f":ROUT:TERM {terminals}",
            f":OUTP:SMOD {_OFF_MODES[metering.off_mode]}",
            f":SYST:RSEN {int(metering.four_wire)}",
            f":SYST:AZER {int(metering.autozero)}",
            ':SENS:FUNC:CONC 1;:SENS:FUNC "VOLT","CURR"',
            f":SOUR:FUNC {source};:SOUR:CLE:AUTO 0",
            _ranged(f":SOUR:{source}", setup.range),
            f":SOUR:{source}:LEV 0",
            f":SENS:{sense}:PROT {setup.compliance:.6E}",
            _ranged(f":SENS:{sense}", metering.range),
            f":SENS:{sense}:NPLC {metering.nplc:g}",
            f":SOUR:DEL {metering.delay:.6E}",
            ":FORM:ELEM VOLT,CURR,TIME,STAT;:TRIG:COUN 1;:ARM:COUN 1",
        ):
            self._session.write(command)

    def measure(self, level: float) -> Reading:
        """``:READ?`` and then the range that it was made in."""
        timeout = _OVERHEAD + self._point_time(self._setup.metering.delay)
        fields = self._session.numbers(":READ?", _ELEMENTS, timeout=timeout)
        span = self._session.number(f":SENS:{self._sense}:RANG?")
        return self._reading(level, fields, time.monotonic(), span)

    def run(self, points: SweepPoints) -> Sequence[Reading]:
        """The staircase or the list of the source, triggered once a point, read with one ``:READ?``.

        Once the engine has ended, its last level becomes the fixed one before the mode does: nothing jumps.
        """
        source, count = self._source, points.levels.size
        delay = max(points.delay, self._setup.metering.delay)
        for command in (*_engine(source, points.levels), f":SOUR:DEL {delay:.6E};:TRIG:COUN {count}"):
            self._session.write(command)
        timeout = _OVERHEAD + count * (self._point_time(delay) + 0.01)
        begun = time.monotonic()
        values = self._fetched(count * _ELEMENTS, timeout)
        self._session.write(
            f":SOUR:{source}:LEV {points.levels[-1]:.6E};:SOUR:{source}:MODE FIX;"
            f":SOUR:DEL {self._setup.metering.delay:.6E};:TRIG:COUN 1"
        )
        rows = [values[k : k + _ELEMENTS] for k in range(0, len(values), _ELEMENTS)]
        span = math.nan if self._setup.metering.range is None else self._setup.metering.range
        return [
            self._reading(float(level), row, begun + row[2] - rows[0][2], span)
            for level, row in zip(points.levels, rows, strict=True)
        ]

    def longest_sweep(self) -> int:
        """Points of one sweep."""
        return _MOST_POINTS

    def abort(self) -> None:
        """``:ABORt`` is heard while the instrument sweeps (p. 18-5, from memory)."""
        self._session.write(":ABOR")

    def _fetched(self, count: int, timeout: Seconds) -> list[float]:
        """In binary where the instrument takes it on this port: not on RS-232 (p. 18-43, from memory)."""
        self._session.write(":FORM REAL,32;:FORM:BORD SWAP")
        if self._session.query(":FORM?").startswith("REAL"):
            values = self._session.floats(":READ?", count, timeout=timeout)
            self._session.write(":FORM ASC")
            return values
        self._session.errors()  # the refusal of the format
        return self._session.numbers(":READ?", count, timeout=timeout, tries=1)

    def _reading(self, level: float, fields: Sequence[float], at: Seconds, span: float) -> Reading:
        status = int(fields[3])
        limited = Limited.SET if status & _COMPLIANCE else Limited.RANGE if status & _RANGE else Limited.NO
        (volts, no_volts), (amperes, no_amperes) = number(fields[0]), number(fields[1])
        lost = no_volts or no_amperes or ("overflow: says the status" if status & _OVERFLOWED else "")
        if lost and not (no_volts or no_amperes):
            volts, amperes = (volts, math.nan) if self._sense == "CURR" else (math.nan, amperes)
        return Reading(level, volts, amperes, at, span, limited, lost)

    def _point_time(self, delay: Seconds) -> Seconds:
        return delay + _CYCLES * self._setup.metering.nplc / self._line_frequency

    @property
    def _source(self) -> str:
        return _names(self._setup)[0]

    @property
    def _sense(self) -> str:
        return _names(self._setup)[1]


def connect(session: ScpiSession) -> Keithley2400Channel:
    """See that a series 2400 answers, read its line frequency, and forget old errors.

    Raises
    ------
    LinkOpenError
        Something else answers.
    """
    session.clear()
    session.write(":ABOR")  # a sweep that was left running would keep it from answering
    identity = session.identify()
    if not ("KEITHLEY" in identity.maker.upper() and identity.model.upper().startswith("MODEL 24")):
        msg = f"{session.name}: found {identity}; the rig has a Keithley 2400 there"
        raise LinkOpenError(msg)
    session.errors()
    return Keithley2400Channel(session, identity, session.number(":SYST:LFR?"))


def _engine(source: str, levels: FloatArray) -> list[str]:
    """A staircase where the levels are one, which takes one message, else a list."""
    shape = spacing(levels)
    if shape is not Spacing.NEITHER:
        return [
            f":SOUR:{source}:STAR {levels[0]:.6E};:SOUR:{source}:STOP {levels[-1]:.6E}",
            f":SOUR:SWE:SPAC {'LIN' if shape is Spacing.LINEAR else 'LOG'};:SOUR:SWE:POIN {levels.size}",
            f":SOUR:SWE:RANG BEST;:SOUR:{source}:MODE SWE",
        ]
    lists = chunks(levels.tolist(), _LIST)
    commands = [f":SOUR:LIST:{source} {lists[0]}", *(f":SOUR:LIST:{source}:APP {part}" for part in lists[1:])]
    messages = [commands[k : k + _LISTS_A_MESSAGE] for k in range(0, len(commands), _LISTS_A_MESSAGE)]
    return [*(";".join(message) for message in messages), f":SOUR:{source}:MODE LIST"]


def _ranged(node: str, span: float | None) -> str:
    return f"{node}:RANG:AUTO 1" if span is None else f"{node}:RANG {span:.6E}"


def _names(setup: Setup) -> tuple[str, str]:
    """What is sourced and what is sensed, in the instrument's words."""
    return ("CURR", "VOLT") if isinstance(setup, CurrentSource) else ("VOLT", "CURR")
