"""Every error that labrig raises on purpose, and the exit code of its class.

::

    LabrigError
    ├── ConfigError 2
    ├── LinkError 3            LinkOpenError, LinkTimeout, LinkClosed
    ├── ProtocolError 4        FrameError, ProtocolMismatch, UnexpectedReply
    ├── DeviceError 5          BoardFault (BoardReset), InstrumentError, ReadbackMismatch
    ├── SafetyError 6          LimitExceeded, ComplianceReached, SafetyTripped
    ├── CalibrationError 7
    ├── CircuitError 8
    └── RunError 9

A message is one sentence that says what happened, where (file, line and key; or port, command and step) and
what to do. Exit code 1 is left to bugs, 10 to a preflight that advises against a run, 11 to a training that
paused because its board drifts, 130 to Ctrl-C, 143 to SIGTERM, 129 to SIGHUP (a terminal that is closed).
"""

from typing import ClassVar

PAUSED = 11
"""Exit code of a training that ended so that somebody sees to the board, and that can be resumed."""


class LabrigError(Exception):
    """Anything that is not a bug: shown to the user as one sentence, never as a traceback."""

    exit_code: ClassVar[int] = 1


class ConfigError(LabrigError):
    """A file, key, option or environment variable is wrong; found before any port is opened."""

    exit_code = 2


class LinkError(LabrigError):
    """Bytes do not get through."""

    exit_code = 3


class LinkOpenError(LinkError):
    """The port or socket cannot be opened, or nothing answers behind it."""


class LinkTimeout(LinkError):
    """Nothing, or too little, arrived before the deadline."""


class LinkClosed(LinkError):
    """The port vanished or the peer closed the connection."""


class ProtocolError(LabrigError):
    """Bytes arrive, but do not mean what the protocol says."""

    exit_code = 4


class FrameError(ProtocolError):
    """A frame is damaged: bad COBS, length or CRC."""


class ProtocolMismatch(ProtocolError):
    """The two ends were built from different protocol definitions."""


class UnexpectedReply(ProtocolError):
    """A valid frame that is no answer to what was asked."""


class DeviceError(LabrigError):
    """A board or instrument reports a fault of its own."""

    exit_code = 5


class BoardFault(DeviceError):
    """The board refused a request or lost its state."""


class BoardReset(BoardFault):
    """The board started anew (its boot count changed): it lost its session and perhaps its codes."""


class InstrumentError(DeviceError):
    """An instrument put an error into its queue."""


class ReadbackMismatch(DeviceError):
    """What was read back is not what was written."""


class SafetyError(LabrigError):
    """A limit would be, or was, exceeded; never retried."""

    exit_code = 6


class LimitExceeded(SafetyError):
    """A request was refused before a byte left, because it would exceed a limit."""


class ComplianceReached(SafetyError):
    """A source ran into its compliance and the policy says stop."""


class SafetyTripped(SafetyError):
    """Something measured crossed a limit; the bench was made safe."""


class CalibrationError(LabrigError):
    """A calibration is missing, too old or of another board."""

    exit_code = 7


class CircuitError(LabrigError):
    """The circuit has no unique solution, or a value in it is impossible."""

    exit_code = 8


class RunError(LabrigError):
    """A stored run cannot be read, written or resumed."""

    exit_code = 9
