"""How near the target a crossbar of wipers is brought, and in how many settled states.

40×30 branches of 257 taps of 100 kΩ whose resistance is off by up to ±20 %, unknown to the host; 0 … 5 V. The
first reading and its repeat count. RMS over outputs in millionths of the span; half an LSB is 122 of 12 bit.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
import pytest

from labrig.arrays import BranchArray, CodeArray, FloatArray
from labrig.circuit import Boundary, IdealNetwork, NetworkStates, Topology
from labrig.devices.laws import RheostatLaw
from labrig.devices.parts import digipot
from labrig.learning import Bounds, Contrastive, Sample, TapSearch, TrainingStep, WholeTask, loop

ROWS, COLUMNS = 40, 30
NET = Topology.crossbar(ROWS, COLUMNS)
BRANCHES = ROWS * COLUMNS
SPAN = 5.0
P = np.linspace(0.0, SPAN, ROWS)
PPM = SPAN / 1e6
NOTHING = np.zeros(BRANCHES, dtype=np.bool_)
PART = digipot("MCP4351-104")
ALL_CODES = RheostatLaw.nominal(PART, BRANCHES)
LAW = ALL_CODES.within(ALL_CODES.conductances(ALL_CODES.highest), np.full(BRANCHES, 356e-6))
"""Codes 7 … 256."""
LEGAL = Bounds(LAW.conductances(LAW.highest), LAW.conductances(LAW.lowest))
SEEDS = range(100, 106)
NARROW, WIDE = (0.36, 0.64), (0.2, 0.8)


@dataclass
class Board(IdealNetwork):
    """Wipers whose resistances are their own, read by a converter of its own."""

    truth: RheostatLaw
    lsb: float
    noise: float
    seed: int
    x: list[FloatArray] = field(default_factory=list[FloatArray])
    codes: list[CodeArray] = field(default_factory=list[CodeArray])

    def __post_init__(self) -> None:
        super().__init__(NET)
        self.draw = np.random.default_rng([9, self.seed])

    def settle(
        self, boundaries: Sequence[Boundary], *, program: BranchArray | None = None, currents: bool = False
    ) -> NetworkStates:
        assert program is not None
        codes = LAW.codes(program)
        self.codes.append(codes)
        states = super().settle(boundaries, program=self.truth.conductances(codes), currents=currents)
        read = states.node_voltages.copy()
        self.x.append(read[0, ROWS:].copy())
        read[:, ROWS:] += self.noise * self.draw.standard_normal((1, COLUMNS))
        if self.lsb:
            read[:, ROWS:] = np.floor(read[:, ROWS:] / self.lsb + 0.5) * self.lsb
        return replace(states, node_voltages=read)

    def rms(self, y: FloatArray) -> FloatArray:
        """Of every state, ppm of the span."""
        return np.asarray(np.sqrt(((np.array(self.x) - y) ** 2).mean(axis=1)) / PPM)


def board(seed: int, lsb: float = 0.0, noise: float = 0.0) -> Board:
    spread = np.random.default_rng([1, seed]).uniform(0.8, 1.2, BRANCHES)
    return Board(replace(LAW, end_to_end=LAW.end_to_end * spread), lsb, noise, seed)


def targets(seed: int, shares: tuple[float, float]) -> FloatArray:
    return np.asarray(SPAN * np.random.default_rng(seed).uniform(*shares, COLUMNS))


def search(y: FloatArray, lsb: float = 0.0) -> TapSearch:
    return TapSearch(task(y), NET.inputs, NET.outputs, NOTHING, law=LAW, lsb=lsb)


def task(y: FloatArray) -> Sample:
    return Sample(
        dict(zip(NET.inputs, P.tolist(), strict=True)), dict(zip(NET.outputs, y.tolist(), strict=True))
    )


def steps(on: Board, policy: TapSearch, y: FloatArray, initial: BranchArray) -> Iterator[TrainingStep]:
    return loop(on, Contrastive(), policy, WholeTask([task(y)]), initial=initial, bounds=LEGAL)


def trained(on: Board, y: FloatArray, states: int, start: float = 20e-6) -> TapSearch:
    policy = search(y, on.lsb)
    for _ in islice(steps(on, policy, y, np.full(BRANCHES, start)), states):
        pass
    return policy


def bits(count: int) -> float:
    return float(SPAN / (2**count - 1))


@pytest.mark.parametrize("shares", [NARROW, WIDE])
@pytest.mark.parametrize(
    ("lsb", "at_10", "at_20"), [(0.0, 8, 3), (bits(16), np.inf, 8), (bits(12), np.inf, 61)]
)
@pytest.mark.parametrize("start", [20e-6, 50e-6])
def test_the_floor_of_taps_and_converter_is_come_to(
    lsb: float, at_10: float, at_20: float, start: float, shares: tuple[float, float]
) -> None:
    errors: list[FloatArray] = []
    for seed in SEEDS:
        on, y = board(seed, lsb), targets(seed, shares)
        trained(on, y, 20, start)
        errors.append(on.rms(y))
    median = np.median(errors, axis=0)
    assert median[9] <= at_10
    assert median[19] <= at_20
    assert np.max(errors, axis=0)[19] <= 1.5 * at_20, "no single seed is left behind"


def test_noise_is_averaged_as_fast_as_readings_allow() -> None:
    """0.1 % of the span; pooled over boards, within a tenth of σ/√n of a known constant."""
    noise = 1000 * PPM
    squares: list[float] = []
    for seed in SEEDS:
        on, y = board(seed, bits(16), noise), targets(seed, NARROW)
        policy = trained(on, y, 60)
        assert policy.noise == pytest.approx(noise, rel=0.5)
        squares.append(float(on.rms(y)[59] ** 2))
    assert np.sqrt(np.mean(squares)) <= 1.1 * 1000 / np.sqrt(60)


@pytest.mark.parametrize("lsb", [0.0, bits(16), bits(12)])
def test_wipers_come_to_rest(lsb: float) -> None:
    on, y = board(7, lsb), targets(7, WIDE)
    trained(on, y, 80)
    assert not np.diff(on.codes[-20:], axis=0).any()


@pytest.mark.parametrize("margin", [-250, 250, 20_000])
def test_what_the_board_cannot_reach_is_shown_and_the_best_is_come_to(margin: float) -> None:
    """On either side of the most that these wipers can give, which the host does not know."""
    on = board(3, bits(16))
    most, least = (on.truth.conductances(codes).reshape(ROWS, COLUMNS) for codes in (LAW.lowest, LAW.highest))
    vertices = [np.where((edge < P)[:, None], most, least) for edge in P]
    best = np.max([P @ g / g.sum(axis=0) for g in vertices], axis=0)
    y = best + margin * PPM
    policy = search(y, on.lsb)
    flagged = [policy.unreachable.all() for _ in islice(steps(on, policy, y, np.full(BRANCHES, 20e-6)), 7)]
    assert policy.unreachable.any() == (margin > 0)
    assert flagged[3] == (margin > 0)
    reached = np.minimum(y, best)
    assert on.rms(reached)[6] <= 20 + bits(16) / PPM


def test_a_search_that_was_stopped_goes_on_bit_for_bit() -> None:
    y, start = targets(5, WIDE), np.full(BRANCHES, 20e-6)
    whole = [step.next_latent for step in islice(steps(board(5, bits(12)), search(y, bits(12)), y, start), 9)]
    for done in (1, 2, 5):
        on, first, second = board(5, bits(12)), search(y, bits(12)), search(y, bits(12))
        begun = list(islice(steps(on, first, y, start), done))[-1]
        second.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
        rest = [step.next_latent for step in islice(steps(on, second, y, begun.next_latent), 9 - done)]
        np.testing.assert_array_equal(rest, whole[done:])


def test_masked_branches_stay_and_outputs_without_a_target_are_left_alone() -> None:
    y, mask = targets(6, NARROW), np.arange(BRANCHES) % 7 == 0
    sample = Sample(task(y).inputs, dict(zip(NET.outputs[1:], y[1:].tolist(), strict=True)))
    policy = TapSearch(sample, NET.inputs, NET.outputs, mask, law=LAW, lsb=0.0)
    on, initial = board(6), np.full(BRANCHES, 20e-6)
    done = loop(on, Contrastive(), policy, WholeTask([sample]), initial=initial, bounds=LEGAL, mask=mask)
    for _ in islice(done, 15):
        pass
    first, last = on.codes[0], on.codes[-1]
    np.testing.assert_array_equal(last[mask], first[mask])
    np.testing.assert_array_equal(last[::COLUMNS], first[::COLUMNS])
    assert np.abs(on.x[-1][1:] - y[1:]).max() < 5 * PPM


def test_a_few_stuck_wipers_are_worked_around() -> None:
    on, y = board(8), targets(8, NARROW)
    draw = np.random.default_rng(8)
    at = np.where(draw.random(BRANCHES) < 0.05, draw.integers(7, 257, BRANCHES), -1)
    moving = on.truth.conductances

    class PartlyStuck(RheostatLaw):
        def conductances(self, codes: CodeArray) -> BranchArray:
            return moving(np.where(at < 0, codes, at))

    on.truth = PartlyStuck(LAW.end_to_end, LAW.wiper, LAW.steps, LAW.lowest, LAW.highest)
    trained(on, y, 20)
    assert on.rms(y)[19] <= 8
