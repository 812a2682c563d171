"""A training on the terminal: bounds and progress while it runs, its result at the end."""

import sys
from collections.abc import Callable
from json import dumps
from typing import Any

import typer

from labrig.bench.bench import Bench
from labrig.bench.endings import afterwards
from labrig.bench.memristor_bench import MemristorBench
from labrig.boards.quality import advice
from labrig.errors import PAUSED
from labrig.procedures.interrupt import first_interrupt_asks
from labrig.procedures.train import Training
from labrig.units import format_quantity
from labrig.views.gather import load_record
from labrig.views.progress import TrainingProgress
from labrig.views.record import TrainingRecord
from labrig.views.result import result, result_arrays
from labrig.views.signatures import signatures

Asked = Callable[[], str | None]


def carry_out(bench: Bench, start: Callable[[Asked], Training], *, json: bool, arrays: bool) -> None:
    """Run a training to its end with live progress, then print what came out."""
    with first_interrupt_asks() as asked:
        training = start(asked)
        print(
            f"board   {bench.info.part}, {bench.info.firmware}, serial {bench.info.serial_number}",
            file=sys.stderr,
        )
        if bench.monitored is not None and bench.monitored.resets_at_open:
            print("reset   opening resets this board; its codes are written anew", file=sys.stderr)
        print(f"bounds  {training.plan.bounds}", file=sys.stderr)
        for name, reason in bench.masked.items():
            print(f"masked  {name}: {reason}", file=sys.stderr)
        print(f"run     {training.run}", file=sys.stderr)
        stop = training.plan.config.stop
        wall = None if stop.wall is None else stop.wall - training.tally().wall
        with (
            afterwards(lambda: tell(bench, training, json=json, arrays=arrays)),
            TrainingProgress(training.run.name, steps=stop.steps, wall=wall, error=stop.error) as progress,
        ):
            for step in training:
                tally = training.tally()
                hits = (step.walls.floor, step.walls.ceiling)
                progress.update(step.step, training.error, tally.measurements, tally.exchanges, hits)
    if training.ending is not None and training.ending.outcome == "interrupted":
        raise typer.Exit(130)
    if training.ending is not None and training.ending.outcome == "paused":
        raise typer.Exit(PAUSED)


def tell(bench: Bench, training: Training, *, json: bool, arrays: bool) -> None:
    """Print what came out, however it ended."""
    if hint := advice(bench.counters):
        print(hint, file=sys.stderr)
    if bench.resets:
        times = "once" if bench.resets == 1 else f"{bench.resets} times"
        print(f"the board was reset {times} and restored: check its supply", file=sys.stderr)
    if (changes := bench.function_changes).count:
        print(
            f"meters  outputs had to be off {changes.count} times, {changes.seconds:.3g} s in all, to change"
            " between driving a node and listening to it; the board's own clamps do not: leave such an"
            " output's source meter out of the rig, or its node",
            file=sys.stderr,
        )
    if isinstance(bench, MemristorBench):
        for branch, reason in bench.stuck.items():
            print(f"stuck   {bench.topology.branch_name(branch)}: {reason}", file=sys.stderr)
    if training.ending is None:
        return
    record = load_record(training.run)
    found = result(record)
    if json:
        print(dumps({**found, **(result_arrays(record) if arrays else {})}))
    else:
        print_result(found, record, training)


def print_result(found: dict[str, Any], record: TrainingRecord, training: Training) -> None:
    """What a person wants to know at the end."""
    reason = training.ending.reason if training.ending else ""
    print(f"{found['outcome']}: {reason}")
    error = format_quantity(found["error"], "V") if found["error"] is not None else "not measured"
    print(
        f"error {error} after {found['steps']} updates, {found['measurements']} measurements,"
        f" {found['exchanges']} exchanges, {found['wall_s']:.1f} s"
    )
    if found["validation_error"] is not None:
        print(f"validation error {format_quantity(found['validation_error'], 'V')}")
    if "wear" in found:
        print_wear(found)
    print(f"run     {training.run}")
    if found["outcome"] not in {"converged", "stopped"}:
        print(f"go on   labrig resume {training.run}")
    if names := training.unreachable:
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        print(f"note    out of reach, as the board has shown, and as near as it can be: {shown}")
    for text in signatures(record, training.plan.config.stop.error):
        print(f"note    {text}")
    if training.not_asked is not None:
        print(f"note    whether branches answer could not be asked: {training.not_asked}")
    if training.not_drawn is None:
        print(f"picture {training.run / 'summary.png'}")
    else:
        print(f"picture not drawn: {training.not_drawn}", file=sys.stderr)


def print_wear(found: dict[str, Any]) -> None:
    """What memristors were put through."""
    if found["error_floor"] is not None:
        rest = format_quantity(found["error_floor"], "V")
        print(f"floor   {rest}, RMS over the last quarter of the updates")
    print(f"pulses  {found['pulses']}, with {found['reads']} reads of the whole array")
    print(
        f"wear    the most worn branch has had {found['wear']} pulses in its life, {found['wear_share']:.2g}"
        f" of the {found['endurance']} that its part stands"
    )
