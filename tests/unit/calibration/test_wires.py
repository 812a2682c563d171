"""Resistances of lines, from exact and from noisy readings of circuits whose resistances are known."""

import numpy as np

from labrig.arrays import BoolArray, FloatArray, IntArray
from labrig.calibration.wires import WireFit, WireReadings, fit_wires
from labrig.circuit.topology import Topology
from labrig.circuit.wires import Mesh

DRIVE = 100.0
PART = 75.0


class Board:
    """N rows and columns with half of the branches at 75 ohm ±20 %, and the other half at 100 kohm."""

    def __init__(self, size: int, *, full: bool, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        topology = Topology.crossbar(size, size)
        every = np.ones(2 * size, dtype=np.bool_)
        self.mesh = Mesh.of(topology, topology.inputs, topology.outputs, every, every & full)
        self.kind: IntArray = np.where(self.mesh.at_end, self.mesh.line, 2 * size + (self.mesh.line >= size))
        self.ends = self.random.uniform(0.5, 2.0, 2 * size)
        self.true = np.concatenate([self.ends, [0.1, 0.25] if full else []])
        self.size = size

    def read(self, noise: float, opened: int | None = None) -> list[WireReadings]:
        size, half = self.size, self.random.permutation(self.size**2) < self.size**2 // 2
        return [self._program(which, noise, opened, size) for which in (half, ~half)]

    def _program(self, low: BoolArray, noise: float, opened: int | None, size: int) -> WireReadings:
        spread = 1 + 0.2 * self.random.uniform(-1, 1, size**2)
        branches = np.where(low, 1 / (PART * spread), 1e-5)
        guess = np.where(low, 1 / PART, 1e-5)
        if opened is not None:
            branches[opened] = 1e-12
        admittances, _ = self.mesh.seen(np.concatenate([branches, 1 / self.true[self.kind]]))
        driven = 0.1 * self.random.choice([-1.0, 1.0], (4 * size, 2 * size))
        volts = np.linalg.solve(admittances + np.eye(2 * size) / DRIVE, driven.T / DRIVE).T
        ours = volts + noise * self.random.normal(size=volts.shape)
        theirs = driven + noise * self.random.normal(size=volts.shape)
        return WireReadings(ours, (theirs - ours) / DRIVE, guess)

    def fit(self, readings: list[WireReadings], noise: float) -> WireFit:
        guess = np.concatenate([np.full(2 * self.size, 0.5), np.full(len(self.true) - 2 * self.size, 0.05)])
        return fit_wires(self.mesh, self.kind, guess, readings, 1 / DRIVE, noise)


def test_lumped_lines_are_found_exactly_from_exact_readings() -> None:
    board = Board(6, full=False, seed=1)
    found = board.fit(board.read(0.0), 1e-9)
    assert np.allclose(found.resistances, board.true, rtol=1e-4)


def test_lines_of_16_by_16_are_found_within_a_tenth() -> None:
    board = Board(16, full=True, seed=2)
    found = board.fit(board.read(10e-6), 10e-6)
    assert np.all(np.abs(found.resistances / board.true - 1) < 0.1)


def test_the_intervals_hold_what_is_true() -> None:
    off: list[FloatArray] = []
    misfits: list[float] = []
    for seed in range(30):
        board = Board(6, full=True, seed=seed)
        found = board.fit(board.read(10e-6), 10e-6)
        off.append((found.resistances - board.true) / found.uncertainties)
        misfits.append(found.misfit)
    inside = np.mean(np.abs(np.concatenate(off)) < 1.96)
    # Intervals of 95 %; those of one board are not independent, some four of its 14 are: four sigma of 120.
    assert 0.95 - 4 * np.sqrt(0.05 * 0.95 / 30 / 4) < inside
    # Some 500 degrees of freedom a board: the mean of 30 boards is known to 0.6 %.
    assert abs(np.mean(misfits) - 1) < 4 * 0.006


def test_lines_that_are_not_lumped_do_not_fit_as_such() -> None:
    whole, lumped = Board(8, full=True, seed=3), Board(8, full=False, seed=3)
    assert whole.fit(whole.read(10e-6), 10e-6).misfit < 1.2
    assert lumped.fit(whole.read(10e-6), 10e-6).misfit > 2


def test_an_open_branch_spoils_nothing() -> None:
    board = Board(8, full=False, seed=4)
    found = board.fit(board.read(10e-6, opened=11), 10e-6)
    assert np.all(np.abs(found.resistances - board.true) < 5 * found.uncertainties)
    assert np.all(found.uncertainties < 0.2)
