"""Trainings of crossbars that differ in targets and start only, all at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np

from labrig.arrays import BoolArray, FloatArray, Siemens, Volts
from labrig.circuit import IdealNetwork, Topology
from labrig.learning import Bounds, Contrastive, FixedStep, LearningRule, Sample, WholeTask, loop

TOLERANCE: Volts = 1e-6
"""‖x − y‖ below which a crossbar has learned."""
MOST = 20000
"""Updates after which it is given up."""


@dataclass(frozen=True)
class Turn:
    """What S crossbars were measured to be after `step` updates."""

    step: int
    outputs: FloatArray
    """Free outputs, shape (S, C), V."""
    conductances: FloatArray
    """Shape (S, R, C), S."""


@dataclass(frozen=True)
class Crossbars:
    """S crossbars R × C with the same inputs, trained as one crossbar R × S·C.

    An output depends on its own column only, so each of them does what it would do alone.
    """

    inputs: FloatArray
    """Shape (R,), V."""
    targets: FloatArray
    """Shape (S, C), V."""
    initial: FloatArray
    """Shape (S, R, C), S."""

    def train(
        self,
        rate: float,
        *,
        floor: Siemens,
        ceiling: Siemens = np.inf,
        rule: LearningRule = Contrastive(),  # noqa: B008 - frozen
    ) -> Iterator[Turn]:
        """Train for ever with a fixed step."""
        count, rows, columns = self.initial.shape
        topology = Topology.crossbar(rows, count * columns)
        steps = loop(
            IdealNetwork(topology),
            rule,
            FixedStep(rate),
            WholeTask([crossbar_sample(self.inputs, self.targets.ravel())]),
            initial=self.initial.transpose(1, 0, 2).ravel(),
            bounds=Bounds.uniform(len(topology.branches), floor, ceiling),
        )
        for step in steps:
            outputs = step.evidence.free.node_voltages[0, rows:].reshape(count, columns)
            yield Turn(step.step, outputs, step.latent.reshape(rows, count, columns).transpose(1, 0, 2))

    def distances(self, turn: Turn) -> FloatArray:
        """‖x − y‖ of each crossbar, shape (S,), V."""
        return np.asarray(np.linalg.norm(turn.outputs - self.targets, axis=1))


def crossbar_sample(inputs: FloatArray, targets: FloatArray) -> Sample:
    """One sample of a crossbar whose every output has a target."""
    rows = len(inputs)
    return Sample(
        {row: float(volts) for row, volts in enumerate(inputs)},
        {rows + column: float(volts) for column, volts in enumerate(targets)},
    )


def crossbar_outputs(inputs: FloatArray, conductances: FloatArray) -> FloatArray:
    """Free outputs of a crossbar with conductances (R, C), shape (C,), V."""
    return np.asarray(inputs @ conductances / conductances.sum(axis=0))


def updates(
    crossbars: Crossbars, rate: float, *, floor: Siemens, ceiling: Siemens = np.inf, most: int = MOST
) -> FloatArray:
    """Updates until each crossbar has learned, shape (S,); infinite where `most` are not enough."""
    counts = np.full(len(crossbars.targets), np.inf)
    for turn in islice(crossbars.train(rate, floor=floor, ceiling=ceiling), most + 1):
        learned = crossbars.distances(turn) < TOLERANCE
        counts[learned] = np.minimum(counts[learned], turn.step)
        if np.isfinite(counts).all():
            break
    return counts


def cycling(crossbars: Crossbars, rate: float, *, floor: Siemens, ceiling: Siemens, after: int) -> BoolArray:
    """Which crossbars have an output that goes to and fro between two states after some updates, shape (S,).

    It returns to where it was two updates before, to a thousandth of the step it makes, and that step is no
    rounding: its error in both states is above the tolerance.
    """
    training = crossbars.train(rate, floor=floor, ceiling=ceiling)
    last = list(islice(training, after - 2, after + 1))
    to, fro = (
        np.linalg.norm(later.conductances - earlier.conductances, axis=1) for earlier, later in pairwise(last)
    )
    back = np.linalg.norm(last[2].conductances - last[0].conductances, axis=1)
    returns = back < 1e-3 * np.minimum(to, fro)
    wrong = np.array([np.abs(turn.outputs - crossbars.targets) > TOLERANCE for turn in last[1:]])
    return np.asarray((returns & wrong.all(axis=0)).any(axis=1), dtype=np.bool_)
