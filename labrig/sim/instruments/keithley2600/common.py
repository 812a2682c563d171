"""Common commands, which a Series 2600B translates to TSP (appendix C of the reference manual)."""

import re
from collections.abc import Callable
from typing import Protocol

from labrig.sim.instruments.keithley2600.interpreter import ScriptError


class Instrument(Protocol):
    """What they need of it."""

    identity: str
    event: int
    event_enable: int
    service_enable: int

    def reset(self) -> None:
        """``*RST``."""
        ...

    def clear_errors(self) -> None:
        """Empty the error queue."""
        ...

    def answer(self, text: str) -> None:
        """Put a line into the output."""
        ...

    def status_byte(self) -> int:
        """``*STB?``."""
        ...


def common_command(instrument: Instrument, line: str) -> None:
    """Carry one out; several may stand in a line, with semicolons between them.

    Raises
    ------
    ScriptError
        -113: there is no such command.
    """
    for command in filter(None, (part.strip() for part in line.split(";"))):
        _one(instrument, command)


def _one(instrument: Instrument, command: str) -> None:
    text = command.upper()
    if (found := re.fullmatch(r"\*(ESE|SRE)\s+(\d+)", text)) is not None:
        name = "event_enable" if found[1] == "ESE" else "service_enable"
        setattr(instrument, name, int(found[2]) & 255)
    elif text in _ANSWERED:
        instrument.answer(_ANSWERED[text](instrument))
    elif text in _DONE:
        _DONE[text](instrument)
    else:
        raise ScriptError(-113, "Undefined header")


def _read_event(instrument: Instrument) -> str:
    event, instrument.event = instrument.event, 0
    return str(event)


def _clear(instrument: Instrument) -> None:
    instrument.clear_errors()
    instrument.event = 0


def _complete(instrument: Instrument) -> None:
    instrument.event |= 1


_ANSWERED: dict[str, Callable[[Instrument], str]] = {
    "*IDN?": lambda instrument: instrument.identity,
    "*OPC?": lambda _: "1",
    "*TST?": lambda _: "0",
    "*STB?": lambda instrument: str(instrument.status_byte()),
    "*ESR?": _read_event,
    "*ESE?": lambda instrument: str(instrument.event_enable),
    "*SRE?": lambda instrument: str(instrument.service_enable),
}
_DONE: dict[str, Callable[[Instrument], None]] = {
    "*RST": lambda instrument: instrument.reset(),
    "*CLS": _clear,
    "*OPC": _complete,
    "*WAI": lambda _: None,
}
