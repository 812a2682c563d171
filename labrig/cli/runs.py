"""``labrig runs``: list, show, plot, compare and export what was stored."""

import os
import sys
from enum import StrEnum
from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from labrig.cli.groups import command_group
from labrig.cli.options import Arrays, Json, RunName, Runs
from labrig.cli.outputs import check_picture
from labrig.cli.tables import print_table

app = command_group("Look at stored runs.")


class Format(StrEnum):
    """File formats of ``labrig runs export``."""

    CSV = "csv"
    NETCDF = "netcdf"


@app.command("list")
def list_(runs: Runs = None, json: Json = False) -> None:
    """List the runs of a folder, oldest first.

    Example: labrig runs list --runs /data/runs
    """
    from labrig.store.catalogue import list_runs, runs_folder
    from labrig.views.tables import listed, runs_table

    folder = runs_folder(runs)
    named = runs is not None or "LABRIG_RUNS" in os.environ
    found, unreadable = list_runs(folder) if named or folder.exists() else ([], [])
    rows = [listed(info) for info in found]
    for error in unreadable:
        print(f"left out: {error}", file=sys.stderr)
    if json:
        print(dumps(rows))
    elif rows:
        print_table(runs_table(rows))
    else:
        print(f"no runs in {folder}", file=sys.stderr)


@app.command()
def show(run: RunName, runs: Runs = None, json: Json = False, arrays: Arrays = False) -> None:
    """Show one run: how it ended, what it cost, and where it comes from.

    Example: labrig runs show 20260101-120000-crossbar-40x30 --json
    """
    from labrig.views.gather import load_record
    from labrig.views.result import result, result_arrays
    from labrig.views.tables import run_details

    record = load_record(resolve(run, runs))
    if json:
        print(dumps({**result(record), **(result_arrays(record) if arrays else {})}))
    else:
        print_table(run_details(record))


@app.command()
def plot(
    run: RunName,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Picture to write; default: RUN/summary.png.")
    ] = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Draw a run, finished or not, in one picture.

    It shows the error, the outputs and what became of the conductances.

    Example: labrig runs plot 20260101-120000-crossbar-40x30 --out picture.png
    """
    from labrig.views.summary import write_summary

    _tell_file(write_summary(resolve(run, runs), out), json=json)


@app.command()
def compare(
    bench: RunName,
    simulation: Annotated[str, typer.Argument(help="Its rehearsal.", metavar="SIMULATION")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Picture to write.")] = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Hold a run on the bench against its rehearsal, step by step.

    The first step with other codes is named, and the first output that departs.
    What a difference may be by chance, and by what is left open, the calibration of the rehearsal says.

    Example: labrig runs compare 20260101-220000-night 20260101-120000-night --out compared.png
    """
    from labrig.views.comparison import compare as align
    from labrig.views.comparison import comparison_result
    from labrig.views.comparison_text import comparison_lines, comparison_table

    check_picture(out)
    found = align(resolve(bench, runs), resolve(simulation, runs))
    if out is not None:
        from labrig.views.comparison_picture import write_comparison

        write_comparison(found, out)
    answer = comparison_result(found)
    if json:
        print(dumps(answer))
        return
    print_table(comparison_table(answer))
    print("\n".join(comparison_lines(answer)))
    if out is not None:
        print(f"picture {out}")


@app.command()
def export(
    run: RunName,
    form: Annotated[
        Format, typer.Option("--format", help="CSV has one row a step; NetCDF has everything.")
    ] = Format.CSV,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…",
            help="Columns, arrays as one cell an entry; default: scalars and outputs, in NetCDF everything.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write; default: RUN/run.csv or RUN/run.nc.")
    ] = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Write a run as CSV or NetCDF, with units.

    Example: labrig runs export 20260101-120000-crossbar-40x30 --columns error,outputs --out run.csv
    """
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
    _tell_file(target, json=json)


def resolve(run: str, runs: Path | None) -> Path:
    """Directory of the run that a command line means.

    Raises
    ------
    RunError
        Neither the path nor the name is a run.
    """
    from labrig.store.catalogue import find_run, runs_folder

    return find_run(run, runs_folder(runs))


def _tell_file(path: Path, *, json: bool) -> None:
    print(dumps({"file": str(path)}) if json else path)
