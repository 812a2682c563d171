"""How near the target a crossbar of wipers is brought, and in how many settled states.

40×30 branches of 257 taps of 100 kΩ whose resistance is off by up to ±20 %, unknown to the host; 0 … 5 V. The
first reading and its repeat count. RMS over outputs in millionths of the span; half an LSB is 122 of 12 bit.
"""

import json
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from labrig.arrays import BranchArray, CodeArray, FloatArray
from labrig.devices.laws import RheostatLaw
from labrig.learning import Contrastive, Sample, TapSearch, TrainingStep, WholeTask, loop
from labrig.learning.floor import Floor, predicted_floor
from tests.support.off import (
    LEGAL,
    NARROW,
    PAPER,
    PPM,
    WIDE,
    WIPER_INPUTS,
    WIPER_LAW,
    WiperBoard,
    bits,
    sample_of,
    wiper_targets,
)

ROWS, COLUMNS, BRANCHES = 40, 30, 1200
NOTHING = np.zeros(BRANCHES, dtype=np.bool_)
SEEDS = range(100, 106)


def search(y: FloatArray, lsb: float = 0.0) -> TapSearch:
    return TapSearch(task(y), PAPER.inputs, PAPER.outputs, NOTHING, law=WIPER_LAW, lsb=lsb)


def task(y: FloatArray) -> Sample:
    return sample_of(PAPER, WIPER_INPUTS, y)


def steps(on: WiperBoard, policy: TapSearch, y: FloatArray, initial: BranchArray) -> Iterator[TrainingStep]:
    return loop(on, Contrastive(), policy, WholeTask([task(y)]), initial=initial, bounds=LEGAL)


def trained(on: WiperBoard, y: FloatArray, states: int, start: float = 20e-6) -> TapSearch:
    policy = search(y, on.lsb)
    for _ in islice(steps(on, policy, y, np.full(BRANCHES, start)), states):
        pass
    return policy


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
        on, y = WiperBoard(seed, lsb), wiper_targets(seed, shares)
        trained(on, y, 20, start)
        errors.append(on.rms(y))
    median = np.median(errors, axis=0)
    assert median[9] <= at_10
    assert median[19] <= at_20
    assert np.max(errors, axis=0)[19] <= 1.5 * at_20, "no single seed is left behind"


@pytest.mark.parametrize(("lsb", "factor"), [(bits(16), 2.5), (bits(14), 2.5), (bits(12), 2.5), (0.0, 6.0)])
@pytest.mark.parametrize("shares", [NARROW, WIDE])
def test_it_is_told_beforehand_where_it_will_rest(
    lsb: float, factor: float, shares: tuple[float, float]
) -> None:
    """Within a factor; a coarser one where nothing but the luck of pairs of taps decides."""
    ratios: list[float] = []
    for seed in SEEDS:
        on, y = WiperBoard(seed, lsb), wiper_targets(seed, shares)
        told = predicted_floor(
            PAPER, [task(y)], Contrastive(), search(y, lsb), WIPER_LAW,
            bounds=LEGAL, initial=np.full(BRANCHES, 20e-6), steps=20, lsb=lsb,
        )  # fmt: skip
        assert isinstance(told, Floor)
        trained(on, y, 20)
        ratios.append(float(on.rms(y)[19] * PPM / told.rms))
    assert 1 / factor <= np.median(ratios) <= factor


def test_noise_is_averaged_as_fast_as_readings_allow() -> None:
    """0.1 % of the span; pooled over boards, within a tenth of σ/√n of a known constant."""
    noise = 1000 * PPM
    squares: list[float] = []
    for seed in SEEDS:
        on, y = WiperBoard(seed, bits(16), noise), wiper_targets(seed, NARROW)
        policy = trained(on, y, 60)
        assert policy.noise == pytest.approx(noise, rel=0.5)
        squares.append(float(on.rms(y)[59] ** 2))
    assert np.sqrt(np.mean(squares)) <= 1.1 * 1000 / np.sqrt(60)


