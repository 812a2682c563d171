"""``labrig runs``: list, show, plot and export what was stored."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

app = typer.Typer(no_args_is_help=True, help="Look at stored runs.")

RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's folder, or its name in the folder of runs.")
]
RunsOption = Annotated[
    Path | None,
    typer.Option(
        "--runs", metavar="DIR", help="Folder of runs.  [default: LABRIG_RUNS, else runs]", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON value on stdout, nothing else.")]


_FILE_WIDTH = 160
"""Characters of a line where there is no terminal."""


class Format(StrEnum):
    """File formats of ``labrig runs export``."""

    CSV = "csv"
    NETCDF = "netcdf"


@app.command("list", epilog="Example: labrig runs list --runs /data/runs")
def list_(runs: RunsOption = None, as_json: JsonOption = False) -> None:
    """List the runs of a folder, oldest first."""
    from labrig.store.catalogue import list_runs, runs_folder
    from labrig.views.tables import listed, runs_table

    folder = runs_folder(runs)
    named = runs is not None or "LABRIG_RUNS" in os.environ
    found, unreadable = list_runs(folder) if named or folder.exists() else ([], [])
    rows = [listed(info) for info in found]
    for error in unreadable:
        typer.echo(f"left out: {error}", err=True)
    if as_json:
        typer.echo(json.dumps(rows))
    elif rows:
        _print(runs_table(rows))
    else:
        typer.echo(f"no runs in {folder}", err=True)


@app.command(epilog="Example: labrig runs show 20260301-091500-crossbar-40x30 --json")
def show(
    run: RunArgument,
    runs: RunsOption = None,
    as_json: JsonOption = False,
    arrays: Annotated[
        bool, typer.Option("--arrays", help="With --json: also conductances and outputs.")
    ] = False,
) -> None:
    """Show one run: how it ended, what it cost, and where it comes from."""
    from labrig.views.gather import load_record
    from labrig.views.result import result, result_arrays
    from labrig.views.tables import run_details

    record = load_record(resolve(run, runs))
    if as_json:
        typer.echo(json.dumps({**result(record), **(result_arrays(record) if arrays else {})}))
    else:
        _print(run_details(record))


@app.command(epilog="Example: labrig runs plot 20260301-091500-crossbar-40x30 --out picture.png")
def plot(
    run: RunArgument,
    runs: RunsOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Picture to write.  [default: RUN/summary.png]", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a run, finished or not: error, outputs and conductances in one picture."""
    from labrig.views.summary import write_summary

    _tell_file(write_summary(resolve(run, runs), out), as_json=as_json)


@app.command(epilog="Example: labrig runs export RUN --format csv --columns error,outputs --out run.csv")
def export(
    run: RunArgument,
    runs: RunsOption = None,
    form: Annotated[
        Format, typer.Option("--format", help="CSV has one row a step; NetCDF has everything.")
    ] = Format.CSV,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…",
            help="Columns, arrays as one cell an entry.  [default: csv: scalars and outputs; netcdf: all]",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="File to write.  [default: RUN/run.csv or run.nc]", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a run as CSV or NetCDF, with units."""
    from labrig.store.export import export_csv, export_netcdf
    from labrig.views.gather import table_columns

    directory = resolve(run, runs)
    chosen = None if columns is None else [name.strip() for name in columns.split(",") if name.strip()]
    if form is Format.CSV:
        target = out or directory / "run.csv"
        export_csv(directory, target, table_columns(directory) if chosen is None else chosen)
    else:
        target = out or directory / "run.nc"
        export_netcdf(directory, target, chosen)
    _tell_file(target, as_json=as_json)


def resolve(run: str, runs: Path | None) -> Path:
    """Directory of the run that a command line means.

    Raises
    ------
    RunError
        Neither the path nor the name is a run.
    """
    from labrig.store.catalogue import find_run, runs_folder

    return find_run(run, runs_folder(runs))


def _tell_file(path: Path, *, as_json: bool) -> None:
    typer.echo(json.dumps({"file": str(path)}) if as_json else str(path))


def _print(table: "RenderableType") -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    console.print(table, highlight=False)
