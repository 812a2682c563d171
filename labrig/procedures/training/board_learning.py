"""Training by the board itself: it takes some steps, then tells its latents and is measured."""

from collections.abc import Iterator
from dataclasses import dataclass

from labrig.arrays import BranchArray
from labrig.bench.bench import Bench
from labrig.boards.learning import LatentScale, latent_scale
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import NetworkStates
from labrig.config.experiment import ExperimentConfig
from labrig.config.learning import FixedStep
from labrig.devices.dividers import DividerLaw
from labrig.devices.laws import RheostatLaw, TabulatedLaw, TapLaw
from labrig.errors import ConfigError
from labrig.learning.bounds import Walls
from labrig.learning.contrastive import Contrastive
from labrig.learning.coupled import Coupled
from labrig.learning.evidence import gather, phases_of, total_error
from labrig.learning.loop import Progress, TrainingStep
from labrig.learning.rule import LearningRule
from labrig.learning.tasks import Batch, Sample
from labrig.procedures.training.stopping import check_board_may_learn


@dataclass(frozen=True, slots=True)
class BoardLearning:
    """How a board is told to learn."""

    scale: LatentScale
    batch: Batch
    boundaries: tuple[Boundary, ...]
    """Free and clamped state of each sample."""
    every: int
    """Steps between two measurements."""
    last: int
    """Steps after which the training ends at the latest."""

    def before(self, step: int) -> int:
        """Steps that the board takes on the way to a measurement after so many; none before the first."""
        return (step - 1) % self.every + 1 if step else 0

    def after(self, step: int) -> int:
        """Steps until the next measurement."""
        return max(1, min(self.every, self.last - step))


def plan_board_learning(
    bench: Bench,
    experiment: ExperimentConfig,
    samples: tuple[Sample, ...],
    rule: LearningRule,
    law: TapLaw | None,
) -> BoardLearning:
    """Put an experiment that the board carries out into its integers; nothing is sent.

    Parameters
    ----------
    law
        Of the bench, restricted to the codes that may be written.

    Raises
    ------
    ConfigError
        The board, or this network on it, cannot do that.
    """
    learning = experiment.learning
    if isinstance(law, TabulatedLaw):
        msg = (
            "learning.where: a board learns by one law for all its branches, not by the rig's calibration;"
            " set it to host, or leave the calibration out"
        )
        raise ConfigError(msg)
    if isinstance(law, DividerLaw):
        msg = "learning.where: a board learns on rheostats only, and this one has dividers; set it to host"
        raise ConfigError(msg)
    if not isinstance(learning.step, FixedStep) or not isinstance(law, RheostatLaw):
        msg = "learning.where: a board learns with a fixed step and wiper codes only; set it to host"
        raise ConfigError(msg)
    bench.check_learning()
    rate = learning.step.rate
    if isinstance(rule, Coupled):
        rate /= 2 * rule.nudge  # what the rule has beside the difference of squares
    elif not isinstance(rule, Contrastive):
        msg = f"learning.where: board {bench.info.serial_number} does not nudge by itself; set it to host"
        raise ConfigError(msg)
    batch = Batch.whole(samples)
    scale = latent_scale(law, rate, len(samples), bench.averages, bench.info)
    boundaries = tuple(rule.first(batch))
    bench.check_learning_frame(scale.terms, boundaries)
    return BoardLearning(scale, batch, boundaries, learning.steps_per_exchange, experiment.stop.steps)


def board_loop(
    bench: Bench, learning: BoardLearning, initial: BranchArray, start: Progress
) -> Iterator[TrainingStep]:
    """Train for ever, as `labrig.learning.loop.loop` does; each turn is one exchange.

    The board takes its steps at the beginning of an exchange and is measured at the end: what is stored of a
    step are the states that its codes give. Continue with `next_latent` and `next_progress`.

    Raises
    ------
    BoardFault
        Some reading cannot be used, and the board would learn from it.
    """
    scale = learning.scale
    latents = scale.latents(initial)
    done = start
    while True:
        steps = learning.before(done.step)
        states, found = bench.learn(learning.boundaries, scale.terms, latents, steps)
        walls = Walls(0, 0)
        if found is not None:
            latents, walls = found.latents, Walls(found.at_floor, found.at_ceiling)
        done = _measured(done, states, steps)
        phases = phases_of(states, len(learning.batch.samples))
        evidence = gather(done.step, learning.batch, *phases)
        latent = scale.conductances(latents)
        step = TrainingStep(
            evidence=evidence,
            error=total_error(evidence.errors),
            latent=latent,
            next_latent=latent,
            walls=walls,
            progress=done,
            following=learning.after(done.step),
        )
        yield step
        check_board_may_learn(bench.topology, evidence)
        done = step.next_progress


def _measured(done: Progress, states: NetworkStates, steps: int) -> Progress:
    scanned = len(states.node_voltages) * (steps + 1)
    return Progress(done.step, done.exchanges + 1, done.measurements + scanned)
