"""Numbers of the convergence paper (arXiv:2503.00349) and its neighbourhood, beside what is expected.

Exit code 1 where a number misses what is allowed. The recipes are in tests/support/paper.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from labrig.arrays import Seconds
from tests.support.paper.experiments import experiments
from tests.support.paper.figures import Experiment, Figure


@dataclass(frozen=True)
class Finds:
    """What an experiment found, figure by figure."""

    experiment: Experiment
    values: Sequence[float]
    seconds: Seconds
    """Of processor time."""

    def pairs(self) -> Iterator[tuple[Figure, float]]:
        return zip(self.experiment.figures, self.values, strict=True)


def measured(experiment: Experiment) -> Finds:
    """Measure; this runs in a process of its own."""
    started = time.process_time()
    values = experiment.measure()
    return Finds(experiment, values, time.process_time() - started)


def measure_all(chosen: Sequence[Experiment], workers: int) -> list[Finds]:
    """Measure side by side, progress on stderr."""
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(workers, mp_context=context) as pool,
        Progress(*columns, console=Console(stderr=True)) as progress,
    ):
        task = progress.add_task("experiments", total=len(chosen))
        waiting = [pool.submit(measured, experiment) for experiment in chosen]
        for done in as_completed(waiting):
            progress.update(task, advance=1, description=done.result().experiment.name)
        progress.update(task, description="experiments")
    return [done.result() for done in waiting]


def table(found: Sequence[Finds]) -> Table:
    """One section a table of the recipes; the time stands beside the first figure of what was run at once."""
    hits = [figure.hit(value) for finds in found for figure, value in finds.pairs()]
    drawn = Table(
        caption=f"{sum(hits)} of {len(hits)} hit. ∞: not within 20000 updates", caption_justify="left"
    )
    drawn.add_column("case")
    for head in ("", "expected", "allowed", "found", "", "CPU s"):
        drawn.add_column(head, justify="right" if head else "left", no_wrap=True)
    for title, group in groupby(found, key=lambda finds: finds.experiment.table):
        drawn.add_section()
        drawn.add_row(f"[bold]{title}")
        for finds in group:
            name, seconds = finds.experiment.name, f"{finds.seconds:.1f}"
            for figure, value in finds.pairs():
                verdict = "[green]hit" if figure.hit(value) else "[bold red]MISS"
                expected, found_number = number(figure.expected), number(value)
                drawn.add_row(
                    f"  {name}", figure.name, expected, allowed(figure), found_number, verdict, seconds
                )
                name = seconds = ""
    return drawn


def allowed(figure: Figure) -> str:
    if figure.low == figure.high:
        return "exactly"
    margin = figure.high - figure.expected
    if np.isclose(figure.expected - figure.low, margin):
        return f"± {margin:.3g}"
    return f"{number(figure.low)} … {number(figure.high)}"


def number(value: float) -> str:
    return "∞" if np.isinf(value) else f"{value:.5g}"


def as_json(found: Sequence[Finds]) -> list[Mapping[str, object]]:
    """One object a figure; null is "not within 20000 updates"."""
    return [
        {
            "table": finds.experiment.table,
            "case": finds.experiment.name,
            "figure": figure.name,
            "expected": finite(figure.expected),
            "low": finite(figure.low),
            "high": finite(figure.high),
            "found": finite(value),
            "hit": figure.hit(value),
            "experiment_cpu_seconds": finds.seconds,
        }
        for finds in found
        for figure, value in finds.pairs()
    ]


def finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/bench paper", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="TEXT", default="", help="cases whose table or name has this text")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON array on stdout, an object a figure")
    options = parser.parse_args(arguments)
    chosen = [experiment for experiment in experiments() if options.only in str(experiment)]
    if not chosen:
        parser.error(f"no case has '{options.only}' in its table or name; without --only all are listed")
    found = measure_all(chosen, options.workers)
    if options.json:
        print(json.dumps(as_json(found), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        Console(width=None if Console().is_terminal else 140).print(table(found))
    return 0 if all(figure.hit(value) for finds in found for figure, value in finds.pairs()) else 1


if __name__ == "__main__":
    sys.exit(main())
