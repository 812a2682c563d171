"""The simulated board: the whole of `Board` in process, on a `CircuitWorld`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from labrig.arrays import BoolArray, CodeArray, FloatArray, Seconds
from labrig.boards.base import (
    BoardInfo,
    BoardReply,
    BoardRequest,
    Codes,
    Conductances,
    Counters,
    Program,
    program_digest,
)
from labrig.boards.checking import check_request
from labrig.boards.writing import plan_writes
from labrig.circuit.boundary import Boundary
from labrig.errors import LinkClosed
from labrig.sim.converters import driver_levels
from labrig.sim.hardware import Hardware
from labrig.sim.pulls import has_pulls, resolve_pulls
from labrig.sim.world import CircuitWorld


@dataclass(frozen=True, slots=True)
class Readings:
    """What the board scanned, each of shape (M, L).

    The line side, V; the driver side, V, NaN where no voltage is held; whether the line side is at a rail.
    """

    volts: FloatArray
    sources: FloatArray
    saturated: BoolArray


class SimulatedBoard:
    """A board of true elements, converters and drive resistors.

    Parameters
    ----------
    chips
        What it is made of; only this board writes to them.
    """

    def __init__(self, chips: Hardware) -> None:
        self._info = replace(chips.info, learns=False)  # in process the host computes the updates
        self._world = chips.world
        self._branches = chips.branches
        self._reader = chips.reader
        self._sensor = chips.sensor
        self._driver = chips.driver
        self._boot_count = chips.boot_count
        self._climate = chips.climate
        self._index = 0
        self._program = chips.branches.power_up
        self._counters = Counters()
        self._open = True
        self._sent_before = False
        """Its codes were sent before."""
        self.imposed: Boundary = Boundary({})
        """What the drivers hold now; pulls toward a target have become voltages."""

    @property
    def world(self) -> CircuitWorld:
        """The circuit that it acts on."""
        return self._world

    @property
    def info(self) -> BoardInfo:
        """Identity, ranges and capabilities."""
        return self._info

    @property
    def counters(self) -> Counters:
        """Exchanges, settled states and codes; nothing crosses a link."""
        return self._counters

    def exchange(self, request: BoardRequest) -> BoardReply:
        """Program, impose, settle and scan; see `labrig.boards.base.Board`."""
        self._check_open()
        check_request(request, self._info)
        if request.boundaries or request.index:
            self._index = request.index
        self._apply(request)
        readings = self._scan(request)
        self._counters = replace(
            self._counters,
            exchanges=self._counters.exchanges + 1,
            turn_arounds=self._counters.turn_arounds + 1,
            measurements=self._counters.measurements + len(request.boundaries),
        )
        return BoardReply(
            voltages=readings.volts,
            sources=readings.sources,
            saturated=readings.saturated,
            program=self._told(request) if request.read_back else None,
            digest=self._program_digest(),
            boot_count=self._boot_count,
        )

    def digest(self) -> int:
        """Digest of the program that is on the board."""
        self._check_open()
        return self._program_digest()

    def celsius(self) -> float | None:
        """Its temperature in the exchange before; None: it has no thermometer."""
        return None if self._climate is None else self._climate.celsius(self._index)

    def renew(self, seconds: Seconds) -> None:
        """Nothing to renew: the board ends with the process that drives it."""

    def make_safe(self) -> None:
        """Release everything."""
        self._hold(Boundary({}))

    def close(self) -> None:
        """Make safe and refuse further exchanges."""
        self.make_safe()
        self._open = False

    def _hold(self, boundary: Boundary) -> None:
        self.imposed = boundary
        self._world.standing = self._driver.at(self._index).impose(boundary)

    def _check_open(self) -> None:
        if not self._open:
            msg = f"board {self._info.serial_number} is closed; open the bench again"
            raise LinkClosed(msg)

    def _apply(self, request: BoardRequest) -> None:
        """What comes before the scan: bring the branches where the request wants them."""
        if request.program is not None:
            self._write(request.program)
        if request.program is not None or self._branches.changing:
            self._world.conductances = self._branches.conductances(self._program, self._index)

    def _told(self, request: BoardRequest) -> Program | None:
        """What the chips say that they hold."""
        del request
        return self._branches.told(self._program)

    def _program_digest(self) -> int:
        return program_digest(self._program)

    def _write(self, program: Program) -> None:
        changed = program.values != self._program.values
        written = int(np.count_nonzero(changed)) if isinstance(program, Codes) else changed.size
        if isinstance(program, Codes) and self._info.payload is not None and self._info.codes is not None:
            written = self._sent(program.values, self._info.codes.bits, self._info.payload)
        self._program = _copy(program)
        self._count_writes(written)

    def _count_writes(self, written: int) -> None:
        self._counters = replace(self._counters, writes=self._counters.writes + written)

    def _sent(self, codes: CodeArray, bits: int, payload: int) -> int:
        """Codes that the frames to the board of this twin would carry; all of them, the first time."""
        held = self._program.values.astype(np.int64) if self._sent_before else None
        self._sent_before = True
        return plan_writes(held, codes, bits, payload)[1]

    def _scan(self, request: BoardRequest) -> Readings:
        """Free-standing states first; then those that pull from what the first ones read."""
        boundaries = request.boundaries
        shape = (len(boundaries), self._info.lines)
        found = Readings(np.zeros(shape), np.full(shape, np.nan), np.zeros(shape, dtype=np.bool_))
        pulled = [k for k, boundary in enumerate(boundaries) if has_pulls(boundary)]
        direct = [k for k in range(len(boundaries)) if k not in set(pulled)]
        for stage, rows in enumerate((direct, pulled)):
            if not rows:
                continue
            resolved = [resolve_pulls(boundaries[k], found.volts, request.averages, self._info) for k in rows]
            self._read(rows, resolved, found, request, stage)
            if rows[-1] == len(boundaries) - 1:
                self._hold(resolved[-1])
        return found

    def _read(
        self,
        rows: Sequence[int],
        boundaries: Sequence[Boundary],
        found: Readings,
        request: BoardRequest,
        stage: int,
    ) -> None:
        driver = self._driver.at(request.index)
        imposed = [driver.impose(boundary) for boundary in boundaries]
        volts = self._reader.alternated(self._world.settle(imposed), rows)
        read = self._reader.read(volts, averages=request.averages, index=request.index, stage=2 * stage)
        found.volts[rows], found.saturated[rows] = read
        if request.sources:
            levels = driver_levels(imposed, volts.shape)
            driven = ~np.isnan(levels)
            sensed, _ = self._sensor.read(
                np.where(driven, levels, 0.0),
                averages=request.averages,
                index=request.index,
                stage=2 * stage + 1,
            )
            found.sources[rows] = np.where(driven, sensed, np.nan)


def _copy(program: Program) -> Program:
    """What the caller does with its array later is no write."""
    if isinstance(program, Codes):
        return Codes(program.values.copy())
    return Conductances(program.values.copy())
