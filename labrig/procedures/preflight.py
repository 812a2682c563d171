"""Before a training: whether it can succeed, what may speak against it, and what it will take."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from labrig.arrays import Amperes, BranchArray, Seconds, Volts
from labrig.bench.bench import Bench
from labrig.bench.line_meter import function_change_seconds
from labrig.circuit.boundary import Boundary
from labrig.circuit.coercivity import Coercivity, coercivity
from labrig.circuit.feasibility import Feasibility, Missed, Wanted, feasibility, range_needed
from labrig.circuit.topology import Topology
from labrig.config.boards import FirmwareBoard
from labrig.config.experiment import ExperimentConfig
from labrig.config.links import DEFAULT_BAUDRATE, SerialLink
from labrig.config.loading import Experiment
from labrig.config.rig import BoardConfig
from labrig.learning.contrastive import Contrastive
from labrig.learning.evidence import States
from labrig.learning.floor import Floor, NoFloor
from labrig.learning.steps import FixedStep
from labrig.learning.tasks import Batch
from labrig.learning.theory import crossbar_bound, graph_bound, paper_bound
from labrig.procedures.plan import TrainingPlan, driven_span, plan_training
from labrig.procedures.recording import finite, keep_policy, plan_columns
from labrig.store.prediction import predicted_bytes, sampling_interval
from labrig.units import format_quantity

_BITS_A_BYTE = 10
_PREDICTED = 2.0
"""Times by which an error may rest lower than predicted."""
_NEGLIGIBLE = 1e-6
"""Share of the input span by which an output may miss its target where the experiment names no error."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a training takes where nothing but its number of steps ends it."""

    steps: int
    measurements: int
    writes: int
    """Branch codes, or conductances, if each update changes all of them."""
    megabytes: float
    seconds: Seconds | None
    """On the line and in settling alone, so that it takes longer; None where the speed of the line is not
    known, or the board learns by itself."""
    error_floor: Volts | None
    """‖x − y‖ at which it comes to rest."""
    error_floor_unknown: str | None
    """Why there is none."""
    function_changes: int
    """A step: times that an output of a source meter has to be off, so that it can drive after listening."""
    function_change_seconds: Seconds
    """A step."""


@dataclass(frozen=True, slots=True)
class Worst:
    """Bounds on what any branch meets during the training."""

    span: Volts
    """Between the highest and the lowest node that is driven."""
    branch_current: Amperes
    """Infinite where no ceiling bounds the conductance."""
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
    reach = feasibility(topology, wanted, floor, ceiling, tolerance=tolerance, seed=config.seed)
    start = np.where(plan.mask, bench.realised(), box.project(plan.initial))
    moves = tuple(coercivity(topology, start, state.inputs, [*state.targets]) for state in wanted)
    most = float(box.ceiling.max())
    worst = Worst(span, span * most if span else 0.0, span**2 * most if span else 0.0)
    predicted = _predicted(bench, plan)
    return Preflight(
        plan,
        reach,
        moves,
        worst,
        predicted,
        (
            *_unreached(topology, wanted, reach, floor, ceiling, tolerance),
            *_rigid(topology, wanted, moves),
            *_too_fine(plan, predicted, sure=True),
        ),
        (
            *_hints(reach, predicted),
            *_modelled(bench, plan),
            *_rates(topology, plan),
            *_too_fine(plan, predicted, sure=False),
        ),
    )


