"""Source-measure units of PyMeasure and QCoDeS, used as labrig uses its own: limited, ramped, off at the end.

Nothing of these libraries is imported here: an instrument of theirs is taken as it is. What it cannot tell is
worked out: a point counts as limited where the measured quantity is at the compliance.
"""

import math
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from labrig.arrays import Amperes, Seconds, Volts
from labrig.instruments.base import (
    Identity,
    Limited,
    Reading,
    Setup,
    SweepPoints,
    Unit,
    limited_unit_of,
    unit_of,
)
from labrig.instruments.numbers import number
from labrig.instruments.safe import Caps, SafeSourceMeter

_AT_THE_LIMIT = 0.999
_MOST_POINTS = 2500
Foreign: TypeAlias = Any
"""An instrument of another library."""


@dataclass(frozen=True, slots=True)
class Functions:
    """What the instrument of another library is asked and told, whatever the library calls it."""

    identity: Identity
    errors: Callable[[], list[str]]
    is_on: Callable[[], bool]
    switch: Callable[[bool], None]
    sourced: Callable[[], Unit]
    source: Callable[[Setup], None]
    """Choose what is sourced and how it is measured, but for level and compliance."""
    level: Callable[[Unit], float]
    set_level: Callable[[Unit, float], None]
    compliance: Callable[[Unit], float]
    set_compliance: Callable[[Unit, float], None]
    measured: Callable[[Unit], float]
    """Measure one quantity."""
    close: Callable[[], None]


class AdaptedChannel:
    """A `Channel` over such functions, point by point."""

    def __init__(self, functions: Functions) -> None:
        self._do = functions
        self._setup: Setup | None = None

    @property
    def name(self) -> str:
        """Model, as an error message names it."""
        return self._do.identity.model

    @property
    def identity(self) -> Identity:
        """Who answered the library."""
        return self._do.identity

    @contextmanager
    def within(self, seconds: Seconds) -> Generator[None]:  # noqa: ARG002
        """Deadlines are the library's own."""
        yield

    def errors(self) -> list[str]:
        """Empty the error queue."""
        return self._do.errors()

    def is_on(self) -> bool:
        """Whether the output is on."""
        return self._do.is_on()

    def switch(self, *, on: bool) -> None:
        """Turn the output on or off."""
        self._do.switch(on)

    def sourced(self) -> Unit:
        """What is sourced now."""
        return self._do.sourced()

    def level(self, unit: Unit) -> float:
        """What the source of this quantity is told now."""
        return self._do.level(unit)

    def set_level(self, level: float, unit: Unit) -> None:
        """Tell the source of this quantity."""
        self._do.set_level(unit, level)

    def compliance(self, unit: Unit) -> float:
        """The limit of this quantity, as read back."""
        return self._do.compliance(unit)

    def apply(self, setup: Setup) -> None:
        """Function, compliance and how it is measured; the level is 0."""
        self._do.source(setup)
        self._do.set_compliance(limited_unit_of(setup), setup.compliance)
        self._do.set_level(unit_of(setup), 0.0)
        self._setup = setup

    def measure(self, level: float) -> Reading:
        """The quantity that is limited; the other one is what the source was told."""
        if self._setup is None:
            raise AssertionError
        time.sleep(self._setup.metering.delay)
        unit = limited_unit_of(self._setup)
        value, lost = number(self._do.measured(unit))
        at_limit = abs(value) >= _AT_THE_LIMIT * self._setup.compliance
        volts, amperes = (level, value) if unit == "A" else (value, level)
        limited = Limited.SET if at_limit else Limited.NO
        return Reading(level, volts, amperes, time.monotonic(), math.nan, limited, lost)

    def run(self, points: SweepPoints) -> Sequence[Reading]:
        """Point by point."""
        return list(self._points(points))

    def longest_sweep(self) -> int:
        """Points of one `run`."""
        return _MOST_POINTS

    def abort(self) -> None:
        """Nothing goes on between two calls."""

    def close(self) -> None:
        """Let go of the instrument."""
        self._do.close()

    def _points(self, points: SweepPoints) -> Generator[Reading]:
        if self._setup is None:
            raise AssertionError
        unit = unit_of(self._setup)
        for level in map(float, points.levels):
            self._do.set_level(unit, level)
            time.sleep(points.delay)
            yield self.measure(level)


