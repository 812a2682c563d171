"""The simulated board of memristors, which pulses move."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from labrig.boards.base import BoardRequest, Program
from labrig.sim.board import SimulatedBoard
from labrig.sim.hardware import Hardware
from labrig.sim.memristors import TrueMemristors


class MemristorBoard(SimulatedBoard):
    """A board whose branches have no program: pulses move them, and only reading tells where they are.

    Parameters
    ----------
    chips
        What it is made of.
    memristors
        Its branches; only this board moves them.
    """

    def __init__(self, chips: Hardware, memristors: TrueMemristors) -> None:
        # In process the host reads and pulses in turn.
        super().__init__(replace(chips, info=replace(chips.info, verifies=False)))
        self._memristors = memristors

    @property
    def memristors(self) -> TrueMemristors:
        """The true devices."""
        return self._memristors

    def state(self) -> Mapping[str, Sequence[float]]:
        """What pulses have made of its devices."""
        return self._memristors.state()

    def restore(self, state: Mapping[str, Sequence[float]]) -> None:
        """Put its devices where they stood."""
        self._memristors.restore(state)

    def _apply(self, request: BoardRequest) -> None:
        if request.pulses is not None:
            self.make_safe()
            self._memristors.pulse(request.pulses, request.index)
            self._count_writes(request.pulses.wipers.size)
        self._world.conductances = self._memristors.read(request.index, 0)

    def _told(self, request: BoardRequest) -> Program | None:
        del request
        return None

    def _program_digest(self) -> int:
        return 0
