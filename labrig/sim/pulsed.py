"""What simulated memristors offer beyond other branches."""

from typing import Protocol, runtime_checkable

from labrig.arrays import FloatArray, IntArray


@runtime_checkable
class Pulsed(Protocol):
    """Branches that voltage pulses move. Their conductances follow, whatever the program is."""

    def pulse(self, wipers: IntArray, amplitudes: FloatArray, widths: FloatArray, index: int) -> None:
        """Give pulses, one after the other.

        Parameters
        ----------
        wipers
            Which branch, shape (P,).
        amplitudes
            V, shape (P,); above 0 sets.
        widths
            s, shape (P,).
        index
            Another one each time: what is random in a pulse follows from it.
        """
        ...
