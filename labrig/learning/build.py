"""From the learning section of an experiment to the objects that carry it out."""

from collections.abc import Sequence
from typing import assert_never

import numpy as np

from labrig.arrays import BoolArray, Volts
from labrig.circuit.network import Nudging
from labrig.circuit.topology import Topology
from labrig.config import learning as config
from labrig.devices.dividers import DividerLaw
from labrig.devices.laws import TapLaw
from labrig.errors import ConfigError
from labrig.learning.adjoint import AdjointCoupled
from labrig.learning.barzilai_borwein import BarzilaiBorweinStep
from labrig.learning.contrastive import Contrastive
from labrig.learning.coupled import Coupled, CoupledByHost, OverClamped
from labrig.learning.equilibrium import (
    Equilibrium,
    EquilibriumByCurrent,
    SymmetricEquilibrium,
    SymmetricEquilibriumByCurrent,
)
from labrig.learning.gauss_newton import GaussNewtonStep
from labrig.learning.identification import Identification
from labrig.learning.inversion import ModelInversion
from labrig.learning.kaczmarz import KaczmarzStep
from labrig.learning.line_search import LineSearch
from labrig.learning.orders import Batches, InTurn, RandomSamples, ShuffledSamples, WholeTask
from labrig.learning.polyak import PolyakStep
from labrig.learning.rule import LearningRule
from labrig.learning.secant import SecantStep
from labrig.learning.steps import Desynchronous, DiminishingStep, FixedStep, SignStep, StepPolicy
from labrig.learning.tap_search import TapSearch
from labrig.learning.tasks import Sample


def build_rule(learning: config.LearningConfig, nudging: Nudging) -> LearningRule:
    """Take the rule in the form with the fewest turn-arounds that the network can carry out.

    Raises
    ------
    ConfigError
        The network can neither nudge as the rule needs nor inject the current instead.
    """
    match learning.rule:
        case config.ContrastiveRule():
            return Contrastive()
        case config.CoupledRule(nudge=nudge, amplitude=float(amplitude)):
            return OverClamped(nudge, amplitude)
        case config.CoupledRule(nudge=nudge):
            return Coupled(nudge) if nudging.toward_target else CoupledByHost(nudge)
        case config.EquilibriumRule(nudge=nudge, sides=sides):
            return _equilibrium(nudge, nudging, both=sides == "both")
        case config.AdjointRule(nudge=nudge):
            return AdjointCoupled(nudge)
        case _:
            assert_never(learning.rule)


def _equilibrium(nudge: float, nudging: Nudging, *, both: bool) -> LearningRule:
    through = nudging.through is not None and nudging.through[0] <= nudge <= nudging.through[1]
    if both and nudging.inject:
        return SymmetricEquilibriumByCurrent(nudge)
    if through:
        return SymmetricEquilibrium(nudge) if both else Equilibrium(nudge)
    if nudging.inject:
        return EquilibriumByCurrent(nudge)
    able = (
        "through no conductance at all"
        if nudging.through is None
        else f"through {nudging.through[0]:g} S to {nudging.through[1]:g} S only"
    )
    msg = (
        f"learning.rule.nudge is {nudge:g} S, but the board nudges {able} and injects no currents; "
        "take another nudge, rule or board"
    )
    raise ConfigError(msg)


def build_policy(
    learning: config.LearningConfig,
    topology: Topology,
    samples: Sequence[Sample],
    mask: BoolArray,
    generator: np.random.Generator,
    *,
    law: TapLaw | None = None,
    lsb: Volts = 0.0,
) -> StepPolicy:
    """Take the step policy of an experiment.

    Parameters
    ----------
    generator
        Draws the branches of an update where only some take part.
    mask
        True for branches that stay as they are, shape (B,).
    law
        Of the codes that may be written; None on a continuous board.
    lsb
        Step of the converter that reads the outputs, V; 0 where readings are exact.

    Raises
    ------
    ConfigError
        The policy is not for such a task.
    """
    if isinstance(law, DividerLaw):
        _check_dividers(learning)
    policy = _step_policy(learning, topology, samples, mask, law, lsb)
    if isinstance(learning.update, config.FractionUpdate):
        return Desynchronous(policy, learning.update.fraction, generator)
    return policy


