"""Boards under contract: each of them with what a test knows of it beforehand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, CodeArray, FloatArray, Ohms, Siemens, Volts
from labrig.boards.base import Board, BoardInfo, BoardReply, BoardRequest, Codes, Conductances, Program
from labrig.circuit.boundary import Boundary
from labrig.circuit.solve import solve
from labrig.circuit.topology import Topology
from tests.support.network import on_lines

FLOATS: Volts = 1e-9
"""What the solvers' arithmetic may differ by: their matrices have condition numbers below 1e5."""


@dataclass
class Subject:
    """A board, the truth about its branches, and a look at its drivers past the board's own interface."""

    board: Board
    told: BoardInfo
    """What it has to say of itself, but for the text `firmware`."""
    truth: Callable[[Program], BranchArray]
    """True conductances of the branches under a program, shape (B,), S."""
    driven: Callable[[], int]
    """How many drivers are on; asked from the device itself, also when the board is closed."""

    @property
    def adc_step(self) -> Volts:
        """One LSB of its readings; 0 where they are exact."""
        return self.board.info.adc.lsb if self.board.info.adc else 0.0

    @property
    def dac_step(self) -> Volts:
        """One LSB of its drivers; 0 where they are exact."""
        return self.board.info.dac.lsb if self.board.info.dac else 0.0

    @property
    def tolerance(self) -> Volts:
        """How far a reading may be from the exact circuit's.

        Half a step of the ADC, and half a step of the DAC: a driver's level is off by so much, and no line
        moves by more than the drivers do, since every line's voltage is a weighted mean of theirs.
        """
        return (self.adc_step + self.dac_step) / 2 + FLOATS

    @property
    def codes_top(self) -> int:
        """Highest legal code."""
        assert self.board.info.codes is not None
        return self.board.info.codes.maximum

    def nudgeable(self, siemens: Siemens) -> Siemens:
        """The conductance nearest to this one that it nudges through."""
        assert self.board.info.nudging.through is not None
        low, high = self.board.info.nudging.through
        return min(max(siemens, low), high)

    def resistance(self, program: Program) -> Ohms:
        """No line is joined to a driven one by more: the weakest branch, and a drive resistor."""
        return float(1 / self.truth(program).min()) + self.board.info.drive

    def program(self, rng: np.random.Generator) -> Program:
        """Any legal program: all codes, or conductances over two decades."""
        branches = self.board.info.branches
        if self.board.info.codes is None:
            return Conductances(np.exp(rng.uniform(np.log(1e-5), np.log(1e-3), branches)))
        return Codes(rng.integers(0, self.codes_top, branches, endpoint=True))

    def ask(self, *boundaries: Boundary, program: Program | None = None, averages: int = 1) -> BoardReply:
        """An exchange that asks for everything."""
        return self.board.exchange(
            BoardRequest(boundaries, program, averages=averages, sources=True, read_back=True)
        )

    def exact(self, program: Program, boundaries: Sequence[Boundary]) -> FloatArray:
        """Voltage of every line by `labrig.circuit.solve` with the true conductances, shape (M, L), V."""
        drive = self.board.info.drive
        states = [behind_resistors(on_lines(), self.truth(program), drive, one) for one in boundaries]
        return np.array(states)


def with_values(program: Program, values: FloatArray | CodeArray) -> Program:
    """A program of the same kind."""
    if isinstance(program, Codes):
        return Codes(np.asarray(values, dtype=np.int64))
    return Conductances(np.asarray(values, dtype=np.float64))


def behind_resistors(
    topology: Topology, conductances: BranchArray, drive: float, boundary: Boundary
) -> FloatArray:
    """Line voltages (L,), each forced line joined to its source by a resistor: a node and a branch more."""
    if drive == 0:
        return np.asarray(solve(topology, conductances, [boundary]).node_voltages[0])
    lines, forced = len(topology.nodes), [*boundary.voltages]
    wider = Topology(
        nodes=(*topology.nodes, *(f"source{line}" for line in forced)),
        branches=(*topology.branches, *((line, lines + k) for k, line in enumerate(forced))),
        inputs=topology.inputs,
        outputs=topology.outputs,
    )
    g = np.concatenate([conductances, np.full(len(forced), 1 / drive)])
    levels = {lines + k: volts for k, volts in enumerate(boundary.voltages.values())}
    states = solve(wider, g, [Boundary(levels, boundary.currents, boundary.nudges)])
    return np.asarray(states.node_voltages[0, :lines])


def volts(
    rng: np.random.Generator, lines: Sequence[int], low: Volts = 0.2, high: Volts = 3.9
) -> dict[int, Volts]:
    """A voltage for each of these lines, within the span of every converter that is used here."""
    return {line: float(rng.uniform(low, high)) for line in lines}
