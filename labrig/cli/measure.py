"""``labrig measure``."""

from pathlib import Path
from typing import Annotated

import typer

from labrig.cli.options import Json, Runs


def measure(
    target: Annotated[
        str, typer.Argument(help="A rig file, or a run whose board is to be used.", metavar="RIG|RUN")
    ],
    inputs: Annotated[
        str | None,
        typer.Option(
            metavar="VOLTAGES", help="Input voltages: 'in0=1 V, in1=2 V', or in node order '1 V, 2 V'."
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of samples, a column a node: in0 [V]; may hold targets."),
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="With a rig: use its simulated board.")
    ] = False,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Apply inputs to a board, trained or not, and read outputs.

    Where samples have targets, the error is told as well.
    The board of a run is given the codes of the run's last step where it holds others.

    Example: labrig measure 20260101-120000-crossbar-40x30 --file samples.csv
    """
    from labrig.cli.measured import print_measurement
    from labrig.errors import ConfigError
    from labrig.procedures.inputs import parse_inputs, read_inputs
    from labrig.procedures.measure import measure as apply
    from labrig.procedures.reopen import open_rig_or_run

    if (inputs is None) == (file is None):
        msg = "measure needs either --inputs or --file"
        raise ConfigError(msg)
    with open_rig_or_run(target, runs, simulate=simulate) as (board, network):
        samples = (
            (parse_inputs(inputs, network),) if inputs is not None else read_inputs(file or Path(), network)
        )
        print_measurement(board.topology, samples, apply(board, samples), json=json)