@pytest.mark.parametrize("lsb", [0.0, bits(16), bits(12)])
def test_wipers_come_to_rest(lsb: float) -> None:
    on, y = WiperBoard(7, lsb), wiper_targets(7, WIDE)
    trained(on, y, 80)
    assert not np.diff(on.codes[-20:], axis=0).any()


@pytest.mark.parametrize("margin", [-250, 250, 20_000])
def test_what_the_board_cannot_reach_is_shown_and_the_best_is_come_to(margin: float) -> None:
    """On either side of the most that these wipers can give, which the host does not know."""
    on = WiperBoard(3, bits(16))
    most, least = (
        on.truth.conductances(codes).reshape(ROWS, COLUMNS) for codes in (WIPER_LAW.lowest, WIPER_LAW.highest)
    )
    vertices = [np.where((edge < WIPER_INPUTS)[:, None], most, least) for edge in WIPER_INPUTS]
    best = np.max([WIPER_INPUTS @ g / g.sum(axis=0) for g in vertices], axis=0)
    y = best + margin * PPM
    policy = search(y, on.lsb)
    flagged = [policy.unreachable.all() for _ in islice(steps(on, policy, y, np.full(BRANCHES, 20e-6)), 7)]
    assert policy.unreachable.any() == (margin > 0)
    assert flagged[3] == (margin > 0)
    reached = np.minimum(y, best)
    assert on.rms(reached)[6] <= 20 + bits(16) / PPM


def test_a_search_that_was_stopped_goes_on_bit_for_bit() -> None:
    y, start = wiper_targets(5, WIDE), np.full(BRANCHES, 20e-6)
    whole = [
        step.next_latent for step in islice(steps(WiperBoard(5, bits(12)), search(y, bits(12)), y, start), 9)
    ]
    for done in (1, 2, 5):
        on, first, second = WiperBoard(5, bits(12)), search(y, bits(12)), search(y, bits(12))
        begun = list(islice(steps(on, first, y, start), done))[-1]
        second.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
        rest = [step.next_latent for step in islice(steps(on, second, y, begun.next_latent), 9 - done)]
        np.testing.assert_array_equal(rest, whole[done:])


def test_masked_branches_stay_and_outputs_without_a_target_are_left_alone() -> None:
    y, mask = wiper_targets(6, NARROW), np.arange(BRANCHES) % 7 == 0
    sample = Sample(task(y).inputs, dict(zip(PAPER.outputs[1:], y[1:].tolist(), strict=True)))
    policy = TapSearch(sample, PAPER.inputs, PAPER.outputs, mask, law=WIPER_LAW, lsb=0.0)
    on, initial = WiperBoard(6), np.full(BRANCHES, 20e-6)
    done = loop(on, Contrastive(), policy, WholeTask([sample]), initial=initial, bounds=LEGAL, mask=mask)
    for _ in islice(done, 15):
        pass
    first, last = on.codes[0], on.codes[-1]
    np.testing.assert_array_equal(last[mask], first[mask])
    np.testing.assert_array_equal(last[::COLUMNS], first[::COLUMNS])
    assert np.abs(on.x[-1][1:] - y[1:]).max() < 5 * PPM


def test_a_few_stuck_wipers_are_worked_around() -> None:
    on, y = WiperBoard(8), wiper_targets(8, NARROW)
    draw = np.random.default_rng(8)
    at = np.where(draw.random(BRANCHES) < 0.05, draw.integers(7, 257, BRANCHES), -1)
    moving = on.truth.conductances

    class PartlyStuck(RheostatLaw):
        def conductances(self, codes: CodeArray) -> BranchArray:
            return moving(np.where(at < 0, codes, at))

    on.truth = PartlyStuck(
        WIPER_LAW.end_to_end, WIPER_LAW.wiper, WIPER_LAW.steps, WIPER_LAW.lowest, WIPER_LAW.highest
    )
    trained(on, y, 20)
    assert on.rms(y)[19] <= 8
