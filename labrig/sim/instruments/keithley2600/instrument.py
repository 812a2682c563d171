"""The instrument: lines of TSP in, a Lua interpreter in the middle, two channels behind it."""

import struct
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from labrig.arrays import Seconds
from labrig.sim.instruments.analogue import Quantity
from labrig.sim.instruments.base import Clock
from labrig.sim.instruments.keithley2600.common import common_command
from labrig.sim.instruments.keithley2600.interpreter import Interpreter, ScriptError
from labrig.sim.instruments.keithley2600.smu import Refused, Sample, Smu

_MOST_ERRORS = 100
_LOADS = ("loadscript", "loadandrunscript")
_QUANTITIES = {"v": Quantity.VOLTAGE, "i": Quantity.CURRENT, "r": Quantity.CURRENT, "p": Quantity.CURRENT}
_TABLES: dict[str, dict[str, float]] = {
    "format": {"data": 1, "asciiprecision": 6, "byteorder": 1},
    "localnode": {"linefreq": 50, "autolinefreq": 1, "prompts": 0, "prompts4882": 1, "showerrors": 0},
    "display": {"screen": 2, "locallockout": 0, "numpad": 1},
    "beeper": {"enable": 1},
    "status": {
        "request_enable": 0,
        "node_enable": 0,
        "system_enable": 0,
        "request_event": 0,
        "node_event": 0,
    },
}
"""Attributes of the instrument's own tables, as it is switched on."""


