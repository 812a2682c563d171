"""Keysight (formerly Agilent) B2900 in SCPI, one or two channels.

Source: *Agilent B2900 SCPI Command Reference*, edition 2 (B2910-90030), pages as noted; with "B2961A" the
sister volume *Keysight B2961A/B2962A SCPI Command Reference*, edition 6 (B2961-90030), which has the same
subsystems. What neither was found to say is marked "from memory".

Not looked up, and so from memory as well: ``:FUNC:SHAPe``, ``:ARM``, ``:TRIGger`` and ``:INITiate:ACQuire``,
``:SENSe:REMote`` and ``:NPLC``, ``:SYSTem:LFRequency?``, and at which level ``:ABORt`` leaves the source.

``*RST`` would turn the other channel off without a ramp, so that nothing here sends it: each setting that
matters is named.
"""

import math
import time
from collections.abc import Sequence

from labrig.arrays import FloatArray, Seconds
from labrig.errors import ConfigError, LinkOpenError
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

_MAKERS = ("KEYSIGHT", "AGILENT")
_MOST_POINTS = 2500
"""Of a staircase (p. 4-108) and of a list (p. 4-105)."""
_LIST = 250
_ELEMENTS = 4
_DOUBLE = ">d"
"""``REAL,64`` in the byte order ``NORMal`` (B2961A, p. 1-13)."""
_OVERHEAD: Seconds = 2.0
_CYCLES = 6
"""Of the aperture that one point may take while its ranges are sought; a guess on the safe side."""
_NAMES: dict[Unit, str] = {"V": "VOLT", "A": "CURR"}
_OFF_MODES = {"normal": "NORM", "zero": "ZERO", "high-impedance": "HIZ"}
_COMPLIANCE, _OVERFLOWED = 0b110, 1 << 13
"""Of the status element (table 1-2, p. 1-14)."""


