"""The predicted floor of potentiometers; whether trainings end there is seen in tests/scenario."""

import re
from collections.abc import Sequence

import numpy as np
import pytest

from labrig.arrays import BranchArray
from labrig.circuit import Topology
from labrig.devices.laws import RheostatLaw
from labrig.devices.parts import digipot
from labrig.learning import (
    Bounds,
    Contrastive,
    Coupled,
    DiminishingStep,
    FixedStep,
    Floor,
    LearningRule,
    NoFloor,
    Sample,
    StepPolicy,
    predicted_floor,
)

TOPOLOGY = Topology.crossbar(40, 30)
LAW = RheostatLaw.nominal(digipot("MCP4351-104"), 1200)
CODES = np.ones(1200, dtype=np.int64)
BOX = Bounds(LAW.conductances(256 * CODES), LAW.conductances(7 * CODES))
START = np.full(1200, 20e-6)
LOW, HIGH = 0.1, 4.9
SPAN = HIGH - LOW
LSB = 5 / (2**16 - 1)
STEPS = 3000


def sample(seed: int, low: float = 0.2, high: float = 0.8) -> Sample:
    """Targets at shares of the input span."""
    shares = np.random.default_rng(seed).uniform(low, high, 30)
    return Sample(
        {k: LOW + SPAN * k / 39 for k in range(40)},
        {40 + k: float(LOW + SPAN * share) for k, share in enumerate(shares)},
    )


def predict(
    task: Sequence[Sample],
    *,
    rate: float = 3e-6,
    rule: LearningRule = Contrastive(),  # noqa: B008 - frozen
    policy: StepPolicy | None = None,
    start: BranchArray = START,
    steps: int = STEPS,
    lsb: float = LSB,
) -> Floor | NoFloor:
    step = policy or FixedStep(rate)
    return predicted_floor(TOPOLOGY, task, rule, step, LAW, bounds=BOX, initial=start, steps=steps, lsb=lsb)


def test_where_nothing_has_to_be_learned_the_floor_follows_by_hand() -> None:
    """Every target is the mean of the inputs, which equal conductances give: the latents never move."""
    middle = (LOW + HIGH) / 2
    task = Sample({k: LOW + SPAN * k / 39 for k in range(40)}, {40 + k: middle for k in range(30)})
    floor = predict([task], rate=3e-6)
    assert isinstance(floor, Floor)
    g, s = 20e-6, 40 * 20e-6
    tap = g**2 * 100e3 / 256  # of g = 1/R: ΔR g²
    distance = SPAN / 4 * 40 / 39  # mean of |p − x| over 40 even steps
    square = SPAN**2 / 12 * 41 / 39  # mean of (p − x)²
    gain = 2 * 3e-6 * 40 * square / s
    cycle = 2 / (2 - gain) * np.sqrt(2 / 5) * tap * distance / s
    np.testing.assert_allclose(floor.outputs, np.hypot(cycle, LSB / np.sqrt(12)), rtol=0.01)


def test_the_floor_is_that_of_its_outputs() -> None:
    floor = predict([sample(0)])
    assert isinstance(floor, Floor)
    assert floor.outputs.shape == (30,)
    assert floor.error == pytest.approx(float(np.linalg.norm(floor.outputs)))
    assert floor.rms == pytest.approx(floor.error / np.sqrt(30))


def test_outputs_without_targets_have_no_floor_and_change_no_other() -> None:
    whole = sample(0)
    part = Sample(whole.inputs, {node: y for node, y in whole.targets.items() if node % 2})
    floors = [predict([task]) for task in (whole, part)]
    assert isinstance(floors[0], Floor)
    assert isinstance(floors[1], Floor)
    np.testing.assert_allclose(floors[1].outputs, floors[0].outputs[1::2], rtol=1e-6)


def test_the_rounding_of_the_converter_adds_in_squares() -> None:
    lsb = 1e-3
    exact, coarse = predict([sample(0)], lsb=0.0), predict([sample(0)], lsb=lsb)
    assert isinstance(exact, Floor)
    assert isinstance(coarse, Floor)
    np.testing.assert_allclose(coarse.outputs**2 - exact.outputs**2, lsb**2 / 12, rtol=1e-6)


def test_at_high_conductance_a_tap_is_larger_and_so_is_the_floor() -> None:
    task = sample(0, 0.36, 0.64)
    floors = [predict([task], rate=1e-6, start=np.full(1200, g)) for g in (20e-6, 100e-6)]
    assert isinstance(floors[0], Floor)
    assert isinstance(floors[1], Floor)
    # δg ∝ g² and s ∝ g: one tap moves an output by an amount in proportion to g.
    assert floors[1].rms / floors[0].rms == pytest.approx(5, rel=0.2)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (predict([sample(0)], rate=1e-4), "rate is too large"),
        (predict([sample(0)], rate=3e-5), "move a branch by .* taps; lower the rate"),
        (predict([sample(0)], steps=200), "take more steps"),
        (predict([sample(0)], rule=Coupled(0.5)), "contrastive learning with a fixed step only"),
        (predict([sample(0)], policy=DiminishingStep(1e-6, 1.0)), "with a fixed step only"),
        (predict([sample(0, 0.95, 0.99)]), "see whether the target can be reached"),
        (predict([sample(0), sample(1)]), "one sample on a crossbar only"),
    ],
)
def test_no_floor_is_predicted_where_its_assumptions_fail(found: Floor | NoFloor, reason: str) -> None:
    assert isinstance(found, NoFloor)
    assert re.search(reason, found.reason)
