"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON value on stdout, nothing else.")]
Arrays = Annotated[bool, typer.Option("--arrays", help="With --json: conductances and outputs as well.")]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="A run: its folder, or its name in the folder of runs.")
]
Runs = Annotated[
    Path | None,
    typer.Option("--runs", help="Folder of runs; default: LABRIG_RUNS, else runs/.", metavar="DIR"),
]
