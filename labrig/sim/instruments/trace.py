"""What crossed the wire of a simulated instrument, and what its output did, as lines of JSON."""

import json
from typing import TextIO

from labrig.sim.instruments.base import Clock, OutputState


class Trace:
    """Each line is written out at once, so that a killed simulation leaves all of them.

    Parameters
    ----------
    file
        None: nothing is written.
    clock
        Seconds since an arbitrary moment; lines count from the first of them.
    """

    def __init__(self, file: TextIO | None, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._begun = clock()

    def message(self, sender: str, data: bytes) -> None:
        """Write one message, of the ``client`` or the ``smu``."""
        self._write({"from": sender, "text": data.decode("latin-1")})

    def output(self, state: OutputState) -> None:
        """Write a change of the output."""
        self._write({"channel": state.channel, "output": state.on, "level": state.level})

    def _write(self, entry: dict[str, object]) -> None:
        if self._file is not None:
            line = json.dumps({"t": round(self._clock() - self._begun, 6), **entry})
            self._file.write(line + "\n")
            self._file.flush()
