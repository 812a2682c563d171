"""``labrig rehearse``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from labrig.cli.options import Json, Runs


def rehearse(
    experiment: Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="An experiment file.")],
    rig: Annotated[
        Path | None, typer.Option(metavar="RIG", help="Another rig than the experiment names.")
    ] = None,
    draws: Annotated[
        int,
        typer.Option(
            min=3,
            max=10_000,
            metavar="N",
            help="Boards that are drawn: N - 1 of N + 1 are within the bands, 95 % with 39, 98 % with 99.",
        ),
    ] = 39,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the run; default: the experiment's.")
    ] = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Foretell a training: error, outputs, writes and time.

    The rig's calibration leaves some boards open: such are drawn, each with noise of its own, and trained.
    Then the board as it was calibrated is trained, and stored together with what came of the others:
    labrig runs compare holds the bench against it. Nothing is driven.

    Example: labrig rehearse configs/experiments/crossbar-8x6-emulated.yaml --rig calibrated.yaml
    """
    from json import dumps

    from labrig.bench.assembly import open_bench
    from labrig.config.loading import load_experiment
    from labrig.procedures.rehearsal import draw_trainings, drawn_constants
    from labrig.procedures.train import train as start
    from labrig.store.reader import RunReader
    from labrig.views.bands import bands_of, bands_result
    from labrig.views.bands_text import bands_lines
    from labrig.views.parts_progress import PartsProgress
    from labrig.views.progress import TrainingProgress

    loaded = load_experiment(experiment, rig=rig)
    with PartsProgress("training on") as parts:
        drawn = draw_trainings(loaded, draws, parts.update)
    stop = loaded.config.stop
    with open_bench(loaded.rig, simulate=True) as bench:
        training = start(bench, loaded, runs=runs, name=name, beside=drawn_constants(drawn))
        print(f"run     {training.run}", file=sys.stderr)
        with TrainingProgress(training.run.name, steps=stop.steps, error=stop.error) as progress:
            for step in training:
                tally = training.tally()
                progress.update(step.step, training.error, tally.measurements, tally.exchanges)
    with RunReader(training.run) as reader:
        found, outputs = bands_of(reader.constants()), reader.labels()["output"]
    if found is None:
        msg = "a rehearsal stored no draws"
        raise RuntimeError(msg)
    answer = bands_result(found)
    if json:
        print(dumps({"run": str(training.run), **answer}))
        return
    print("\n".join(bands_lines(answer, outputs)))
    print(f"run     {training.run}")
