"""The training loop: measure, propose, project; pure of storing, printing and stopping."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, BranchArray, Volts
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import NetworkStates, PhysicalNetwork
from labrig.circuit.remembered import Remembered
from labrig.learning.bounds import Bounds, Walls
from labrig.learning.evidence import Evidence, States, gather, gather_free, phases_of, total_error
from labrig.learning.orders import Batches
from labrig.learning.rule import LearningRule
from labrig.learning.steps import StepPolicy
from labrig.learning.tasks import Batch


@dataclass(frozen=True, slots=True)
class Progress:
    """What a training has done so far."""

    step: int = 0
    """Updates applied."""
    exchanges: int = 0
    measurements: int = 0
    """Settled states scanned, free and clamped."""


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """One measurement, and the update that follows from it but has not been written yet."""

    evidence: Evidence
    """States, errors and usable samples."""
    error: Volts
    """‖x − y‖ over the samples of this batch in their free states; NaN where one was not measured."""
    latent: BranchArray
    """Conductances asked for when this was measured, shape (B,), S."""
    next_latent: BranchArray
    """What the next exchange will write, shape (B,), S: the checkpoint's latent."""
    walls: Walls
    """Branches that the projection held back on the way to `next_latent`."""
    progress: Progress
    """This measurement included; ``progress.step`` updates were applied before it."""
    following: int = 1
    """Updates until the next measurement."""

    @property
    def step(self) -> int:
        """Updates applied before this measurement."""
        return self.progress.step

    @property
    def samples(self) -> tuple[int, ...]:
        """Which samples of the task were measured."""
        return self.evidence.batch.indices

    @property
    def unused(self) -> tuple[int, ...]:
        """Samples that were left out of the update because a reading was flagged or missing."""
        return tuple(k for k, usable in zip(self.samples, self.evidence.usable, strict=True) if not usable)

    @property
    def next_progress(self) -> Progress:
        """Where a loop that continues from `next_latent` starts."""
        done = self.progress
        return Progress(done.step + self.following, done.exchanges, done.measurements)


def loop(
    network: PhysicalNetwork,
    rule: LearningRule,
    policy: StepPolicy,
    batches: Batches,
    *,
    initial: BranchArray,
    bounds: Bounds,
    mask: BoolArray | None = None,
    start: Progress | None = None,
) -> Iterator[TrainingStep]:
    """Train for ever: each turn is one exchange (two where the rule's second state needs the measured first).

    Nothing more is written or measured until the next step is asked for, so the caller stores, checks and
    stops between two steps. n updates with a check at the end are n + 1 exchanges. Continue a training with
    its last `next_latent`, `next_progress` and the state of its batches: it goes on bit for bit.

    Parameters
    ----------
    initial
        Latent conductances to start from, shape (B,), S. Before the first update they are projected onto the
        bounds; later an update has done so, and once more could move them by a unit in the last place.
    mask
        True for branches whose conductance is kept as it is, shape (B,).
    start
        What was done before.
    """
    masked = np.zeros(initial.shape, dtype=np.bool_) if mask is None else mask
    done = Progress() if start is None else start
    latent = initial if done.step else np.where(masked, initial, bounds.project(initial))
    first = Remembered[Batch, Sequence[Boundary]](lambda batch: rule.first(batch[0]))
    for batch in batches:
        wanted = policy.wants()
        if wanted is States.FREE:
            evidence, done = _measure_free(network, batch, latent, done)
            contrast = np.zeros(latent.shape)
        else:
            evidence, done = _measure_both(
                network,
                rule,
                batch,
                first((batch,)),
                latent,
                done,
                currents=wanted is States.BOTH_AND_CURRENTS,
            )
            contrast = bounds.along(latent, rule.contrast(network.topology, evidence))
        proposed = policy.propose(evidence, contrast, latent, bounds)
        following = np.where(masked, latent, bounds.project(proposed))
        step = TrainingStep(
            evidence=evidence,
            error=total_error(evidence.errors),
            latent=latent,
            next_latent=following,
            walls=bounds.walls(proposed, masked),
            progress=done,
        )
        yield step
        latent, done = following, step.next_progress


def _measure_free(
    network: PhysicalNetwork, batch: Batch, program: BranchArray, done: Progress
) -> tuple[Evidence, Progress]:
    free = network.settle([sample.free for sample in batch.samples], program=program)
    return gather_free(done.step, batch, free), _count(done, free)


def _measure_both(
    network: PhysicalNetwork,
    rule: LearningRule,
    batch: Batch,
    first: Sequence[Boundary],
    program: BranchArray,
    done: Progress,
    *,
    currents: bool,
) -> tuple[Evidence, Progress]:
    states = network.settle(first, program=program, currents=currents or rule.needs_currents)
    done = _count(done, states)
    phases = phases_of(states, len(batch.samples))
    second = rule.then(batch, states)
    if second is not None:
        others = network.settle(second, currents=currents)
        done = _count(done, others)
        phases += phases_of(others, len(batch.samples))
    return gather(done.step, batch, *phases), done


def _count(done: Progress, states: NetworkStates) -> Progress:
    return Progress(done.step, done.exchanges + 1, done.measurements + len(states.node_voltages))
