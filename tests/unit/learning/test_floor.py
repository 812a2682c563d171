"""The predicted floor against simulated training with taps, converter and unknown tolerance."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from labrig.arrays import BranchArray
from labrig.circuit import Boundary, IdealNetwork, NetworkStates, Nudging, Origin, Topology
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
    WholeTask,
    loop,
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


class PotentiometerNetwork:
    """Programs are rounded to taps, each R_AB is off by up to 20 %, readings are rounded to 16 bits."""

    def __init__(self, seed: int) -> None:
        spread = 1 + np.random.default_rng(seed).uniform(-0.2, 0.2, 1200)
        self._real = replace(LAW, end_to_end=LAW.end_to_end * spread)
        self._law = LAW.within(BOX.floor, BOX.ceiling)
        self._ideal = IdealNetwork(TOPOLOGY)

    @property
    def topology(self) -> Topology:
        return TOPOLOGY

    @property
    def nudging(self) -> Nudging:
        return self._ideal.nudging

    def settle(
        self, boundaries: Sequence[Boundary], *, program: BranchArray | None = None, currents: bool = False
    ) -> NetworkStates:
        realised = None if program is None else self._real.conductances(self._law.codes(program))
        states = self._ideal.settle(boundaries, program=realised, currents=currents)
        read = LSB * np.round(states.node_voltages / LSB)
        return replace(
            states,
            node_voltages=read,
            voltage_origin=np.full_like(states.voltage_origin, Origin.MEASURED),
        )

    def rms(self, sample: Sample) -> float:
        """Error of the outputs themselves, not of their readings."""
        volts = self._ideal.settle([sample.free]).node_voltages[0]
        e = volts[sample.target_nodes] - sample.target_volts
        return float(np.sqrt(e @ e / len(e)))


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


@pytest.mark.parametrize("seed", range(5))
def test_training_ends_within_a_factor_of_two_of_the_prediction(seed: int) -> None:
    task = sample(seed)
    floor = predict([task])
    assert isinstance(floor, Floor)
    network = PotentiometerNetwork(100 + seed)
    steps = loop(network, Contrastive(), FixedStep(3e-6), WholeTask([task]), initial=START, bounds=BOX)
    (last,) = islice(steps, STEPS, STEPS + 1)
    assert last.step == STEPS
    reached = network.rms(task)
    assert floor.rms / 2 < reached < 2 * floor.rms
    assert 25e-6 < reached / SPAN < 125e-6, "about 60 ppm of the span"


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