class KeysightB2900Channel(ScpiChannel):
    """One channel of a B2900.

    Parameters
    ----------
    channel
        1 or 2.
    line_frequency
        Hz.
    """

    def __init__(
        self, session: ScpiSession, identity: Identity, line_frequency: float, channel: int = 1
    ) -> None:
        super().__init__(session, identity)
        self._line_frequency = line_frequency
        self._number = channel
        self._list = f"(@{channel})"
        self._setup: Setup = VoltageSource(compliance=math.nan)

    @property
    def name(self) -> str:
        """Model, channel and port."""
        return f"channel {self._number} of {super().name}"

    def is_on(self) -> bool:
        """``:OUTPut[c]?``."""
        return self._session.flag(f":OUTP{self._number}?")

    def switch(self, *, on: bool) -> None:
        """``:OUTPut[c] ON|OFF``."""
        self._session.write(f":OUTP{self._number} {'ON' if on else 'OFF'}")

    def sourced(self) -> Unit:
        """``:SOURce[c]:FUNCtion:MODE?`` answers VOLT or CURR (from memory)."""
        return "A" if self._session.query(f":SOUR{self._number}:FUNC:MODE?").startswith("CURR") else "V"

    def level(self, unit: Unit) -> float:
        """``:SOURce[c]:…?``, the immediate level (p. 4-93).

        A sweep that was broken off has another one. It is measured, quickly, and becomes the immediate one
        when the engine is left.

        Raises
        ------
        UnexpectedReply
            It cannot be measured: nothing but off is without a jump to somewhere else.
        """
        k, name = self._number, _NAMES[unit]
        node = f":SOUR{k}:{name}"
        if not self._session.query(f"{node}:MODE?").startswith("FIX"):
            self._session.write(f":FORM ASC;:SENS{k}:{name}:NPLC 0.1")
            asked = f":MEAS:{name}? {self._list}"
            measured, lost = number(self._session.number(asked))
            if lost:
                raise self._session.unexpected(asked, lost, "the level of a sweep that was broken off")
            self._session.write(
                f"{node} {measured:.6E};{node}:MODE FIX;:SOUR{k}:FUNC:TRIG:CONT 0;:FORM REAL,64"
            )
        return self._session.number(f"{node}?")

    def set_level(self, level: float, unit: Unit) -> None:
        """``:SOURce[c]:…``, at once where this is what is sourced (p. 4-93)."""
        self._session.write(f":SOUR{self._number}:{_NAMES[unit]} {level:.6E}")

    def compliance(self, unit: Unit) -> float:
        """``:SENSe[c]:…:PROTection?`` (B2961A, p. 4-90)."""
        return self._session.number(f":SENS{self._number}:{_NAMES[unit]}:PROT?")

    def apply(self, setup: Setup) -> None:
        """Each setting that decides what leaves the terminals, and how it is measured.

        Outputs are turned on and off by command only: ``:OUTP:ON:AUTO`` is on after a reset and would turn
        them on with each ``:INITiate`` (B2961A, p. 4-67).
        """
        metering, k = setup.metering, self._number
        source, sense = _names(setup)
        self._setup = setup
        for command in (
            f":ABOR {self._list}",
            f":OUTP{k}:ON:AUTO 0;:OUTP{k}:OFF:AUTO 0;:OUTP{k}:OFF:MODE {_OFF_MODES[metering.off_mode]}",
            f":SENS{k}:REM {int(metering.four_wire)}",
            f":SOUR{k}:FUNC:MODE {source};:SOUR{k}:FUNC:SHAP DC;:SOUR{k}:FUNC:TRIG:CONT 0",
            f":SOUR{k}:{source}:MODE FIX;:SOUR{k}:{source} 0",
            _ranged(f":SOUR{k}:{source}", setup.range),
            f":SENS{k}:{sense}:PROT {setup.compliance:.6E}",
            f':SENS{k}:FUNC:OFF "RES";:SENS{k}:FUNC "VOLT","CURR"',
            _ranged(f":SENS{k}:{sense}", metering.range),
            f":SENS{k}:CURR:NPLC {metering.nplc:g};:SENS{k}:VOLT:NPLC {metering.nplc:g}",
            f":ARM{k}:COUN 1;:ARM{k}:SOUR AINT;:TRIG{k}:SOUR AINT;:TRIG{k}:COUN 1",
            f":TRIG{k}:TRAN:DEL 0;:TRIG{k}:ACQ:DEL {metering.delay:.6E}",
            ":FORM:ELEM:SENS VOLT,CURR,TIME,STAT;:FORM REAL,64;:FORM:BORD NORM",
        ):
            self._session.write(command)

    def measure(self, level: float) -> Reading:
        """Only the acquisition is triggered, so that the source stays where it is; then its range is read."""
        timeout = _OVERHEAD + self._point_time(self._setup.metering.delay)
        command = f":INIT:ACQ {self._list};:FETC? {self._list}"
        fields = self._session.floats(command, _ELEMENTS, timeout=timeout, layout=_DOUBLE)
        span = self._session.number(f":SENS{self._number}:{self._sense}:RANG?")
        return self._reading(level, fields, time.monotonic(), span)

    def run(self, points: SweepPoints) -> Sequence[Reading]:
        """The staircase or the list of the source, a measurement after each step, fetched in one block.

        ``:FUNC:TRIG:CONT`` holds the last level once the engine has ended, where the source would go back to
        its immediate level ("output after sweep", *B2900 User's Guide*, edition 5, p. 4-29; that this command
        sets it is from memory). The last level becomes the immediate one before the engine is left: nothing
        jumps.
        """
        k, count, metering = self._number, points.levels.size, self._setup.metering
        delay = max(points.delay, metering.delay)
        for command in (
            *self._engine(points.levels),
            f":SOUR{k}:FUNC:TRIG:CONT 1;:TRIG{k}:COUN {count};:TRIG{k}:ACQ:DEL {delay:.6E}",
            f":INIT {self._list}",
        ):
            self._session.write(command)
        begun = time.monotonic()
        timeout = _OVERHEAD + count * (self._point_time(delay) + 0.01)
        values = self._session.floats(
            f":FETC:ARR? {self._list}", count * _ELEMENTS, timeout=timeout, layout=_DOUBLE
        )
        self._session.write(
            f":SOUR{k}:{self._source} {points.levels[-1]:.6E};:SOUR{k}:{self._source}:MODE FIX;"
            f":SOUR{k}:FUNC:TRIG:CONT 0;:TRIG{k}:COUN 1;:TRIG{k}:ACQ:DEL {metering.delay:.6E}"
        )
        rows = [values[at : at + _ELEMENTS] for at in range(0, len(values), _ELEMENTS)]
        span = math.nan if metering.range is None else metering.range
        return [
            self._reading(float(level), row, begun + row[2] - rows[0][2], span)
            for level, row in zip(points.levels, rows, strict=True)
        ]

    def longest_sweep(self) -> int:
        """Points of one sweep."""
        return _MOST_POINTS

    def abort(self) -> None:
        """``:ABORt[:ALL]`` for this channel."""
        self._session.write(f":ABOR {self._list}")

    def _engine(self, levels: FloatArray) -> list[str]:
        """A staircase where the levels are one, which takes one message, else a list."""
        node, source = f":SOUR{self._number}", self._source
        shape = spacing(levels)
        if shape is Spacing.NEITHER:
            first, *rest = chunks(levels.tolist(), _LIST)
            more = [f"{node}:LIST:{source}:APP {part}" for part in rest]
            return [f"{node}:LIST:{source} {first}", *more, f"{node}:{source}:MODE LIST"]
        spaced = "LIN" if shape is Spacing.LINEAR else "LOG"
        ranging = "BEST" if self._setup.range is None else "FIX"
        return [
            f"{node}:{source}:STAR {levels[0]:.6E};:{node[1:]}:{source}:STOP {levels[-1]:.6E}",
            f"{node}:SWE:POIN {levels.size};SPAC {spaced};DIR UP;STA SING;RANG {ranging}",
            f"{node}:{source}:MODE SWE",
        ]

    def _reading(self, level: float, fields: Sequence[float], at: Seconds, span: float) -> Reading:
        (volts, no_volts), (amperes, no_amperes) = number(fields[0]), number(fields[1])
        status = 0 if math.isnan(fields[3]) else int(fields[3])
        lost = no_volts or no_amperes
        if status & _OVERFLOWED and not lost:
            lost = "overflow: beyond the measurement range, says the status"
            volts, amperes = (volts, math.nan) if self._sense == "CURR" else (math.nan, amperes)
        return Reading(
            level, volts, amperes, at, span, Limited.SET if status & _COMPLIANCE else Limited.NO, lost
        )

    def _point_time(self, delay: Seconds) -> Seconds:
        return delay + _CYCLES * self._setup.metering.nplc / self._line_frequency

    @property
    def _source(self) -> str:
        return _names(self._setup)[0]

    @property
    def _sense(self) -> str:
        return _names(self._setup)[1]


