"""The status model and the error queue (IEEE 488.2, chapter 11; SCPI 1999, volume 1, chapter 9)."""

from collections import deque
from dataclasses import dataclass, field

from labrig.sim.instruments.scpi.errors import ScpiError

ERROR_AVAILABLE, QUESTIONABLE, MESSAGE_AVAILABLE, EVENT_SUMMARY, MASTER_SUMMARY, OPERATION = 2, 3, 4, 5, 6, 7
"""Bits of the status byte."""
OPERATION_COMPLETE, POWER_ON = 0, 7
"""Bits of the standard event status register."""


@dataclass(slots=True)
class Register:
    """Condition, event and enable of one group; events are positive transitions of the condition."""

    condition: int = 0
    event: int = 0
    enable: int = 0

    def set_condition(self, value: int) -> None:
        """Follow the condition; bits that rise are events."""
        self.event |= value & ~self.condition
        self.condition = value

    def read_event(self) -> int:
        """Give the events, and forget them."""
        event, self.event = self.event, 0
        return event

    @property
    def summary(self) -> bool:
        """Whether an enabled event is there."""
        return bool(self.event & self.enable)


@dataclass(slots=True)
class Status:
    """Everything that ``*STB?`` sums up.

    Parameters
    ----------
    depth
        Entries that the error queue holds; one more replaces the last by -350.
    """

    depth: int = 10
    standard: Register = field(default_factory=lambda: Register(event=1 << POWER_ON))
    operation: Register = field(default_factory=Register)
    questionable: Register = field(default_factory=Register)
    measurement: Register = field(default_factory=Register)
    service_enable: int = 0
    message_available: bool = False
    _errors: deque[str] = field(default_factory=deque[str])

    def report(self, error: ScpiError) -> None:
        """Put an error into the queue."""
        self.standard.event |= 1 << error.event_bit
        if len(self._errors) >= self.depth:
            self._errors[-1] = ScpiError(-350).entry
        else:
            self._errors.append(error.entry)

    def next_error(self) -> str:
        """The oldest entry, or that there is none."""
        return self._errors.popleft() if self._errors else '0,"No error"'

    def all_errors(self) -> str:
        """All entries at once."""
        entries = ",".join(self._errors) or '0,"No error"'
        self._errors.clear()
        return entries

    @property
    def error_count(self) -> int:
        """Entries in the queue."""
        return len(self._errors)

    def clear_errors(self) -> None:
        """Empty the queue."""
        self._errors.clear()

    def clear(self) -> None:
        """``*CLS``: events and errors go, enables stay (IEEE 488.2, 10.3)."""
        self._errors.clear()
        for register in (self.standard, self.operation, self.questionable, self.measurement):
            register.event = 0

    def preset(self) -> None:
        """``:STATus:PRESet``: all enables but the standard one's go (SCPI 1999, volume 2, 20.7)."""
        for register in (self.operation, self.questionable, self.measurement):
            register.enable = 0

    def byte(self) -> int:
        """The status byte with its master summary."""
        byte = (
            bool(self.measurement.summary) << 0
            | bool(self._errors) << ERROR_AVAILABLE
            | self.questionable.summary << QUESTIONABLE
            | self.message_available << MESSAGE_AVAILABLE
            | self.standard.summary << EVENT_SUMMARY
            | self.operation.summary << OPERATION
        )
        return byte | bool(byte & self.service_enable & ~(1 << MASTER_SUMMARY)) << MASTER_SUMMARY
