"""The message exchange: bytes in, units one after the other, some of which take time, responses out."""

from collections import deque
from collections.abc import Generator, Iterator

from labrig.arrays import Seconds
from labrig.sim.instruments.base import Clock
from labrig.sim.instruments.scpi.common import add_common_commands
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.status import Status
from labrig.sim.instruments.scpi.syntax import Unit, units
from labrig.sim.instruments.scpi.tree import CommandTree, Response, Running

_LONGEST = 1 << 20
"""Bytes of a message."""


class ScpiInstrument:
    """What all models share. A model adds commands to `tree`, and says what a reset and an abort are.

    Not simulated: -410 and -420. Responses are taken as soon as they are there.
    """

    identity: str = ""

    def __init__(self, clock: Clock, *, errors: int = 10) -> None:
        self.status = Status(depth=errors)
        self.tree = CommandTree()
        self._clock = clock
        self._input = bytearray()
        self._messages: deque[str] = deque()
        self._units: Iterator[Unit] | None = None
        self._running: Running | None = None
        self._due: Seconds = 0.0
        self._answers: list[str | bytes] = []
        self._output = bytearray()
        add_common_commands(self)

    @property
    def now(self) -> Seconds:
        """Since an arbitrary moment."""
        return self._clock()

    def reset(self) -> None:
        """``*RST``."""

    def abort(self) -> None:
        """Break off whatever the model does beside messages."""

    def is_urgent(self, message: str) -> bool:
        """Whether a message is carried out while another one still takes its time."""
        return message.strip().upper().lstrip(":") in ("ABOR", "ABORT")

    def trigger(self) -> Response | Running:
        """``*TRG``."""
        raise ScpiError(-211)

    def receive(self, data: bytes, *, end: bool = False) -> None:
        """Take bytes of messages; LF ends one, and so does `end`."""
        self._input += data + b"\n" * end
        while b"\n" in self._input:
            line, _, rest = bytes(self._input).partition(b"\n")
            self._input = bytearray(rest)
            message = line.decode("latin-1").strip()
            if not message:
                continue
            if self._running is not None and self.is_urgent(message):
                self._break_off()
                self._messages.clear()
            self._messages.append(message)
        if len(self._input) > _LONGEST:
            self._input.clear()
            self.status.report(ScpiError(-223))

    def advance(self) -> Seconds | None:
        """Carry out what is due."""
        while True:
            if self._running is not None:
                left = self._due - self._clock()
                if left > 0:
                    return left
                self._go_on()
            elif self._units is not None:
                self._next_unit()
            elif self._messages:
                self._units = units(self._messages.popleft())
            else:
                return None

    def respond(self) -> bytes:
        """Take what can be read by now."""
        response, self._output = bytes(self._output), bytearray()
        self.status.message_available = False
        return response

    def clear(self) -> None:
        """Device clear (IEEE 488.2, 5.8)."""
        self._input.clear()
        self._messages.clear()
        self._output.clear()
        self._break_off()
        self.abort()

    def status_byte(self) -> int:
        """Serial poll."""
        return self.status.byte()

    def _break_off(self) -> None:
        if self._running is not None:
            self._running.close()
        self._running, self._units, self._answers = None, None, []

    def _next_unit(self) -> None:
        try:
            unit = next(self._units) if self._units is not None else None
        except StopIteration:
            self._finish()
            return
        except ScpiError as error:
            self._fail(error)
            return
        if unit is None:
            return
        try:
            result = self.tree.find(unit)(unit.parameters)
        except ScpiError as error:
            self._fail(error)
            return
        if isinstance(result, Generator):
            self._running, self._due = result, self._clock()
        elif result is not None:
            self._answers.append(result)

    def _go_on(self) -> None:
        running = self._running
        if running is None:
            return
        try:
            self._due = self._due + next(running)
        except StopIteration as ended:
            self._running = None
            if ended.value is not None:
                self._answers.append(ended.value)
        except ScpiError as error:
            self._running = None
            self._fail(error)

    def _fail(self, error: ScpiError) -> None:
        """Report, and drop what is left of the message; what was answered before is sent."""
        self.status.report(error)
        self._finish()

    def _finish(self) -> None:
        self._units = None
        if self._answers:
            parts = [part.encode("latin-1") if isinstance(part, str) else part for part in self._answers]
            self._output += b";".join(parts) + b"\n"
            self.status.message_available = True
            self._answers = []
