"""A board some of whose lines are driven and read by source-measure units: to its user one `Board`."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from functools import reduce
from typing import Protocol

import numpy as np

from labrig.arrays import FloatArray, Seconds
from labrig.bench.guard import LEASE
from labrig.bench.line_meter import Forced, FunctionChanges, LineMeter
from labrig.boards.base import Board, BoardInfo, BoardReply, BoardRequest, Counters, celsius_of
from labrig.circuit.boundary import Boundary, Nudge, TowardTarget
from labrig.circuit.network import Nudging
from labrig.config.links import LinkConfig
from labrig.errors import ConfigError, LabrigError
from labrig.instruments.base import Identity, Limited, Reading
from labrig.instruments.ramping import walk

_LONGEST: Seconds = 30.0
"""What one state may take: ramps, changes of function and measurements of all units."""


class Lease(Protocol):
    """Somebody who turns things off unless told that all is well."""

    def renew(self, seconds: Seconds = ...) -> None:
        """All is well, for so long at least."""
        ...


class MeteredBoard:
    """Sets wipers through the board, and imposes and reads some lines through units.

    States are imposed one after the other: all units are on their way together and have arrived before the
    board imposes and scans what is left to it, and then the units measure at the same time, those on one link
    in turn. What the last state imposes stays.

    Parameters
    ----------
    board
        Open; its drivers of these lines stay released.
    meters
        By line.
    guard
        Told that all is well before each state.
    """

    def __init__(self, board: Board, meters: Mapping[int, LineMeter], guard: Lease) -> None:
        self._board = board
        self._meters = meters
        self._guard = guard
        by_link: defaultdict[LinkConfig, dict[int, LineMeter]] = defaultdict(dict)
        for line, meter in meters.items():
            by_link[meter.link][line] = meter
        self._groups = list(by_link.values())
        self._pool = ThreadPoolExecutor(len(self._groups), thread_name_prefix="labrig source meter")
        self._states = 0
        self.floating = False
        """Whether only one unit failed to let go last time: the others are off, and nothing can flow."""
        everything = len(meters) == board.info.lines
        self._info = replace(
            board.info,
            adc=None if everything else board.info.adc,
            dac=None if everything else board.info.dac,
            nudging=Nudging(toward_target=True, through=None, inject=board.info.nudging.inject or everything),
            learns=False,
        )

    @property
    def info(self) -> BoardInfo:
        """The board's; where units have all lines, readings and levels are on no converter's grid."""
        return self._info

    @property
    def counters(self) -> Counters:
        """The board's, with the states that units have read."""
        return replace(self._board.counters, measurements=self._states)

    def exchange(self, request: BoardRequest) -> BoardReply:
        """Program, then impose, settle and read state by state; see `labrig.boards.base.Board`."""
        if request.learn is not None:
            msg = "a board whose lines are on source meters cannot learn by itself; set learning.where: host"
            raise ConfigError(msg)
        self._board.renew(_LONGEST)
        reply = self._board.exchange(replace(request, boundaries=[]))
        shape = (len(request.boundaries), self._info.lines)
        volts, sources, amperes = (np.full(shape, np.nan) for _ in range(3))
        unusable = np.zeros(shape, dtype=np.bool_)
        for row, boundary in enumerate(request.boundaries):
            imposed = _resolved(boundary, volts)
            self._impose(imposed)
            scanned = self._scan(imposed, request)
            if scanned is not None:
                volts[row], sources[row], unusable[row] = (
                    scanned.voltages[0], scanned.sources[0], scanned.saturated[0],
                )  # fmt: skip
            for line, reading in self._read().items():
                volts[row, line] = reading.volts
                unusable[row, line] = reading.limited is not Limited.NO or bool(reading.lost)
                amperes[row, line] = np.nan if unusable[row, line] else reading.amperes
            self._states += 1
        return replace(reply, voltages=volts, sources=sources, saturated=unusable, amperes=amperes)

    @property
    def identities(self) -> dict[int, Identity]:
        """Who the unit on each of these lines is."""
        return {line: meter.identity for line, meter in self._meters.items()}

    @property
    def function_changes(self) -> FunctionChanges:
        """Of all units together."""
        return reduce(FunctionChanges.and_all_of, (meter.changes for meter in self._meters.values()))

    def celsius(self) -> float | None:
        """Temperature of the board; None where it does not tell."""
        return celsius_of(self._board)

    def digest(self) -> int:
        """Digest of the codes that are on the board now."""
        return self._board.digest()

    def renew(self, seconds: Seconds) -> None:
        """Renew the main loop's lease with the board and with the guard."""
        self._board.renew(seconds)
        self._guard.renew(max(seconds, LEASE))

    def make_safe(self) -> None:
        """Everything off and released, whatever fails; units on different links at the same time."""
        failures: list[LabrigError] = []
        ending = [self._pool.submit(_off_in_turn, group.values()) for group in self._groups]
        try:
            self._board.make_safe()
        except LabrigError as error:
            failures.append(error)
        finally:
            wait(ending)
        of_units = [error for off in ending for error in off.result()]
        self.floating = not failures and len(of_units) <= 1
        failures = [*of_units, *failures]
        if failures:
            for other in failures[1:]:
                failures[0].add_note(str(other))
            raise failures[0]

    def close(self) -> None:
        """Make safe, then let go of the board; who opened the units closes them."""
        try:
            self.make_safe()
        finally:
            self._pool.shutdown()
            self._board.close()

    def _impose(self, boundary: Boundary) -> None:
        self._guard.renew(_LONGEST)
        self._board.renew(_LONGEST)
        walk([meter.impose(_forced(boundary, line)) for line, meter in self._meters.items()])
        arriving = [self._pool.submit(_arrive_in_turn, group.values()) for group in self._groups]
        try:
            for group in arriving:
                group.result()
        finally:
            wait(arriving)

    def _scan(self, boundary: Boundary, request: BoardRequest) -> BoardReply | None:
        """What the board imposes and reads by itself; None where units have all lines."""
        if len(self._meters) == self._info.lines:
            time.sleep(request.settle)
            return None
        return self._board.exchange(
            replace(request, program=None, read_back=False, boundaries=[_without(boundary, self._meters)])
        )

    def _read(self) -> dict[int, Reading]:
        readings = [self._pool.submit(_read_in_turn, group) for group in self._groups]
        try:
            return {line: reading for group in readings for line, reading in group.result().items()}
        finally:
            wait(readings)  # whoever turns the units off next must not talk into a query


