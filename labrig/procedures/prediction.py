"""What a training takes where nothing but its number of steps ends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from labrig.arrays import Seconds, Volts
from labrig.bench.bench import Bench
from labrig.bench.line_meter import function_change_seconds
from labrig.circuit.boundary import Boundary
from labrig.circuit.topology import Topology
from labrig.config.boards import FirmwareBoard
from labrig.config.experiment import ExperimentConfig
from labrig.config.links import DEFAULT_BAUDRATE, SerialLink
from labrig.config.rig import BoardConfig
from labrig.learning.evidence import States
from labrig.learning.floor import Floor, NoFloor
from labrig.learning.tasks import Batch
from labrig.procedures.training.plan import TrainingPlan, driven_span
from labrig.procedures.training.recording import keep_policy, plan_columns
from labrig.store.prediction import predicted_bytes, sampling_interval

_BITS_A_BYTE = 10


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a training takes where nothing but its number of steps ends it."""

    steps: int
    measurements: int
    writes: int
    """Branch codes, or conductances, if each update changes all of them."""
    megabytes: float
    seconds: Seconds | None
    """For the board, without the host, if each update changes all codes; None where that is not known, or the
    board learns by itself. Where no calibration has timed the board, on the line and in settling alone."""
    timed: bool
    """By what a calibration found that the board takes, scans included."""
    error_floor: Volts | None
    """‖x − y‖ at which it comes to rest."""
    error_floor_unknown: str | None
    """Why there is none."""
    function_changes: int
    """A step: times that an output of a source meter has to be off, so that it can drive after listening."""
    function_change_seconds: Seconds
    """A step."""
    looks: int
    """For drift, beside the training; their measurements and seconds are counted above."""
    look_measurements: int
    """Of one."""


def predicted(bench: Bench, plan: TrainingPlan) -> Predicted:
    """Work it out; nothing is driven or written."""
    config, topology = plan.config, bench.topology
    steps = config.stop.steps
    columns = plan_columns(bench, plan)
    interval = sampling_interval(columns, keep_policy(config.keep), steps + 1)
    batch = Batch.whole(plan.samples[: plan.drawn])
    states = _states(plan, batch)
    exchanges = -(-steps // config.learning.steps_per_exchange) + 1
    by_board = plan.board is not None  # which scans again after its steps, and is sent codes once
    changes = sum(_function_changes(states, node) for node in _metered(topology, config))
    looks = 0 if plan.drift is None else min(plan.drift.looks(steps), exchanges)
    look = [] if plan.drift is None else plan.drift.reference.states(bench)
    return Predicted(
        steps=steps,
        measurements=len(states) * (exchanges + (steps if by_board else 0)) + looks * len(look),
        writes=np.unique(bench.wipers[~plan.mask]).size * (1 if by_board else exchanges),
        megabytes=predicted_bytes(columns, exchanges, interval) / 1e6,
        seconds=None
        if by_board
        else _seconds(bench, plan, [(states, exchanges, True), (look, looks, False)]),
        timed=bench.waiting.pace is not None and not by_board,
        error_floor=plan.floor.error if isinstance(plan.floor, Floor) else None,
        error_floor_unknown=plan.floor.reason if isinstance(plan.floor, NoFloor) else None,
        function_changes=changes,
        function_change_seconds=changes * _change_seconds(plan),
        looks=looks,
        look_measurements=len(look),
    )


def _seconds(
    bench: Bench, plan: TrainingPlan, kinds: Sequence[tuple[Sequence[Boundary], int, bool]]
) -> Seconds | None:
    """As timed; else, since bytes flow while states settle, an exchange takes the longer of the two.

    Parameters
    ----------
    kinds
        States of an exchange, how many such exchanges there are, and whether they write; those that do not
        look for drift, by currents.
    """
    if (pace := bench.waiting.pace) is not None:
        codes, sensed = int(np.count_nonzero(~plan.mask)), _sensed(bench, plan)
        return sum(
            exchanges
            * pace.seconds(len(states), codes if writes else 0, bench.settling, sensed=sensed or not writes)
            for states, exchanges, writes in kinds
        )
    baudrate = _baudrate(plan.config.rig.board)
    total = 0.0
    for states, exchanges, _ in kinds:
        if not exchanges:
            continue
        each = None if baudrate is None else bench.line_bytes(states)
        if baudrate is None or each is None:
            return None
        total += exchanges * max(each * _BITS_A_BYTE / baudrate, len(states) * bench.settling)
    return total


def _sensed(bench: Bench, plan: TrainingPlan) -> bool:
    """Whether the driver sides are read as well."""
    wants = plan.policy.wants()
    by_rule = plan.rule.needs_currents and wants is not States.FREE
    return bench.info.drive > 0 and (by_rule or wants is States.BOTH_AND_CURRENTS)


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
