"""The simulated board of memristors: pulses, and writes that it verifies by itself."""

import numpy as np

from labrig.boards.base import BoardRequest, Program, Pulses, PulseScheme, Verified, VerifyTargets
from labrig.circuit.boundary import Boundary
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
        super().__init__(chips)
        self._memristors = memristors

    @property
    def memristors(self) -> TrueMemristors:
        """The true devices."""
        return self._memristors

    def _apply(self, request: BoardRequest) -> Verified | None:
        verified = None
        if request.pulses is not None:
            self.make_safe()
            self._memristors.pulse(request.pulses, request.index)
            self._count_writes(request.pulses.wipers.size)
        if request.verify is not None:
            self.make_safe()
            verified = self._verify(request.verify, request.index, request.averages)
            self._count_writes(int(verified.pulses.sum()))
        self._world.conductances = self._memristors.read(request.index, 0)
        return verified

    def _told(self, request: BoardRequest) -> Program | None:
        del request
        return None

    def _program_digest(self) -> int:
        return 0

    def _verify(self, targets: VerifyTargets, index: int, averages: int) -> Verified:
        """Branch after branch, as firmware does it: it knows no other branch than the one it reads.

        What the other branches of the column take of the output's small voltage counts as current that
        never came: a read is low by about the drive resistor times their sum.
        """
        count = targets.conductances.size
        found = Verified(
            np.full(count, np.nan),
            np.zeros(count, dtype=np.int64),
            np.zeros(count, dtype=np.int64),
            np.zeros(count, dtype=np.bool_),
        )
        turns = 1
        for wiper in range(count):
            goal = float(targets.conductances[wiper])
            if np.isnan(goal):
                continue
            last, volts = 0, 0.0
            while True:
                seen = self._sense(wiper, targets.scheme, index, turns, averages)
                turns += 1
                found.conductances[wiper] = seen
                if abs(seen - goal) <= targets.tolerance * goal:
                    found.reached[wiper] = True
                    break
                way = 1 if seen < goal else -1
                turned = last not in (0, way)
                if found.pulses[wiper] >= targets.scheme.most_pulses or (
                    turned and found.reversals[wiper] >= targets.scheme.most_reversals
                ):
                    break
                found.reversals[wiper] += turned
                volts = _next_volts(targets.scheme, way, volts if way == last else None)
                one = Pulses(np.array([wiper]), np.array([way * volts]), np.array([targets.scheme.width]))
                self._memristors.pulse(one, index, turns)
                found.pulses[wiper] += 1
                last = way
        return found

    def _sense(self, wiper: int, scheme: PulseScheme, index: int, turn: int, averages: int) -> float:
        """Current into the output over the voltage of the branch, from its own two converters, S."""
        info = self.info
        row, column = divmod(wiper, info.outputs)
        levels = dict.fromkeys(range(info.inputs + info.outputs), 0.0)
        levels[row] = scheme.read
        self._world.conductances = self._memristors.read(index, turn)
        imposed = self._driver.impose(Boundary(levels))
        true = self._world.settle([imposed])
        lines, _ = self._reader.read(true, averages=averages, index=index, stage=2 * turn)
        driven = self._driver.levels(levels)
        sides = np.zeros_like(true)
        sides[0, list(driven)] = list(driven.values())
        sources, _ = self._sensor.read(sides, averages=averages, index=index, stage=2 * turn + 1)
        output = info.inputs + column
        current = (lines[0, output] - sources[0, output]) / info.drive
        return float(current / (lines[0, row] - lines[0, output]))


def _next_volts(scheme: PulseScheme, way: int, before: float | None) -> float:
    """Magnitude of the next pulse; `before`: of the one before it, if that went the same way."""
    start, step, highest = (
        (scheme.set_start, scheme.set_step, scheme.set_highest)
        if way > 0
        else (scheme.reset_start, scheme.reset_step, scheme.reset_highest)
    )
    return start if before is None else min(before + step, highest)