def from_pymeasure(
    instrument: Foreign, *, volts: Volts, amperes: Amperes, slew: float = 100.0
) -> SafeSourceMeter:
    """A source meter of PyMeasure that has the attributes of its Keithley 2400.

    Parameters
    ----------
    volts, amperes
        What is never asked for, as a level or as a compliance.
    slew
        V/s.
    """
    return SafeSourceMeter(AdaptedChannel(_pymeasure(instrument)), Caps(volts, amperes, slew))


def from_qcodes(
    instrument: Foreign, *, volts: Volts, amperes: Amperes, slew: float = 100.0
) -> SafeSourceMeter:
    """A source meter of QCoDeS that has the parameters of its Keithley 2400.

    Parameters
    ----------
    volts, amperes
        What is never asked for, as a level or as a compliance.
    slew
        V/s.
    """
    return SafeSourceMeter(AdaptedChannel(_qcodes(instrument)), Caps(volts, amperes, slew))


def _pymeasure(instrument: Foreign) -> Functions:
    names: dict[Unit, str] = {"V": "voltage", "A": "current"}

    def source(setup: Setup) -> None:
        instrument.source_mode = names[unit_of(setup)]
        setattr(instrument, f"{names[limited_unit_of(setup)]}_nplc", setup.metering.nplc)
        instrument.wires = 4 if setup.metering.four_wire else 2

    def put(prefix: str, unit: Unit, value: float) -> None:
        setattr(instrument, f"{prefix}_{names[unit]}", value)

    def get(name: str) -> float:
        return float(getattr(instrument, name))

    return Functions(
        identity=_identity(str(instrument.id)),
        errors=lambda: [str(error) for error in instrument.check_errors()],
        is_on=lambda: bool(instrument.source_enabled),
        switch=lambda on: setattr(instrument, "source_enabled", on),
        sourced=lambda: "A" if instrument.source_mode == "current" else "V",
        source=source,
        level=lambda unit: get(f"source_{names[unit]}"),
        set_level=lambda unit, value: put("source", unit, value),
        compliance=lambda unit: get(f"compliance_{names[unit]}"),
        set_compliance=lambda unit, value: put("compliance", unit, value),
        measured=lambda unit: get(names[unit]),
        close=instrument.adapter.close,
    )


def _qcodes(instrument: Foreign) -> Functions:
    modes: dict[Unit, str] = {"V": "VOLT", "A": "CURR"}
    levels: dict[Unit, str] = {"V": "volt", "A": "curr"}
    limits: dict[Unit, str] = {"V": "compliancev", "A": "compliancei"}
    cycles: dict[Unit, str] = {"V": "nplcv", "A": "nplci"}

    def source(setup: Setup) -> None:
        instrument.mode(modes[unit_of(setup)])
        getattr(instrument, cycles[limited_unit_of(setup)])(setup.metering.nplc)

    def errors() -> list[str]:
        found: list[str] = []
        while not (answer := str(instrument.ask(":SYST:ERR?"))).lstrip("+").startswith("0,"):
            found.append(f"error {answer}")
        return found

    told = instrument.get_idn()
    return Functions(
        identity=Identity(
            str(told["vendor"]), str(told["model"]), str(told["serial"]), str(told["firmware"])
        ),
        errors=errors,
        is_on=lambda: bool(instrument.output()),
        switch=instrument.output,
        sourced=lambda: "A" if str(instrument.mode()).startswith("CURR") else "V",
        source=source,
        level=lambda unit: float(instrument.ask(f":SOUR:{modes[unit]}:LEV?")),
        set_level=lambda unit, value: getattr(instrument, levels[unit])(value),
        compliance=lambda unit: float(getattr(instrument, limits[unit])()),
        set_compliance=lambda unit, value: getattr(instrument, limits[unit])(value),
        measured=lambda unit: float(getattr(instrument, levels[unit])()),
        close=instrument.close,
    )


def _identity(told: str) -> Identity:
    maker, model, serial_number, firmware = [*(part.strip() for part in told.split(",")), "", "", "", ""][:4]
    return Identity(maker, model, serial_number, firmware)
