"""What a driver of one model has to know; how it is used safely is the same for all of them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from labrig.arrays import Seconds
from labrig.instruments.base import Identity, Reading, Setup, SweepPoints, Unit


class Channel(Protocol):
    """One channel of one model, in its own commands. Each call is one thing that the manual describes."""

    @property
    def name(self) -> str:
        """As an error message names it: model, and port."""
        ...

    @property
    def identity(self) -> Identity:
        """Who answered when the driver was made."""
        ...

    def within(self, seconds: Seconds) -> AbstractContextManager[None]:
        """Let nothing in the block wait for longer than this altogether."""
        ...

    def errors(self) -> list[str]:
        """Empty the error queue: number and text of each, oldest first."""
        ...

    def is_on(self) -> bool:
        """Whether the output is on."""
        ...

    def switch(self, *, on: bool) -> None:
        """Turn the output on or off."""
        ...

    def sourced(self) -> Unit:
        """What is sourced now."""
        ...

    def level(self, unit: Unit) -> float:
        """What the source of this quantity is told now."""
        ...

    def set_level(self, level: float, unit: Unit) -> None:
        """Tell the source of this quantity."""
        ...

    def compliance(self, unit: Unit) -> float:
        """The limit of this quantity while the other one is sourced, as read back."""
        ...

    def apply(self, setup: Setup) -> None:
        """Set everything up with level 0. Called with the output off, and leaves it off."""
        ...

    def measure(self, level: float) -> Reading:
        """One reading at the level that the source has already."""
        ...

    def run(self, points: SweepPoints) -> Sequence[Reading]:
        """Source and read all points in the instrument's own engine; the last level stays."""
        ...

    def longest_sweep(self) -> int:
        """Most points of one `run`."""
        ...

    def abort(self) -> None:
        """Break off what goes on, so that commands are heard again."""
        ...

    def close(self) -> None:
        """Let go of the link."""
        ...
