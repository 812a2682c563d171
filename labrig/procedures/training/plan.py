"""A training as it will be run: the experiment on this bench, in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labrig.arrays import Amperes, BoolArray, BranchArray, Volts
from labrig.bench.bench import Bench
from labrig.bench.bounds import EffectiveBounds
from labrig.bench.memristor_bench import MemristorBench
from labrig.circuit.topology import Topology
from labrig.config import learning as config
from labrig.config.experiment import ExperimentConfig
from labrig.config.tasks import Sample as NamedSample
from labrig.devices.dividers import DividerLaw
from labrig.devices.laws import TapLaw
from labrig.errors import ConfigError
from labrig.learning.build import build_batches, build_policy, build_rule
from labrig.learning.coupled import OverClamped
from labrig.learning.equilibrium import EquilibriumByCurrent, SymmetricEquilibriumByCurrent
from labrig.learning.evidence import States
from labrig.learning.floor import FloorPrediction, NoFloor, predicted_floor
from labrig.learning.orders import Batches
from labrig.learning.rule import TWO_STATES, LearningRule
from labrig.learning.steps import StepPolicy
from labrig.learning.tasks import Sample
from labrig.procedures.training.board_learning import BoardLearning, plan_board_learning
from labrig.procedures.training.drifting import DriftPlan, plan_drift
from labrig.procedures.training.pulsing import prepare_writes

_ORDER, _START, _UPDATE = 0, 1, 2
"""Places of sample order, start and drawn branches among the random streams of an experiment's seed."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Everything that the loop needs, and what it can be expected to reach."""

    config: ExperimentConfig
    samples: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    bounds: EffectiveBounds
    initial: BranchArray
    """Latent conductances at the start, shape (B,), S."""
    mask: BoolArray
    law: TapLaw | None
    """What codes stand for; None on a continuous board."""
    rule: LearningRule
    policy: StepPolicy
    batches: Batches
    floor: FloorPrediction
    board: BoardLearning | None
    """How the board learns by itself; None: the host computes the updates."""
    drift: DriftPlan | None
    """How drift is watched; None: it is not."""

    @property
    def drawn(self) -> int:
        """Samples of one update."""
        return self.batches.size

    @property
    def middle(self) -> Volts:
        """Amid the inputs of all samples, V."""
        levels = [volts for sample in self.samples for volts in sample.inputs.values()]
        return (min(levels) + max(levels)) / 2

    @property
    def phases(self) -> tuple[str, ...]:
        """Names of the states that are stored of a sample."""
        return TWO_STATES if self.policy.wants() is States.FREE else self.rule.phases

    def reached(self, error: Volts) -> bool:
        """Whether an error satisfies `stop.error`; never where there is none, or the error is unknown."""
        wanted = self.config.stop.error
        return wanted is not None and error <= wanted


def plan_training(bench: Bench, experiment: ExperimentConfig) -> TrainingPlan:
    """Resolve an experiment on an opened bench, and restrict the bench to its bounds.

    Raises
    ------
    ConfigError
        No conductance is left between the bounds, or the board cannot carry out the rule.
    """
    topology, learning = bench.topology, experiment.learning
    samples = number_samples(topology, experiment.task.samples)
    validation = number_samples(topology, experiment.task.validation or ())
    rule = build_rule(learning, bench.nudging)
    span = driven_span((*samples, *validation)) + (rule.amplitude if isinstance(rule, OverClamped) else 0.0)
    bounds = bench.restrict(
        (learning.bounds.floor, learning.bounds.ceiling),
        span=span,
        injected=_most_injected(rule, samples, span),
        learns=learning.where == "board",
    )
    prepare_writes(bench, learning)
    mask = ~bench.programmer.writable
    initial = np.where(mask, bench.realised(), _initial(bench, learning.initial, experiment.seed))
    adc = bench.info.adc
    policy = build_policy(
        learning,
        topology,
        samples,
        mask,
        _generator(experiment, _UPDATE),
        law=bench.programmer.law,
        lsb=adc.lsb if adc else 0.0,
    )
    _check_currents(bench, rule, policy)
    board = None
    if learning.where == "board":
        board = plan_board_learning(bench, experiment, samples, rule, bench.programmer.law)
    return TrainingPlan(
        config=experiment,
        samples=samples,
        validation=validation,
        bounds=bounds,
        initial=initial,
        mask=mask,
        law=bench.programmer.law,
        rule=rule,
        policy=policy,
        batches=build_batches(learning, samples, _generator(experiment, _ORDER), policy),
        floor=_floor(bench, samples, rule, policy, bounds, initial, experiment.stop.steps),
        board=board,
        drift=plan_drift(bench, experiment, samples),
    )


