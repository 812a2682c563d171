"""What speaks against a training before it starts, and what is worth knowing, in sentences."""

from collections.abc import Sequence

import numpy as np

from labrig.arrays import BranchArray, Volts
from labrig.bench.bench import Bench
from labrig.bench.ispp_prediction import predicted_pulses
from labrig.bench.memristor_bench import MemristorBench
from labrig.circuit.coercivity import Coercivity
from labrig.circuit.feasibility import Feasibility, Missed, Wanted, range_needed
from labrig.circuit.topology import Topology
from labrig.devices.dividers import DividerLaw
from labrig.learning.contrastive import Contrastive
from labrig.learning.evidence import States
from labrig.learning.steps import FixedStep
from labrig.learning.theory import crossbar_bound, graph_bound, paper_bound
from labrig.procedures.prediction import Predicted
from labrig.procedures.training.plan import TrainingPlan
from labrig.units import format_quantity

_PREDICTED = 2.0
"""Times by which an error may rest lower than predicted."""


def too_fine(plan: TrainingPlan, predicted: Predicted, *, sure: bool) -> list[str]:
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


def unreached(
    topology: Topology,
    wanted: Sequence[Wanted],
    reach: Feasibility,
    floor: BranchArray,
    ceiling: BranchArray,
    tolerance: Volts,
) -> list[str]:
    """Targets that no conductances reach, where that is certain, and what would help."""
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


def rigid(topology: Topology, wanted: Sequence[Wanted], moves: Sequence[Coercivity]) -> list[str]:
    """Combinations of outputs that no conductance moves from the start."""
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


def modelled(bench: Bench, plan: TrainingPlan) -> list[str]:
    """Currents that a step needs and the board does not measure."""
    if plan.policy.wants() is not States.BOTH_AND_CURRENTS or bench.info.drive > 0:
        return []
    hint = (
        "this step needs the currents of clamps, which this board does not measure: they are modelled from"
        " what its branches are taken to conduct"
    )
    return [hint]


def rates(topology: Topology, plan: TrainingPlan) -> list[str]:
    """Up to which rate a fixed step is known to converge, where something is known."""
    if not isinstance(plan.rule, Contrastive) or not isinstance(plan.policy, FixedStep):
        return []
    if isinstance(plan.law, DividerLaw):  # whose two branches do not move one by one
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


def worn_out(bench: Bench, plan: TrainingPlan) -> list[str]:
    """Memristors that the first write would take beyond what their part stands."""
    if not isinstance(bench, MemristorBench):
        return []
    lived, stands = bench.wear.pulses[bench.wipers], bench.part.endurance
    if bench.open_loop is not None:
        due = np.full(lived.shape, 2 * bench.open_loop.cycles)
    else:
        due = np.zeros(lived.shape)
        due[~plan.mask] = predicted_pulses(
            bench.part,
            bench.scheme,
            bench.realised()[~plan.mask],
            plan.initial[~plan.mask],
            bench.tolerance,
            bench.uncertainty[~plan.mask],
        ).nominal
    worn = np.flatnonzero(~plan.mask & (lived + due > stands))
    if not worn.size:
        return []
    name = bench.topology.branch_name(int(worn[0]))
    text = (
        f"{worn.size} memristors will have had more pulses than their part stands, {stands}, before anything"
        f" is learnt: {name} has had {lived[worn[0]]}; mask them, or take another board"
    )
    return [text]


def first_write(bench: Bench, plan: TrainingPlan) -> list[str]:
    """What memristors are put through before anything is learnt."""
    if not isinstance(bench, MemristorBench):
        return []
    stands = f"the part stands {bench.part.endurance} in its life, not checked"
    if bench.open_loop is not None:
        each = 2 * bench.open_loop.cycles
        return [f"zero-shifting takes {each} pulses on every branch before the first update; {stands}"]
    found = predicted_pulses(
        bench.part,
        bench.scheme,
        bench.realised()[~plan.mask],
        plan.initial[~plan.mask],
        bench.tolerance,
        bench.uncertainty[~plan.mask],
    )
    text = (
        f"the first write is predicted to take {found.nominal.mean():.0f} pulses a branch on average, and"
        f" {found.slowest.max()} at most on devices within three standard deviations; {stands}"
    )
    return [text]


def hints(reach: Feasibility, predicted: Predicted, why: str) -> list[str]:
    """What a search stands in for, because of what, and what source meters cost."""
    found: list[str] = []
    if not reach.certain:
        found.append(
            f"with {why} a search from several starts stands in for a proof: it "
            + (
                "reached all targets"
                if reach.reachable
                else "did not reach all targets, which proves nothing"
            )
        )
    if predicted.function_changes:
        found.append(
            f"each step turns outputs of source meters off {predicted.function_changes} times, about"
            f" {predicted.function_change_seconds:.2g} s, to change between driving a node and listening to"
            " it; the board's own clamps do not: leave such an output's source meter out of the rig"
        )
    return found