def _check_dividers(learning: config.LearningConfig) -> None:
    """Whether steps and updates know nothing of single branches.

    Raises
    ------
    ConfigError
        They do.
    """
    if not isinstance(learning.step, config.FixedStep | config.DiminishingStep):
        msg = (
            f"learning.step: found {learning.step.kind!r}, which is for branches that move one by one; two of"
            " a divider move together: use fixed or diminishing"
        )
        raise ConfigError(msg)
    if isinstance(learning.update, config.FractionUpdate):
        msg = (
            "learning.update: found branches that are drawn one by one; two of a divider move together: leave"
            " it out"
        )
        raise ConfigError(msg)


def _step_policy(
    learning: config.LearningConfig,
    topology: Topology,
    samples: Sequence[Sample],
    mask: BoolArray,
    law: TapLaw | None,
    lsb: Volts,
) -> StepPolicy:
    match learning.step:
        case config.FixedStep(rate=rate):
            return FixedStep(rate)
        case config.DiminishingStep(scale=scale, offset=offset):
            return DiminishingStep(scale, offset)
        case config.SignStep():
            if law is None:
                msg = "learning.step: sign goes by taps, and this board has none; use fixed"
                raise ConfigError(msg)
            return SignStep(law)
        case config.AutoStep():
            return _auto(topology, samples, mask, law, lsb)
        case _:
            return _measured(learning.step, topology, samples, mask)


def _measured(
    step: config.MeasuredStep, topology: Topology, samples: Sequence[Sample], mask: BoolArray
) -> StepPolicy:
    """Policies that measure how far to go."""
    match step:
        case config.PolyakStep(relaxation=relaxation, per=per):
            return PolyakStep(topology, relaxation, per == "output", mask)
        case config.KaczmarzStep(relaxation=relaxation):
            return KaczmarzStep(topology, relaxation, mask)
        case config.BarzilaiBorweinStep(rate=rate, per=per):
            return BarzilaiBorweinStep(rate, len(topology.outputs) if per == "output" else 1, mask)
        case config.SecantStep(rate=rate):
            return SecantStep(samples[0], topology.inputs, topology.outputs, rate, mask)
        case config.GaussNewtonStep():
            return GaussNewtonStep(topology, mask)
        case _:
            assert_never(step)


def _auto(
    topology: Topology, samples: Sequence[Sample], mask: BoolArray, law: TapLaw | None, lsb: Volts
) -> StepPolicy:
    crossbar, single = topology.crossbar_shape is not None, len(samples) == 1
    if crossbar and single and law is not None:
        return TapSearch(samples[0], topology.inputs, topology.outputs, mask, law=law, lsb=lsb)
    if law is not None:
        msg = "learning.step: on wiper codes auto is for one sample on a crossbar; use fixed"
        raise ConfigError(msg)
    if not crossbar:
        return ModelInversion(topology, samples, mask)
    if not single:
        return Identification(topology, samples, mask)
    return LineSearch(samples[0], topology.inputs, topology.outputs, mask)


def build_batches(
    learning: config.LearningConfig,
    samples: Sequence[Sample],
    generator: np.random.Generator,
    policy: StepPolicy,
) -> Batches:
    """Put the samples into the order of an experiment; `generator` draws where the order is random."""
    if isinstance(policy, Identification):
        return InTurn(samples)
    match learning.order:
        case "batch":
            return WholeTask(samples)
        case "shuffle":
            return ShuffledSamples(samples, generator)
        case "random":
            return RandomSamples(samples, generator)
        case _:
            assert_never(learning.order)
