"""What a training stores: columns a step, constants, attributes and results."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from labrig.arrays import FloatArray, Volts
from labrig.bench.bench import Bench
from labrig.bench.programmer import realise
from labrig.boards.base import Codes
from labrig.circuit.topology import Topology
from labrig.config.experiment import ExperimentConfig, KeepConfig
from labrig.config.learning import DiminishingStep, FixedStep
from labrig.devices.dividers import DividerLaw
from labrig.devices.laws import TapLaw
from labrig.learning.evidence import Evidence
from labrig.learning.floor import Floor, NoFloor
from labrig.learning.loop import TrainingStep
from labrig.procedures.training.checkpoint import Tally
from labrig.procedures.training.drifting import drift_columns
from labrig.procedures.training.plan import TrainingPlan
from labrig.procedures.training.pulsing import pulse_columns
from labrig.store.columns import Column, Constant, Value
from labrig.store.prediction import Keep
from labrig.store.tables import Json


def training_columns(topology: Topology, drawn: int, *, coded: bool, phases: int = 2) -> list[Column]:
    """Columns of a training in which each update sees `drawn` samples in so many states each."""
    branches, nodes, outputs = len(topology.branches), len(topology.nodes), len(topology.outputs)
    states = (phases, drawn, nodes)
    return [
        Column("wall", "s", "since the start of the run"),
        Column("error", "V", "‖x − y‖ over outputs and samples, free states"),
        Column("measurements", "", "settled states scanned so far", "int64"),
        Column("exchanges", "", "so far", "int64"),
        Column("frames", "", "sent so far", "int64"),
        Column("writes", "", "branch codes sent so far", "int64"),
        Column("floor_hits", "", "branches held at the floor by this update's projection", "int64"),
        Column("ceiling_hits", "", "branches held at the ceiling", "int64"),
        Column("squares", "S^2", "Σ g² of the latents as measured"),
        Column("moved", "S^2", "Σ Δg² of this update"),
        Column("samples", "", "places in the task of the samples measured", "int32", ("drawn",), (drawn,)),
        Column("outputs", "V", "in the free state", "float64", ("drawn", "output"), (drawn, outputs)),
        Column("node_voltages", "V", "", "float64", ("phase", "drawn", "node"), states, keep="sampled"),
        Column("voltage_origin", "", "0 unknown, 1 measured, 2 commanded, 3 modelled", "uint8",
               ("phase", "drawn", "node"), states, keep="sampled"),
        Column("flags", "", "1 saturated, 2 overflow, 4 compliance, 8 stuck", "uint8",
               ("phase", "drawn", "node"), states, keep="sampled"),
        Column("codes", "", "wiper codes, as measured", "int32", ("branch",), (branches,), "delta")
        if coded
        else Column("conductances", "S", "as measured", "float32", ("branch",), (branches,), "delta"),
    ]  # fmt: skip


def plan_columns(bench: Bench, plan: TrainingPlan) -> list[Column]:
    """Columns of a planned training."""
    coded = isinstance(bench.held(), Codes)
    columns = training_columns(bench.topology, plan.drawn, coded=coded, phases=len(plan.phases))
    warmth = (
        [] if bench.celsius() is None else [Column("celsius", "degC", "of the board, where it was asked")]
    )
    looks = [] if plan.drift is None else drift_columns()
    return [*columns, *pulse_columns(bench), *warmth, *looks]


def training_labels(topology: Topology, phases: Sequence[str]) -> dict[str, list[str]]:
    """Names along the dimensions of a training."""
    return {
        "phase": list(phases),
        "node": list(topology.nodes),
        "output": [topology.nodes[node] for node in topology.outputs],
        "input": [topology.nodes[node] for node in topology.inputs],
        "branch": [topology.branch_name(k) for k in range(len(topology.branches))],
    }


def training_constants(bench: Bench, plan: TrainingPlan) -> dict[str, Constant]:
    """Task and bounds as arrays."""
    topology = bench.topology
    inputs = _table([sample.inputs for sample in plan.samples], topology.inputs)
    targets = _table([sample.targets for sample in plan.samples], topology.outputs)
    box = plan.bounds.bounds
    return {
        "inputs": Constant(inputs, ("sample", "input"), "V", "asked for"),
        "targets": Constant(targets, ("sample", "output"), "V", "desired outputs; NaN: not trained"),
        "floor": Constant(box.floor, ("branch",), "S", f"set by {plan.bounds.floor_from}"),
        "ceiling": Constant(box.ceiling, ("branch",), "S", f"set by {plan.bounds.ceiling_from}"),
        "initial": Constant(plan.initial, ("branch",), "S", "latent conductances at the start"),
        **_code_conductances(bench, plan.law),
        **_doubts(bench),
        "masked": Constant(plan.mask, ("branch",), "", "branches that are never written"),
    }


def training_attributes(bench: Bench, plan: TrainingPlan) -> dict[str, Json]:
    """What a picture or a list says beside the numbers."""
    floor, used = plan.floor, plan.config.rig.calibration
    return {
        "rig": plan.config.rig.name or bench.info.kind,
        "kind": plan.config.rig.network.kind,
        "rule": plan.config.learning.rule.kind,
        "plain_steps": _plain_steps(plan),
        "branch_ends": bench.topology.ends.tolist(),
        "bounds": str(plan.bounds),
        "reading_noise": None if bench.doubts is None else bench.doubts.noise,
        "calibration": None if used is None else used.sha256,
        "accepted": list(plan.config.rig.accept_calibration),
        "reference": _reference(bench, plan),
        "calibration_celsius": None if used is None else used.temperature_celsius,
        "calibration_kelvin": None if used is None else used.valid_within_kelvin,
        "masked": bench.masked,
        "predicted_floor": floor.error if isinstance(floor, Floor) else None,
        "no_predicted_floor": floor.reason if isinstance(floor, NoFloor) else None,
    }


def _reference(bench: Bench, plan: TrainingPlan) -> str | None:
    branch = None if plan.drift is None else plan.drift.reference.branch
    return None if branch is None else bench.topology.branch_name(branch)


def _plain_steps(plan: TrainingPlan) -> bool:
    """Whether every update is a rate times the rule's contrast, on all branches one by one."""
    learning = plan.config.learning
    fixed = isinstance(learning.step, FixedStep | DiminishingStep) and learning.update == "all"
    one_by_one = not plan.mask.any() and not isinstance(plan.law, DividerLaw)
    return fixed and plan.board is None and one_by_one


