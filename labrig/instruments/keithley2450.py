"""Keithley 2450 in its own SCPI command set.

Source: *Model 2450 Interactive SourceMeter Instrument Reference Manual*, 2450-901-01, revision B of September
2013, pages as noted; with "2461" and "2470" the same chapter for the sister models, which were read where
that of the 2450 was not found. What none was found to say is marked "from memory".

Not looked up, and so from memory as well: ``:ROUTe:TERMinals``, ``:SENSe:…:RSENse``, ``:AZERo`` and
``:NPLCycles``, ``:SYSTem:LFRequency?``, that ``*OPC?`` waits for the trigger model, and that the level which
a list recalls is the one that ``:SOURce:…?`` answers after ``:ABORt``.

The sweep commands fill a trigger model that turns the output off at its end (from memory), from whatever
level it is at. So a sweep here is made of blocks of its own.
"""

import math
import time
from collections.abc import Sequence

from labrig.arrays import Seconds
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

_MOST_POINTS = 2500
_LIST = 100
"""Values of one list command; 2500 altogether (2461, p. 6-102)."""
_LISTS_A_MESSAGE = 5
_OVERHEAD: Seconds = 2.0
_CYCLES = 6
"""Two measurements of signal, reference and zero each: the source is read back (from memory)."""
_STEP: Seconds = 0.02
"""A point, beside delay and integration (from memory)."""
_NAMES: dict[Unit, str] = {"V": "VOLT", "A": "CURR"}
_LIMITS: dict[Unit, str] = {"A": "VOLT:ILIM", "V": "CURR:VLIM"}
"""By the quantity that is limited (p. 6-71)."""
_OFF_MODES = {"normal": "NORM", "zero": "ZERO", "high-impedance": "HIMP", "guard": "GUAR"}
_COMPLIANCE = 1 << 5
"""Of the source status (p. 8-29)."""
_BUFFER = '"defbuffer1"'


class Keithley2450Channel(ScpiChannel):
    """The only channel of a 2450.

    Parameters
    ----------
    line_frequency
        Hz.
    """

    def __init__(self, session: ScpiSession, identity: Identity, line_frequency: float) -> None:
        super().__init__(session, identity)
        self._line_frequency = line_frequency
        self._setup: Setup = VoltageSource(compliance=math.nan)

    def is_on(self) -> bool:
        """``:OUTPut?`` (p. 6-34)."""
        return self._session.flag(":OUTP?")

    def switch(self, *, on: bool) -> None:
        """``:OUTPut ON|OFF`` (p. 6-34)."""
        self._session.write(f":OUTP {'ON' if on else 'OFF'}")

    def sourced(self) -> Unit:
        """``:SOURce:FUNCtion?`` answers VOLT or CURR (p. 6-72)."""
        return "A" if self._session.query(":SOUR:FUNC?").startswith("CURR") else "V"

    def level(self, unit: Unit) -> float:
        """``:SOURce:…?`` (p. 6-70)."""
        return self._session.number(f":SOUR:{_NAMES[unit]}?")

    def set_level(self, level: float, unit: Unit) -> None:
        """``:SOURce:…``, at once where this is what is sourced (p. 6-70)."""
        self._session.write(f":SOUR:{_NAMES[unit]} {level:.6E}")

    def compliance(self, unit: Unit) -> float:
        """``:SOURce:VOLTage:ILIMit?`` or ``:SOURce:CURRent:VLIMit?`` (p. 6-71)."""
        return self._session.number(f":SOUR:{_LIMITS[unit]}?")

    def apply(self, setup: Setup) -> None:
        """Everything from ``*RST``, which turns off what must be off already, but keep the terminals in use.

        A change of the source range may change the limit (p. 6-71), so that the range comes first. The source
        is read back, for the other half of each reading.
        """
        metering = setup.metering
        source, sense = _names(setup)
        terminals = (metering.terminals or self._session.query(":ROUT:TERM?"))[:4].upper()
        limited = _LIMITS["V" if sense == "VOLT" else "A"]
        self._setup = setup
        for command in (
            "*RST",
            f":ROUT:TERM {terminals}",
            f":SOUR:FUNC {source}",
            f':SENS:FUNC "{sense}"',
            f":OUTP:{source}:SMOD {_OFF_MODES[metering.off_mode]}",
            f":SENS:{sense}:RSEN {int(metering.four_wire)};:SENS:{sense}:AZER {int(metering.autozero)}",
            _ranged(f":SOUR:{source}", setup.range),
            f":SOUR:{source} 0",
            f":SOUR:{limited} {setup.compliance:.6E}",
            _ranged(f":SENS:{sense}", metering.range),
            f":SENS:{sense}:NPLC {metering.nplc:g}",
            f":SOUR:{source}:READ:BACK 1;:SOUR:{source}:DEL {metering.delay:.6E}",
        ):
            self._session.write(command)

    def measure(self, level: float) -> Reading:
        """``:READ?`` and then the range that it was made in."""
        timeout = _OVERHEAD + self._point_time(self._setup.metering.delay)
        measured, sourced, status = self._session.numbers(
            f":READ? {_BUFFER}, READ, SOUR, SOURSTAT", 3, timeout=timeout
        )
        span = self._session.number(f":SENS:{self._sense}:RANG?")
        return self._reading(level, measured, sourced, int(status), time.monotonic(), span)

    def run(self, points: SweepPoints) -> Sequence[Reading]:
        """A list of levels, stepped through by blocks of the trigger model and read from the buffer.

        In binary there are readings, source and times but no status (2461, p. 6-160), which comes after them
        in text. The delay of a block is added to that of the source (2470, p. 12-89). The instrument hears
        ``:ABORt`` meanwhile: only when the end is due is it asked to answer at the end.
        """
        source, count, metering = self._source, points.levels.size, self._setup.metering
        delay = max(points.delay, metering.delay)
        for command in (
            *_listed(source, points.levels.tolist()),
            _blocks(source, count, max(0.0, points.delay - metering.delay)),
            ":INIT",
        ):
            self._session.write(command)
        begun = time.monotonic()
        time.sleep(count * (delay + metering.nplc / self._line_frequency))
        self._session.query("*OPC?", timeout=_OVERHEAD + count * self._point_time(delay), tries=1)
        rows, statuses = self._fetched(count)
        self._session.write(f":SOUR:{source} {points.levels[-1]:.6E}")
        span = math.nan if metering.range is None else metering.range
        return [
            self._reading(float(level), row[0], row[1], int(status), begun + row[2] - rows[0][2], span)
            for level, row, status in zip(points.levels, rows, statuses, strict=True)
        ]

    def longest_sweep(self) -> int:
        """Points of one list."""
        return _MOST_POINTS

    def abort(self) -> None:
        """``:ABORt`` stops the trigger model."""
        self._session.write(":ABOR")

    def _fetched(self, count: int) -> tuple[list[list[float]], list[float]]:
        """Reading, source and time of each point, and the status of the source.

        A block of doubles begins with ``#0`` (p. 6-30).
        """
        asked = f":TRAC:DATA? 1, {count}, {_BUFFER}"
        timeout = _OVERHEAD + 0.01 * count
        values = self._session.floats(
            f":FORM REAL;:FORM:BORD SWAP;{asked}, READ, SOUR, REL", 3 * count, timeout=timeout, layout="<d"
        )
        statuses = self._session.numbers(f":FORM ASC;{asked}, SOURSTAT", count, timeout=timeout)
        return [values[at : at + 3] for at in range(0, len(values), 3)], statuses

    def _reading(
        self, level: float, measured: float, sourced: float, status: int, at: Seconds, span: float
    ) -> Reading:
        (measured, lost), (sourced, also_lost) = number(measured), number(sourced)
        volts, amperes = (sourced, measured) if self._sense == "CURR" else (measured, sourced)
        limited = Limited.SET if status & _COMPLIANCE else Limited.NO
        return Reading(level, volts, amperes, at, span, limited, lost or also_lost)

    def _point_time(self, delay: Seconds) -> Seconds:
        return delay + _STEP + _CYCLES * self._setup.metering.nplc / self._line_frequency

    @property
    def _source(self) -> str:
        return _names(self._setup)[0]

    @property
    def _sense(self) -> str:
        return _names(self._setup)[1]