def _generator(experiment: ExperimentConfig, place: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(experiment.seed, spawn_key=(place,)))


def _check_currents(bench: Bench, rule: LearningRule, policy: StepPolicy) -> None:
    """Currents that are modelled from the nominal conductances of codes would mislead an update."""
    modelled = bench.info.drive == 0 and bench.programmer.law is not None
    by_step = policy.wants() is States.BOTH_AND_CURRENTS
    by_rule = rule.needs_currents and policy.wants() is not States.FREE
    if modelled and (by_step or by_rule):
        what = "step" if by_step else "rule"
        msg = (
            f"learning.{what} needs the currents of clamps, which board {bench.info.serial_number} does not"
            " measure; take another one, or a board that reads both sides of its drive resistors"
        )
        raise ConfigError(msg)


def number_samples(topology: Topology, samples: Sequence[NamedSample]) -> tuple[Sample, ...]:
    """Samples by node number."""
    number = {name: node for node, name in enumerate(topology.nodes)}
    return tuple(
        Sample(
            {number[name]: volts for name, volts in sample.inputs.items()},
            {number[name]: volts for name, volts in sample.targets.items()},
        )
        for sample in samples
    )


def driven_span(samples: Sequence[Sample]) -> Volts:
    """Highest minus lowest voltage that a training on these samples drives."""
    levels = [volts for s in samples for volts in (*s.inputs.values(), *s.targets.values())]
    return max(levels) - min(levels)


def _most_injected(rule: LearningRule, samples: Sequence[Sample], span: Volts) -> Amperes:
    """Sum of the currents that a rule may inject at once where no error exceeds `span`."""
    if not isinstance(rule, EquilibriumByCurrent | SymmetricEquilibriumByCurrent):
        return 0.0
    return rule.nudge * span * max(len(sample.targets) for sample in samples)


def _initial(bench: Bench, initial: config.InitialConfig, seed: int) -> BranchArray:
    count = len(bench.topology.branches)
    match initial:
        case config.ConstantInitial(conductance=conductance):
            return np.full(count, conductance)
        case config.UniformInitial(low=low, high=high):
            stream = np.random.SeedSequence(seed, spawn_key=(_START,))
            return np.random.default_rng(stream).uniform(low, high, count)
        case config.FileInitial(conductances=conductances):
            names = [bench.topology.branch_name(k) for k in range(count)]
            return np.array([conductances[name] for name in names])
        case config.KeepInitial():
            return bench.realised()


def _floor(
    bench: Bench,
    samples: Sequence[Sample],
    rule: LearningRule,
    policy: StepPolicy,
    bounds: EffectiveBounds,
    initial: BranchArray,
    steps: int,
) -> FloorPrediction:
    law = bench.programmer.law
    if isinstance(bench, MemristorBench):
        return NoFloor("how near a memristor comes to its latent is drawn anew by every write")
    if law is None:
        return NoFloor("the branches are continuous")
    if isinstance(law, DividerLaw):
        return NoFloor("a floor is predicted for rheostats only")
    adc = bench.info.adc
    return predicted_floor(
        bench.topology,
        samples,
        rule,
        policy,
        law,
        bounds=bounds.bounds,
        initial=initial,
        steps=steps,
        lsb=adc.lsb if adc else 0.0,
    )
