"""The instrument: messages on one side, two channels on the other."""

import re
import struct
from collections.abc import Sequence

from labrig.sim.instruments.base import Clock
from labrig.sim.instruments.keysight_b2900.channel import ELEMENTS, Channel
from labrig.sim.instruments.keysight_b2900.result_commands import add_result_commands
from labrig.sim.instruments.keysight_b2900.sense_commands import add_sense_commands
from labrig.sim.instruments.keysight_b2900.source_commands import add_source_commands
from labrig.sim.instruments.keysight_b2900.trigger_commands import add_trigger_commands
from labrig.sim.instruments.scpi.engine import ScpiInstrument
from labrig.sim.instruments.scpi.errors import ScpiError

_LIST = re.compile(r"\(@\s*(\d+(?:\s*[,:]\s*\d+)*)\s*\)")


class KeysightB2900(ScpiInstrument):
    """A B2902A on a circuit."""

    identity = "Keysight Technologies,B2902A,MY51140001,3.4.2011.5100"

    def __init__(self, channels: Sequence[Channel], clock: Clock) -> None:
        super().__init__(clock, errors=99)
        self.channels = channels
        self.started = clock()
        self.elements: tuple[str, ...] = ELEMENTS
        self.layout = "ASCii"
        self.swapped = False
        for channel in channels:
            add_source_commands(self.tree, channel)
            add_sense_commands(self.tree, channel)
            add_trigger_commands(self.tree, channel)
        add_result_commands(self)

    def reset(self) -> None:
        """``*RST``."""
        for channel in self.channels:
            channel.reset()
        self.elements, self.layout, self.swapped = ELEMENTS, "ASCii", False

    def is_urgent(self, message: str) -> bool:
        """``:ABORt`` of any layer."""
        return message.strip().lstrip(":").upper().startswith("ABOR")

    def listed(self, text: str | None) -> list[Channel]:
        """Channels of a list such as ``(@1,2)``; without one, the first.

        Raises
        ------
        ScpiError
            It is no list, or names a channel that is not there.
        """
        if text is None:
            return [self.channels[0]]
        match = _LIST.fullmatch(text.strip())
        if match is None:
            raise ScpiError(-104)
        numbers: list[int] = []
        for part in match[1].split(","):
            ends = [int(end) for end in part.split(":")]
            numbers += range(ends[0], ends[-1] + 1)
        if not all(1 <= number <= len(self.channels) for number in numbers):
            raise ScpiError(-222)
        return [self.channels[number - 1] for number in dict.fromkeys(numbers)]

    def write(self, numbers: Sequence[float]) -> str | bytes:
        """Results in the format that is set (p. 1-12)."""
        if self.layout == "ASCii":
            return ",".join(f"{number:+.6E}" for number in numbers)
        letter = "f" if self.layout == "REAL,32" else "d"
        data = struct.pack(f"{'<' if self.swapped else '>'}{len(numbers)}{letter}", *numbers)
        size = str(len(data))
        return f"#{len(size)}{size}".encode() + data