def connect(session: ScpiSession) -> Keithley2450Channel:
    """See that a 2450 answers in SCPI, read its line frequency, and forget old errors.

    Raises
    ------
    LinkOpenError
        Something else answers, or the 2450 is set to another command set (p. B-5).
    """
    session.clear()
    session.write(":ABOR")  # a sweep that was left running would keep it from answering
    identity = session.identify()
    if not ("KEITHLEY" in identity.maker.upper() and identity.model.upper() == "MODEL 2450"):
        msg = f"{session.name}: found {identity}; the rig has a Keithley 2450 there"
        raise LinkOpenError(msg)
    language = session.query("*LANG?")
    if language != "SCPI":
        msg = (
            f"{session.name}: the 2450 is in {language}: labrig drives it in SCPI. Send *LANG SCPI, or choose"
            " SCPI in its menu (System, Settings, Command Set), and turn it off and on again"
        )
        raise LinkOpenError(msg)
    session.errors()
    return Keithley2450Channel(session, identity, session.number(":SYST:LFR?"))


def _listed(source: str, levels: Sequence[float]) -> list[str]:
    """Levels, of which the instrument makes a list of settings of its own (2461, p. 6-101 and 6-102)."""
    first, *rest = chunks(levels, _LIST)
    commands = [f":SOUR:LIST:{source} {first}", *(f":SOUR:LIST:{source}:APP {part}" for part in rest)]
    messages = [commands[k : k + _LISTS_A_MESSAGE] for k in range(0, len(commands), _LISTS_A_MESSAGE)]
    return [";".join(message) for message in messages]


def _blocks(source: str, count: int, delay: Seconds) -> str:
    """Recall the first settings, wait, measure, recall the next (2461, p. 6-195 to 6-199, and p. 3-101)."""
    settings = f'"{source.capitalize()}CustomSweepList"'
    return ";".join(
        (
            ':TRIG:LOAD "Empty"',
            f":TRIG:BLOC:BUFF:CLE 1, {_BUFFER}",
            f":TRIG:BLOC:CONF:REC 2, {settings}",
            ":TRIG:BLOC:BRAN:ALW 3, 5",
            f":TRIG:BLOC:CONF:NEXT 4, {settings}",
            f":TRIG:BLOC:DEL:CONS 5, {delay:.6E}",
            f":TRIG:BLOC:MEAS 6, {_BUFFER}",
            f":TRIG:BLOC:BRAN:COUN 7, {count}, 4",
        )
    )


def _ranged(node: str, span: float | None) -> str:
    return f"{node}:RANG:AUTO 1" if span is None else f"{node}:RANG {span:.6E}"


def _names(setup: Setup) -> tuple[str, str]:
    """What is sourced and what is sensed, in the instrument's words."""
    return ("CURR", "VOLT") if isinstance(setup, CurrentSource) else ("VOLT", "CURR")
