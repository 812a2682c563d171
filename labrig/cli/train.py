"""``labrig train``."""

from pathlib import Path
from typing import Annotated

import typer

from labrig.cli.options import Arrays, Json, Runs


def train(
    experiment: Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="An experiment file.")],
    rig: Annotated[
        Path | None, typer.Option(metavar="RIG", help="Another rig than the experiment names.")
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Rehearse on the rig's simulated board.")
    ] = False,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the run; default: the experiment's.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Another seed than the experiment's.", min=0)
    ] = None,
    preflight: Annotated[
        bool,
        typer.Option("--preflight/--no-preflight", help="Whether to ask beforehand if it can succeed."),
    ] = True,
    runs: Runs = None,
    json: Json = False,
    arrays: Arrays = False,
) -> None:
    """Train a board on an experiment; every step is stored.

    A step measures free and clamped states, updates the conductances and writes them. Where a preflight
    speaks against the training, nothing is driven or written, and the exit code is 10.
    Where the experiment lets drift pause it, the run can be resumed, and the exit code is 11.
    Ctrl-C once finishes the step, makes safe and leaves a run that can be resumed; twice makes safe at once.

    Example: labrig train configs/experiments/crossbar-40x30-firmware.yaml --simulate
    """
    from labrig.bench.assembly import open_bench
    from labrig.cli.preflight import advise_against
    from labrig.cli.session import carry_out
    from labrig.config.loading import load_experiment
    from labrig.procedures.preflight import preflight as look
    from labrig.procedures.train import train as start

    loaded = load_experiment(experiment, rig=rig, seed=seed)
    with open_bench(loaded.rig, simulate=simulate) as bench:
        if preflight and (objections := look(bench, loaded).objections):
            advise_against(objections)
        carry_out(
            bench,
            lambda asked: start(bench, loaded, runs=runs, name=name, asked=asked),
            json=json,
            arrays=arrays,
        )