def _predicted(bench: Bench, plan: TrainingPlan) -> Predicted:
    config, topology = plan.config, bench.topology
    steps = config.stop.steps
    columns = plan_columns(bench, plan)
    interval = sampling_interval(columns, keep_policy(config.keep), steps + 1)
    batch = Batch.whole(plan.samples[: plan.drawn])
    states = _states(plan, batch)
    exchanges = -(-steps // config.learning.steps_per_exchange) + 1
    by_board = plan.board is not None  # which scans again after its steps, and is sent codes once
    changes = sum(_function_changes(states, node) for node in _metered(topology, config))
    return Predicted(
        steps=steps,
        measurements=len(states) * (exchanges + (steps if by_board else 0)),
        writes=int(np.count_nonzero(~plan.mask)) * (1 if by_board else exchanges),
        megabytes=predicted_bytes(columns, exchanges, interval) / 1e6,
        seconds=None if by_board else _seconds(bench, plan, states, exchanges),
        error_floor=plan.floor.error if isinstance(plan.floor, Floor) else None,
        error_floor_unknown=plan.floor.reason if isinstance(plan.floor, NoFloor) else None,
        function_changes=changes,
        function_change_seconds=changes * _change_seconds(plan),
    )


def _seconds(bench: Bench, plan: TrainingPlan, states: Sequence[Boundary], exchanges: int) -> Seconds | None:
    """Bytes flow while states settle, so that an exchange takes the longer of the two at least."""
    baudrate, each = _baudrate(plan.config.rig.board), bench.line_bytes(states)
    if baudrate is None or each is None:
        return None
    return exchanges * max(each * _BITS_A_BYTE / baudrate, len(states) * bench.settling)


def _baudrate(board: BoardConfig) -> int | None:
    """Of a line that has one: a socket has none, and neither has firmware on this computer."""
    if not isinstance(board, FirmwareBoard):
        return None
    if board.launch is not None:
        return (board.launch.baudrate or DEFAULT_BAUDRATE) if board.launch.target != "host" else None
    if isinstance(board.link, SerialLink) and "://" in board.link.port:
        return None
    return DEFAULT_BAUDRATE if board.link is None else board.link.baudrate


def _states(plan: TrainingPlan, batch: Batch) -> list[Boundary]:
    """What one step imposes; a second state that waits for the first is free with its targets forced."""
    if plan.policy.wants() is States.FREE:
        return [sample.free for sample in batch.samples]
    first = list(plan.rule.first(batch))
    waiting = len(plan.rule.phases) - len(first) // len(batch.samples)
    return [*first, *(sample.clamped for sample in batch.samples for _ in range(waiting))]


def _metered(topology: Topology, config: ExperimentConfig) -> list[int]:
    """Nodes on source meters."""
    names = [meter.node for meter in config.rig.source_meters.values()]
    return [topology.nodes.index(name) for name in names if name is not None]


def _function_changes(states: Sequence[Boundary], node: int) -> int:
    """Changes between a source of voltage and one of current in a cycle of states."""
    forced = [node in state.voltages or node in state.nudges for state in states]
    return sum(a != b for a, b in pairwise([*forced, forced[0]]))


def _change_seconds(plan: TrainingPlan) -> Seconds:
    meters = plan.config.rig.source_meters.values()
    span = driven_span(plan.samples)
    return max((function_change_seconds(span / meter.slew) for meter in meters), default=0.0)


def _too_fine(plan: TrainingPlan, predicted: Predicted, *, sure: bool) -> list[str]:
    """An error that taps and converter do not allow: for certain, or as far as the prediction is good."""
    error, floor = plan.config.stop.error, predicted.error_floor
    if error is None or floor is None or floor <= error or (floor > _PREDICTED * error) != sure:
        return []
    text = (
        f"stop.error is {format_quantity(error, 'V')}, but taps and converter are predicted to let the error"
        f" rest near {format_quantity(floor, 'V')}{'' if sure else ', known within a factor of two'}: ask for"
        " less, or take step auto, more taps, or a finer converter"
    )
    return [text]


def _unreached(
    topology: Topology,
    wanted: Sequence[Wanted],
    reach: Feasibility,
    floor: BranchArray,
    ceiling: BranchArray,
    tolerance: Volts,
) -> list[str]:
    if not reach.certain or not reach.missed:
        return []
    shown = [_miss(topology, missed) for missed in reach.missed[:8]]
    more = len(reach.missed) - len(shown)
    beyond = [m for m in reach.missed if not _within_inputs(wanted[m.state], m.target)]
    if beyond:
        what = f"move the inputs apart: {topology.nodes[beyond[0].node]} wants a voltage outside theirs"
    else:
        what = "widen learning.bounds, move the inputs apart, or move the targets toward their middle"
        factor = range_needed(topology, wanted, floor, ceiling, tolerance)
        if factor is not None:
            what += f"; a ceiling {factor:.3g} times as high would do, or a floor as much lower"
    return [
        "no conductances within the bounds reach these targets: "
        + "; ".join(shown)
        + (f"; and {more} more" if more else "")
        + f". To help: {what}"
    ]


def _miss(topology: Topology, missed: Missed) -> str:
    alone = "" if missed.alone is None else f", at best {format_quantity(missed.alone, 'V')} alone"
    return (
        f"{topology.nodes[missed.node]} of sample {missed.state + 1} wants"
        f" {format_quantity(missed.target, 'V')}{alone}, {format_quantity(missed.jointly, 'V')} with all"
    )


def _within_inputs(state: Wanted, target: Volts) -> bool:
    return min(state.inputs.values()) < target < max(state.inputs.values())


def _rigid(topology: Topology, wanted: Sequence[Wanted], moves: Sequence[Coercivity]) -> list[str]:
    found: list[str] = []
    for number, (state, move) in enumerate(zip(wanted, moves, strict=True), 1):
        if move.is_coercive:
            continue
        parts = [
            f"{share:+.2g} {topology.nodes[node]}"
            for node, share in zip(state.targets, move.weakest.tolist(), strict=True)
            if abs(share) > 0.05
        ]
        found.append(
            f"at the start no conductance moves {' '.join(parts[:8])} of sample {number} (rank {move.rank} of"
            f" {move.singular_values.size}): a symmetry of network, start and inputs; start from unequal"
            " conductances (learning.initial: {kind: uniform, …})"
        )
    return found


def _modelled(bench: Bench, plan: TrainingPlan) -> list[str]:
    if plan.policy.wants() is not States.BOTH_AND_CURRENTS or bench.info.drive > 0:
        return []
    hint = (
        "this step needs the currents of clamps, which this board does not measure: they are modelled from"
        " what its branches are taken to conduct"
    )
    return [hint]


def _rates(topology: Topology, plan: TrainingPlan) -> list[str]:
    """Up to which rate a fixed step is known to converge, where something is known."""
    if not isinstance(plan.rule, Contrastive) or not isinstance(plan.policy, FixedStep):
        return []
    if topology.hidden or len(plan.samples) != 1:
        return []
    sample, floor = plan.samples[0], float(plan.bounds.bounds.floor.min())
    if {*topology.outputs} - {*sample.targets}:
        return []
    inputs = np.array([sample.inputs[node] for node in topology.inputs])
    tight = crossbar_bound if topology.crossbar_shape is not None else graph_bound
    if not np.ptp(inputs):
        return []
    known, paper = (bound(topology, inputs, floor).largest_rate for bound in (tight, paper_bound))
    rate = plan.policy.rate
    verdict = "within it" if rate < known else f"{rate / known:.3g} times that; it may converge all the same"
    hint = (
        f"fixed steps below {known:.3g} S/V² are proved to converge for this floor (arXiv:2503.00349 has"
        f" {paper:.3g}); the rate is {rate:.3g} S/V², {verdict}"
    )
    return [hint]


def _hints(reach: Feasibility, predicted: Predicted) -> list[str]:
    hints: list[str] = []
    if not reach.certain:
        hints.append(
            "with hidden nodes a search from several starts stands in for a proof: it "
            + (
                "reached all targets"
                if reach.reachable
                else "did not reach all targets, which proves nothing"
            )
        )
    if predicted.function_changes:
        hints.append(
            f"each step turns outputs of source meters off {predicted.function_changes} times, about"
            f" {predicted.function_change_seconds:.2g} s, to change between driving a node and listening to"
            " it; the board's own clamps do not: leave such an output's source meter out of the rig"
        )
    return hints


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
        "least_singular_value": min(move.least for move in found.coercivities),
        "bounds": str(found.plan.bounds),
        "limits": finite(asdict(found.worst)),
        "predicted": asdict(found.predicted),
        "objections": list(found.objections),
        "hints": list(found.hints),
    }
