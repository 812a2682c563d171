"""Networks that conduct something else than they are told, and tasks for them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from labrig.arrays import BranchArray, CodeArray, FloatArray
from labrig.circuit import Boundary, IdealNetwork, NetworkStates, Topology, solve
from labrig.devices.laws import RheostatLaw
from labrig.devices.parts import digipot
from labrig.learning import Bounds, Sample

Hidden: TypeAlias = Callable[[BranchArray], BranchArray]
"""What branches conduct in place of what the host asks for."""


class OffNetwork(IdealNetwork):
    """An ideal network whose branches follow a law that the host does not know."""

    def __init__(self, topology: Topology, hidden: Hidden) -> None:
        super().__init__(topology)
        self._hidden = hidden
        self.told: list[BranchArray] = []

    def settle(
        self, boundaries: Sequence[Boundary], *, program: BranchArray | None = None, currents: bool = False
    ) -> NetworkStates:
        if program is not None:
            self.told.append(program)
            program = self._hidden(program)
        return super().settle(boundaries, program=program, currents=currents)


def exact(_: int, __: int) -> Hidden:
    return lambda g: g


def off_by_a_fifth(branches: int, seed: int) -> Hidden:
    factors = np.random.default_rng([1, seed]).uniform(0.8, 1.2, branches)
    return lambda g: g * factors


def with_wipers(branches: int, seed: int) -> Hidden:
    factors = np.random.default_rng([1, seed]).uniform(0.8, 1.2, branches)
    return lambda g: np.asarray(1 / (1 / (g * factors) + 0.05))


def partly_stuck(branches: int, seed: int) -> Hidden:
    """One branch in twenty, anywhere in 0.1 … 1 S."""
    draw = np.random.default_rng([2, seed])
    stuck, at = draw.random(branches) < 0.05, np.exp(draw.uniform(np.log(0.1), np.log(1.0), branches))
    return lambda g: np.where(stuck, at, g)


PAPER = Topology.crossbar(40, 30)
PAPER_INPUTS = np.arange(1.0, 41.0)


def paper_targets(kind: str, seed: int) -> FloatArray:
    """On the paper's crossbar: of drawn conductances (easy), 15 … 26 V (middle) or 5 … 36 V (spread)."""
    draw = np.random.default_rng(seed)
    if kind == "easy":
        g = draw.uniform(0.1, 1.0, (40, 30))
        return np.asarray(PAPER_INPUTS @ g / g.sum(axis=0))
    return draw.uniform(*((15, 26) if kind == "middle" else (5, 36)), 30)


def sample_of(topology: Topology, inputs: FloatArray, targets: FloatArray) -> Sample:
    return Sample(
        dict(zip(topology.inputs, inputs.tolist(), strict=True)),
        dict(zip(topology.outputs, targets.tolist(), strict=True)),
    )


def several_samples(rows: int, columns: int, count: int, seed: int) -> tuple[Topology, list[Sample]]:
    """Inputs in 0 … 1 V, and targets that one set of conductances in the box gives for all."""
    draw, topology = np.random.default_rng(seed), Topology.crossbar(rows, columns)
    g = draw.uniform(0.1, 1.0, (rows, columns))
    p = draw.uniform(0.0, 1.0, (count, rows))
    y = p @ g / g.sum(axis=0)
    return topology, [sample_of(topology, a, b) for a, b in zip(p, y, strict=True)]


def grid(seed: int) -> tuple[Topology, Sample]:
    """The shipped 4×4 grid, its roles drawn: three inputs, three outputs, ten hidden nodes."""
    across = [(4 * r + c, 4 * r + c + 1) for r in range(4) for c in range(3)]
    down = [(4 * r + c, 4 * r + c + 4) for r in range(3) for c in range(4)]
    return _graph(16, sorted(across + down), [0.0, 1.0, 0.4], 3, np.random.default_rng(seed))