def training_results(
    bench: Bench, outputs: FloatArray, offsets: FloatArray, tally: Tally
) -> dict[str, Constant]:
    """What came out."""
    return {
        "final_conductances": Constant(bench.realised(), ("branch",), "S", "by law or calibration"),
        "final_outputs": Constant(outputs, ("sample", "output"), "V", "last free state of each sample"),
        "offsets": Constant(offsets, ("node",), "V", "taken off the readings at last"),
        **{f"final_{name}": Constant(value) for name, value in _known(tally, bench).items()},
    }


def _known(tally: Tally, bench: Bench) -> dict[str, float]:
    """Without what no calibration foretells."""
    known = asdict(tally)
    if bench.waiting.pace is None:
        del known["expected"]
    return known


def bench_facts(bench: Bench, config: ExperimentConfig) -> dict[str, Json]:
    """Identity of the board, its calibration, limits of the rig and in force, and the seed: provenance."""
    board = json.loads(json.dumps(asdict(bench.info), default=str))
    limits = {"asked": config.rig.limits.model_dump(), "in_force": finite(asdict(bench.limits))}
    used = config.rig.calibration
    held = None if used is None else {"sha256": used.sha256, "made": used.made.isoformat()}
    return {
        "calibration": held,
        "board": board,
        "boot_count": bench.boot_count,
        "limits": limits,
        "seed": config.seed,
    }


def keep_policy(keep: KeepConfig) -> Keep:
    """The store's word for what a file says of states."""
    return keep.states if isinstance(keep.states, str) else keep.states.every


def training_row(bench: Bench, step: TrainingStep, error: Volts, tally: Tally) -> dict[str, Value]:
    """One row."""
    evidence = step.evidence
    outputs = list(bench.topology.outputs)
    moved = step.next_latent - step.latent
    row: dict[str, Value] = {
        "wall": tally.wall,
        "error": error,
        "measurements": tally.measurements,
        "exchanges": tally.exchanges,
        "frames": tally.frames,
        "writes": tally.writes,
        "floor_hits": step.walls.floor,
        "ceiling_hits": step.walls.ceiling,
        "squares": float(step.latent @ step.latent),
        "moved": float(moved @ moved),
        "samples": np.asarray(step.samples, dtype=np.int32),
        "outputs": evidence.free.node_voltages[:, outputs],
        "node_voltages": _phases(evidence, "node_voltages"),
        "voltage_origin": _phases(evidence, "voltage_origin"),
        "flags": _phases(evidence, "flags"),
    }
    row["codes" if isinstance(bench.held(), Codes) else "conductances"] = bench.branch_values()
    return row


def _phases(evidence: Evidence, name: str) -> Any:
    return np.stack([getattr(states, name) for states in evidence.states])


def _table(rows: Sequence[Mapping[int, float]], nodes: Sequence[int]) -> FloatArray:
    return np.array([[row.get(node, np.nan) for node in nodes] for row in rows])


def _code_conductances(bench: Bench, law: TapLaw | None) -> dict[str, Constant]:
    """What each code stands for, branch by branch, of all that a branch may hold."""
    if law is None or bench.info.codes is None:
        return {}
    codes, held = range(bench.info.codes.maximum + 1), bench.programmer.held
    table = np.stack([realise(law, np.full(law.highest.shape, code), held) for code in codes], axis=1)
    return {"code_conductances": Constant(table, ("branch", "code"), "S", "by law or calibration")}


def _doubts(bench: Bench) -> dict[str, Constant]:
    if bench.doubts is None:
        return {}
    table = bench.doubts.conductances
    return {"code_uncertainties": Constant(table, ("branch", "code"), "S", "standard, by calibration")}


def finite(numbers: Mapping[str, float]) -> dict[str, Json]:
    """JSON knows no infinity: a limit that does not bind is null."""
    return {name: value if np.isfinite(value) else None for name, value in numbers.items()}
