"""``labrig preflight``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from labrig.cli.options import Json

_ADVISES_AGAINST = 10


def preflight(
    experiment: Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="An experiment file.")],
    rig: Annotated[
        Path | None, typer.Option(metavar="RIG", help="Another rig than the experiment names.")
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Ask the rig's simulated board, not the one on the bench.")
    ] = False,
    json: Json = False,
) -> None:
    """Say whether a training can succeed, and what it may take.

    The board is asked who it is; nothing is driven or written. Exit code 10: something speaks against it.

    Example: labrig preflight configs/experiments/crossbar-40x30.yaml
    """
    from json import dumps

    from labrig.bench.assembly import open_bench
    from labrig.config.loading import load_experiment
    from labrig.procedures.preflight import preflight as look
    from labrig.procedures.preflight import preflight_result
    from labrig.views.preflight_text import preflight_lines

    loaded = load_experiment(experiment, rig=rig)
    with open_bench(loaded.rig, simulate=simulate) as bench:
        found = preflight_result(bench.topology, look(bench, loaded))
    if json:
        print(dumps(found))
    else:
        print("\n".join(preflight_lines(found)))
    if found["objections"]:
        print("labrig: the preflight advises against this training", file=sys.stderr)
        raise typer.Exit(_ADVISES_AGAINST)


def advise_against(objections: Sequence[str]) -> NoReturn:
    """Say what speaks against a training that was about to start, and end."""
    for objection in objections:
        print(f"against {objection}", file=sys.stderr)
    print(
        "labrig: the preflight advises against this training, and nothing was driven;"
        " --no-preflight trains all the same",
        file=sys.stderr,
    )
    raise typer.Exit(_ADVISES_AGAINST)