def _arrive_in_turn(meters: Iterable[LineMeter]) -> None:
    for meter in meters:
        meter.arrive()


def _read_in_turn(meters: Mapping[int, LineMeter]) -> dict[int, Reading]:
    return {line: meter.read() for line, meter in meters.items()}


def _off_in_turn(meters: Iterable[LineMeter]) -> list[LabrigError]:
    """What went wrong."""
    failures: list[LabrigError] = []
    for meter in meters:
        try:
            meter.make_safe()
        except LabrigError as error:
            failures.append(error)
    return failures


def _forced(boundary: Boundary, line: int) -> Forced:
    if line in boundary.voltages:
        return Forced(volts=boundary.voltages[line])
    return Forced(amperes=boundary.currents.get(line, 0.0))


def _without(boundary: Boundary, lines: Mapping[int, object]) -> Boundary:
    return Boundary(
        {line: volts for line, volts in boundary.voltages.items() if line not in lines},
        {line: amperes for line, amperes in boundary.currents.items() if line not in lines},
        {line: nudge for line, nudge in boundary.nudges.items() if line not in lines},
    )


def _resolved(boundary: Boundary, volts: FloatArray) -> Boundary:
    """The same with every pull toward a target as the voltage that it comes to, from rows read before."""
    voltages = dict(boundary.voltages)
    nudges: dict[int, Nudge] = {}
    for line, nudge in boundary.nudges.items():
        if isinstance(nudge, TowardTarget):
            x = float(volts[nudge.reference, line])
            voltages[line] = x + nudge.fraction * (nudge.target - x)
        else:
            nudges[line] = nudge
    return Boundary(voltages, boundary.currents, nudges)
