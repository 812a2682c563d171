"""What simulated memristors offer beyond other branches."""

from typing import Protocol, runtime_checkable

from labrig.boards.base import Pulses


@runtime_checkable
class Pulsed(Protocol):
    """Branches that voltage pulses move. Their conductances follow, whatever the program is."""

    def pulse(self, pulses: Pulses, index: int, number: int) -> None:
        """Give pulses, one after the other.

        Parameters
        ----------
        index
            Of the exchange, or scan: the time at which they come.
        number
            Another one each time: what is random in a pulse follows from both.
        """
        ...