def connect(session: ScpiSession, channel: int = 1) -> KeysightB2900Channel:
    """See that a B2900 answers and has the channel, read its line frequency, and forget old errors.

    Raises
    ------
    LinkOpenError
        Something else answers.
    ConfigError
        The model has one channel, and the second is asked for.
    """
    session.clear()
    session.write(f":ABOR (@{channel})")  # a sweep that was left running would keep it from answering
    identity = session.identify()
    maker, model = identity.maker.upper(), identity.model.upper()
    if not (maker.startswith(_MAKERS) and model.startswith("B29")):
        msg = f"{session.name}: found {identity}; the rig has a Keysight B2900 there"
        raise LinkOpenError(msg)
    if channel > _channels(model):
        msg = f"channel: found {channel}; {identity.model} on {session.name} has one"
        raise ConfigError(msg)
    session.errors()
    return KeysightB2900Channel(session, identity, session.number(":SYST:LFR?"), channel)


def _channels(model: str) -> int:
    """The fourth character tells: B2901A, B2911B and B2910BL have one, B2902A and B2912B two."""
    return 2 if model[4:5] == "2" else 1


def _ranged(node: str, span: float | None) -> str:
    return f"{node}:RANG:AUTO 1" if span is None else f"{node}:RANG:AUTO 0;:{node[1:]}:RANG {span:.6E}"


def _names(setup: Setup) -> tuple[str, str]:
    """What is sourced and what is sensed, in the instrument's words."""
    return ("CURR", "VOLT") if isinstance(setup, CurrentSource) else ("VOLT", "CURR")
