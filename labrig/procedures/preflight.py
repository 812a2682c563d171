"""Before a training: whether it can succeed, what may speak against it, and what it will take."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from labrig.arrays import Amperes, BranchArray, Volts
from labrig.bench.bench import Bench
from labrig.circuit.coercivity import Coercivity, coercivity
from labrig.circuit.feasibility import Feasibility, Wanted, feasibility
from labrig.circuit.topology import Topology
from labrig.config.loading import Experiment
from labrig.learning.bounds import Bounds
from labrig.learning.dividers import DividerBounds, DividerWays
from labrig.procedures.objections import (
    first_write,
    hints,
    modelled,
    rates,
    rigid,
    too_fine,
    unreached,
    worn_out,
)
from labrig.procedures.prediction import Predicted, predicted
from labrig.procedures.training.plan import TrainingPlan, driven_span, plan_training
from labrig.procedures.training.recording import finite

_NEGLIGIBLE = 1e-6
"""Share of the input span by which an output may miss its target where the experiment names no error."""


@dataclass(frozen=True, slots=True)
class Worst:
    """Bounds on what any branch meets during the training."""

    span: Volts
    """Between the highest and the lowest node that is driven."""
    branch_current: Amperes
    """Of dividers that of a terminal, which is more; infinite where no ceiling bounds the conductance."""
    branch_power: float
    """W; likewise."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What is known of a training before it starts."""

    plan: TrainingPlan
    feasibility: Feasibility
    coercivities: tuple[Coercivity, ...]
    """At the start, of each sample."""
    worst: Worst
    predicted: Predicted
    objections: tuple[str, ...]
    """What speaks against it, a sentence each."""
    hints: tuple[str, ...]
    """What is worth knowing and does not."""
    masked: dict[str, str]
    """Branches that are never written, and why."""

    @property
    def rank(self) -> int:
        """Least over the samples."""
        return min(found.rank for found in self.coercivities)

    @property
    def trainable(self) -> bool:
        """Whether the outputs of every sample can be moved in every direction from the start."""
        return all(found.is_coercive for found in self.coercivities)


def preflight(bench: Bench, experiment: Experiment) -> Preflight:
    """Look at an experiment on an opened bench; nothing is driven or written.

    Raises
    ------
    ConfigError
        The experiment does not fit this bench.
    """
    config = experiment.config
    plan = plan_training(bench, config)
    topology, box = bench.topology, plan.bounds.bounds
    wanted = [Wanted(sample.inputs, sample.targets) for sample in plan.samples if sample.targets]
    span = driven_span((*plan.samples, *plan.validation))
    tolerance = max(config.stop.error or 0.0, _NEGLIGIBLE * span)
    floor, ceiling = box.floor.copy(), box.ceiling.copy()
    floor[plan.mask] = ceiling[plan.mask] = bench.realised()[plan.mask]
    ways = DividerWays.within(box.law, floor, ceiling) if isinstance(box, DividerBounds) else None
    reach = feasibility(topology, wanted, floor, ceiling, tolerance=tolerance, seed=config.seed, ways=ways)
    start = np.where(plan.mask, bench.realised(), box.project(plan.initial))
    moves = tuple(coercivity(topology, start, state.inputs, [*state.targets], box.along) for state in wanted)
    most = max(float(_most(box).max()), float(bench.realised()[plan.mask].max(initial=0.0)))
    worst = Worst(span, span * most if span else 0.0, span**2 * most if span else 0.0)
    costs = predicted(bench, plan)
    return Preflight(
        plan,
        reach,
        moves,
        worst,
        costs,
        (
            *unreached(topology, wanted, reach, floor, ceiling, tolerance),
            *rigid(topology, wanted, moves),
            *worn_out(bench, plan),
            *too_fine(plan, costs, sure=True),
        ),
        (
            *hints(reach, costs, "dividers" if topology.crossbar_shape else "hidden nodes"),
            *first_write(bench, plan),
            *modelled(bench, plan),
            *rates(topology, plan),
            *too_fine(plan, costs, sure=False),
        ),
        bench.masked,
    )


def _most(box: Bounds) -> BranchArray:
    """What each branch may be brought to conduct, or the busiest terminal of its divider; (B,), S."""
    if not isinstance(box, DividerBounds):
        return box.ceiling
    law = box.law
    at_ends = [law.busiest(law.conductances(codes)) for codes in (law.lowest, law.highest)]
    return np.asarray(np.maximum(*at_ends))


def preflight_result(topology: Topology, found: Preflight) -> dict[str, Any]:
    """What ``labrig preflight --json`` prints; a number that nothing bounds is null."""
    unreachable = found.feasibility.missed if found.feasibility.certain else ()
    return {
        "reachable": found.feasibility.reachable,
        "unreachable": [
            {
                "output": topology.nodes[missed.node],
                "sample": missed.state,
                "target": missed.target,
                "best": missed.alone,
                "best_jointly": missed.jointly,
            }
            for missed in unreachable
        ],
        "trainable": found.trainable,
        "rank": found.rank,
        "masked": found.masked,
        "least_singular_value": min(move.least for move in found.coercivities),
        "bounds": str(found.plan.bounds),
        "limits": finite(asdict(found.worst)),
        "predicted": asdict(found.predicted),
        "objections": list(found.objections),
        "hints": list(found.hints),
    }