def random_graph(seed: int) -> tuple[Topology, Sample]:
    """30 nodes, 75 branches, four inputs and four outputs: a random tree first, so that all are joined."""
    draw = np.random.default_rng(seed)
    order = draw.permutation(30).tolist()
    branches = {tuple(sorted((order[k], order[int(draw.integers(k))]))) for k in range(1, 30)}
    while len(branches) < 75:
        a, b = draw.integers(30, size=2).tolist()
        if a != b:
            branches.add((min(a, b), max(a, b)))
    return _graph(30, [(a, b) for a, b in sorted(branches)], [0.0, 1.0, 0.4, 0.7], 4, draw)


def _graph(
    count: int,
    branches: Sequence[tuple[int, int]],
    inputs: Sequence[float],
    outputs: int,
    draw: np.random.Generator,
) -> tuple[Topology, Sample]:
    order = draw.permutation(count).tolist()
    sources, sinks = order[: len(inputs)], order[len(inputs) : len(inputs) + outputs]
    names = tuple(f"n{k}" for k in range(count))
    topology = Topology(names, tuple(branches), tuple(sources), tuple(sinks))
    volts = dict(zip(sources, inputs, strict=True))
    wanted = np.exp(draw.uniform(np.log(0.3), np.log(3), len(branches)))
    x = solve(topology, wanted, [Boundary(volts)]).node_voltages[0]
    return topology, Sample(volts, {node: float(x[node]) for node in sinks})


WIPER_SPAN = 5.0
WIPER_INPUTS = np.linspace(0.0, WIPER_SPAN, 40)
PPM = WIPER_SPAN / 1e6
_ALL_CODES = RheostatLaw.nominal(digipot("MCP4351-104"), 1200)
WIPER_LAW = _ALL_CODES.within(_ALL_CODES.conductances(_ALL_CODES.highest), np.full(1200, 356e-6))
"""257 taps of 100 kΩ at 5 V: codes 7 … 256 are legal."""
LEGAL = Bounds(WIPER_LAW.conductances(WIPER_LAW.highest), WIPER_LAW.conductances(WIPER_LAW.lowest))
NARROW, WIDE = (0.36, 0.64), (0.2, 0.8)
"""Shares of the span at which targets lie."""


class WiperBoard(IdealNetwork):
    """40×30 wipers whose resistances are off by up to ±20 %, read by a converter that may be noisy."""

    def __init__(self, seed: int, lsb: float = 0.0, noise: float = 0.0) -> None:
        super().__init__(PAPER)
        spread = np.random.default_rng([1, seed]).uniform(0.8, 1.2, 1200)
        self.truth = replace(WIPER_LAW, end_to_end=WIPER_LAW.end_to_end * spread)
        self.lsb = lsb
        self._noise = noise
        self._draw = np.random.default_rng([9, seed])
        self.x: list[FloatArray] = []
        """Outputs of every free state, V."""
        self.codes: list[CodeArray] = []

    def settle(
        self, boundaries: Sequence[Boundary], *, program: BranchArray | None = None, currents: bool = False
    ) -> NetworkStates:
        assert program is not None
        codes = WIPER_LAW.codes(program)
        self.codes.append(codes)
        states = super().settle(boundaries, program=self.truth.conductances(codes), currents=currents)
        read = states.node_voltages.copy()
        self.x.append(read[0, 40:].copy())
        released = states.voltage_origin[:, 40:] != 2
        noisy = read[:, 40:] + self._noise * self._draw.standard_normal(read[:, 40:].shape)
        if self.lsb:
            noisy = np.floor(noisy / self.lsb + 0.5) * self.lsb
        read[:, 40:] = np.where(released, noisy, read[:, 40:])
        return replace(states, node_voltages=read)

    def rms(self, y: FloatArray) -> FloatArray:
        """Distance of every free state from y over the outputs, ppm of the span."""
        return np.asarray(np.sqrt(((np.array(self.x) - y) ** 2).mean(axis=1)) / PPM)


def wiper_targets(seed: int, shares: tuple[float, float]) -> FloatArray:
    return np.asarray(WIPER_SPAN * np.random.default_rng(seed).uniform(*shares, 30))


def bits(count: int) -> float:
    """Step of a converter over the span, V."""
    return float(WIPER_SPAN / (2**count - 1))
