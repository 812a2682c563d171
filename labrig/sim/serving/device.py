"""What a board's firmware keeps in memory, and what its requests act on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labrig.arrays import CodeArray, FloatArray, Seconds
from labrig.boards.base import BoardInfo, BoardReply, BoardRequest, CodeRange, Codes, Converter
from labrig.circuit.boundary import Boundary
from labrig.sim.board import SimulatedBoard
from labrig.wire.boundaries import Shape
from labrig.wire.definition import PER_MS

HEARTBEAT_MS = 1000
"""Silence after which an armed board releases its drivers, until a host asks for another one."""

Clock = Callable[[], Seconds]


@dataclass(frozen=True, slots=True)
class Reference:
    """A stored state, toward which later ones are nudged from."""

    volts: FloatArray
    """Readings of all lines, shape (L,), V."""
    averages: int


class Device:
    """A simulated board with converters and wipers, driven the way firmware drives its chips.

    Parameters
    ----------
    board
        Owned from now on.
    clock
        Seconds since an arbitrary moment.
    """

    def __init__(self, board: SimulatedBoard, clock: Clock) -> None:
        adc, dac, legal = board.info.adc, board.info.dac, board.info.codes
        if adc is None or dac is None or legal is None:
            msg = "a board on the wire has wiper codes, an ADC and a DAC"
            raise ValueError(msg)
        self.adc: Converter = adc
        self.dac: Converter = dac
        self.legal: CodeRange = legal
        self.shape = Shape(board.info.inputs, board.info.outputs, dac.bits)
        self.board = board
        self.armed = False
        self.heartbeat_ms = HEARTBEAT_MS
        self.inputs_known = False
        self.reference: Reference | None = None
        self.fault = 0
        self.heartbeat_expired = 0
        self.states = 0
        self.codes_written = 0
        self._clock = clock
        self._started = self._fed = clock()
        self._exchanges = 0
        self.boot_count = self.exchange().boot_count

    @property
    def info(self) -> BoardInfo:
        """Identity, ranges and capabilities."""
        return self.board.info

    @property
    def driven(self) -> int:
        """Drivers that are not released."""
        imposed = self.board.imposed
        return len(imposed.voltages) + len(imposed.currents) + len(imposed.nudges)

    @property
    def uptime_ms(self) -> int:
        """Since it was switched on."""
        return int((self._clock() - self._started) * PER_MS)

    @property
    def patience(self) -> Seconds | None:
        """How long nothing needs to be done without a byte from the host; None: for ever."""
        if not self.armed:
            return None
        return max(0.0, self._fed + self.heartbeat_ms / PER_MS - self._clock())

    def codes(self) -> CodeArray:
        """What the chips hold, shape (B,)."""
        program = self.exchange(read_back=True).program
        return np.array(program.values, np.int64) if isinstance(program, Codes) else np.zeros(0, np.int64)

    def write(self, codes: CodeArray, count: int) -> None:
        """Bring all chips to these codes, of which `count` were sent."""
        self.exchange(program=Codes(codes))
        self.codes_written += count

    def exchange(
        self,
        *boundaries: Boundary,
        program: Codes | None = None,
        averages: int = 1,
        sources: bool = False,
        read_back: bool = False,
    ) -> BoardReply:
        """One exchange of the simulated board; its noise is new in each."""
        self._exchanges += 1
        request = BoardRequest(
            boundaries=boundaries,
            program=program,
            averages=averages,
            sources=sources,
            read_back=read_back,
            index=self._exchanges,
        )
        return self.board.exchange(request)

    def make_safe(self) -> None:
        """Release every driver and disarm; wipers are kept."""
        self.board.make_safe()
        self.armed = False
        self.inputs_known = False
        self.reference = None

    def feed(self) -> None:
        """The host is alive."""
        self._fed = self._clock()

    def check_heartbeat(self) -> None:
        """Make safe where the host has been silent for too long."""
        if self.patience == 0:
            self.make_safe()
            self.heartbeat_expired += 1