class Keithley2600:
    """A Keithley 2602B on a circuit.

    Parameters
    ----------
    units
        Its channels.
    """

    identity = "Keithley Instruments Inc., Model 2602B, 4321098, 3.4.2"

    def __init__(self, units: Sequence[Smu], clock: Clock) -> None:
        self.units = units
        self.errors: deque[ScriptError] = deque()
        self.event, self.event_enable, self.service_enable = 128, 0, 0
        self._clock = clock
        self._started = self._timed = clock()
        self._input = bytearray()
        self._lines: deque[str] = deque()
        self._loading: tuple[str, list[str]] | None = None
        self._output = bytearray()
        self._tables = {name: dict(settings) for name, settings in _TABLES.items()}
        self._shown = ["", ""]
        self._running = False
        self._due: Seconds = 0.0
        self._lua = Interpreter(self._host())

    def receive(self, data: bytes, *, end: bool = False) -> None:
        """Take bytes; each line is a chunk, or part of a script that is being loaded."""
        self._input += data + b"\n" * end
        while b"\n" in self._input:
            line, _, rest = bytes(self._input).partition(b"\n")
            self._input = bytearray(rest)
            text = line.decode("latin-1").strip()
            if text == "abort":
                self._break_off()
            elif text:
                self._lines.append(text)

    def advance(self) -> Seconds | None:
        """Run what is due."""
        while True:
            if self._running:
                left = self._due - self._clock()
                if left > 0:
                    return left
                self._go_on()
            elif self._lines:
                self._take(self._lines.popleft())
            elif self._lua.has_pending():
                self._begin(self._lua.finish_pending)
            else:
                return None

    def respond(self) -> bytes:
        """Take what can be read by now."""
        response, self._output = bytes(self._output), bytearray()
        return response

    def clear(self) -> None:
        """Device clear: lines, responses, and what runs, go."""
        self._input.clear()
        self._lines.clear()
        self._output.clear()
        self._loading = None
        self._break_off()

    def status_byte(self) -> int:
        """Serial poll."""
        byte = 4 * bool(self.errors) | 16 * bool(self._output) | 32 * bool(self.event & self.event_enable)
        return byte | 64 * bool(byte & self.service_enable & ~64)

    def reset(self) -> None:
        """``reset()``: both channels, and formats."""
        self._reset_units()
        self._lua.drop_pending()

    def answer(self, text: str) -> None:
        """Put a line into the output."""
        self._output += text.encode("latin-1") + b"\n"

    def clear_errors(self) -> None:
        """Empty the error queue."""
        self.errors.clear()

    def report(self, error: ScriptError) -> None:
        """Put an error into the queue; a full one says so in its last entry."""
        self.event |= 32 if -300 < error.number < -284 or -200 < error.number <= -100 else 16
        if len(self.errors) >= _MOST_ERRORS:
            self.errors[-1] = ScriptError(-350, "Queue overflow")
        else:
            self.errors.append(error)

    def _take(self, line: str) -> None:
        if self._loading is not None:
            self._load(line)
        elif line.split(maxsplit=1)[0] in _LOADS:
            self._loading = (line, [])
        elif line.startswith("*"):
            try:
                common_command(self, line)
            except ScriptError as error:
                self.report(error)
        else:
            self._start(line)

    def _load(self, line: str) -> None:
        """Lines up to ``endscript`` make one script (section 6, fundamentals of scripting)."""
        if self._loading is None:
            return
        header, lines = self._loading
        if line != "endscript":
            lines.append(line)
            return
        self._loading = None
        command, _, name = header.partition(" ")
        try:
            script = self._lua.load("\n".join(lines), name.strip() or None)
        except ScriptError as error:
            self.report(error)
            return
        if command == "loadandrunscript":
            self._begin(script)

    def _start(self, text: str) -> None:
        try:
            self._begin(self._lua.compile(text, "chunk"))
        except ScriptError as error:
            self.report(error)

    def _begin(self, function: Any) -> None:
        self._lua.begin(function)
        self._running, self._due = True, self._clock()

    def _go_on(self) -> None:
        try:
            seconds = self._lua.step()
        except ScriptError as error:
            self._running = False
            self._lua.drop_pending()
            self.report(error)
            return
        if seconds is None:
            self._running = False
        else:
            self._due += seconds

    def _break_off(self) -> None:
        self._running = False
        self._lua.drop_pending()

    def _host(self) -> dict[str, Callable[..., Any] | int]:
        """What the prelude asks of the instrument."""
        return {
            "channels": len(self.units),
            "now": self._now,
            "get": self._get,
            "put": self._put,
            "reset": self._reset_unit,
            "reset_all": self._reset_units,
            "reading_time": self._reading_time,
            "sample": self._sample,
            "say": self.answer,
            "number": self._number,
            "numbers": self._numbers,
            "error_count": self._error_count,
            "next_error": self._next_error,
            "clear_errors": self.clear_errors,
            "get_localnode": self._get_node,
            "status_byte": self._status_byte,
            "clear_status": self._clear_status,
            "show": self._show,
            "shown": self._what_is_shown,
            "timer": self._timer,
            "timer_reset": self._reset_timer,
            "operation_complete": self._complete,
            **{f"get_{name}": partial(self._known, name) for name in _TABLES if name != "localnode"},
            **{f"put_{name}": partial(self._change, name) for name in _TABLES},
        }

    def _now(self) -> Seconds:
        return self._clock() - self._started

    def _unit(self, channel: float) -> Smu:
        return self.units[int(channel) - 1]

    def _reset_unit(self, channel: float) -> None:
        self._unit(channel).reset()

    def _reset_units(self) -> None:
        for unit in self.units:
            unit.reset()
        self._tables["format"] = dict(_TABLES["format"])

    def _reading_time(self, channel: float) -> Seconds:
        return self._unit(channel).reading_time()

    def _error_count(self) -> float:
        return float(len(self.errors))

    def _status_byte(self) -> float:
        return float(self.status_byte())

    def _what_is_shown(self) -> str:
        return "\n".join(self._shown)

    def _timer(self) -> Seconds:
        return self._clock() - self._timed

    def _get(self, channel: float, name: str) -> float:
        unit = self._unit(channel)
        if name not in unit.settings and name != "source.compliance":
            _unknown("smu", name)
        return float(unit.get(name))

    def _put(self, channel: float, name: str, value: float) -> None:
        unit = self._unit(channel)
        if name not in unit.settings:
            _unknown("smu", name)
        try:
            unit.put(name, value)
        except Refused as refused:
            raise ScriptError(refused.number, refused.text) from refused

    def _sample(self, channel: float, quantity: str) -> Any:
        unit = self._unit(channel)
        sample: Sample = unit.sample()
        return self._lua.table(
            {
                "volts": sample.volts,
                "amperes": sample.amperes,
                "status": float(sample.status),
                "level": sample.level,
                "range": unit.range_of(_QUANTITIES[quantity]),
            }
        )

    def _number(self, value: float) -> str:
        return f"{value:.{int(self._tables['format']['asciiprecision']) - 1}e}"

    def _numbers(self, values: Any, count: float) -> None:
        found = [float(values[k]) for k in range(1, int(count) + 1)]
        if self._tables["format"]["data"] == 1:
            self.answer(", ".join(map(self._number, found)))
            return
        letter = "f" if self._tables["format"]["data"] == 2 else "d"
        order = "<" if self._tables["format"]["byteorder"] == 1 else ">"
        self._output += b"#0" + struct.pack(f"{order}{len(found)}{letter}", *found) + b"\n"

    def _next_error(self) -> Any:
        error = self.errors.popleft() if self.errors else ScriptError(0, "Queue Is Empty")
        severity = 20.0 if error.number else 0.0
        return self._lua.table({"number": float(error.number), "text": error.text, "severity": severity})

    def _get_node(self, key: str) -> float | str:
        told = {"model": "2602B", "serialno": "4321098", "version": "3.4.2", "revision": "3.4.2"}
        return told[key] if key in told else self._known("localnode", key)

    def _known(self, table: str, key: str) -> float:
        settings = self._tables[table]
        return settings[key] if key in settings else _unknown(table, key)

    def _change(self, table: str, key: str, value: float) -> None:
        self._known(table, key)
        if key == "asciiprecision" and not 1 <= value <= 16:
            raise ScriptError(1101, "Parameter too big")
        self._tables[table][key] = value

    def _clear_status(self) -> None:
        self._tables["status"] = dict(_TABLES["status"])

    def _show(self, row: float, text: str) -> None:
        self._shown[int(row) - 1] = text[:32]

    def _reset_timer(self) -> None:
        self._timed = self._clock()

    def _complete(self) -> None:
        self.event |= 1


def _unknown(table: str, key: str) -> float:
    raise ScriptError(-286, f"TSP Runtime error at line 1: attempt to use `{key}' of {table}, which has none")
