"""The ``labrig`` command: one small file per command; errors become one line and an exit code."""

import sys

from labrig.cli import (
    board,
    calibrate,
    calibration,
    circuit,
    config,
    find,
    measure,
    memristors,
    null,
    preflight,
    rehearse,
    resume,
    runs,
    safe,
    simulate,
    study,
    sweep,
    train,
)
from labrig.cli.groups import command_group
from labrig.errors import LabrigError

app = command_group(
    "Train a physical resistor crossbar: rehearse in simulation, then learn on the bench.",
    epilog="Example: labrig train configs/experiments/crossbar-40x30.yaml",
)
app.command("train")(train.train)
app.command("resume")(resume.resume)
app.command("measure")(measure.measure)
app.command("null")(null.null)
app.command("preflight")(preflight.preflight)
app.command("rehearse")(rehearse.rehearse)
app.command("study")(study.study)
app.command("form")(memristors.form)
app.command("retention")(memristors.retention)
app.command("endurance")(memristors.endurance)
app.command("find")(find.find)
app.command("safe")(safe.safe)
app.add_typer(runs.app, name="runs")
app.add_typer(board.app, name="board")
app.add_typer(calibrate.app, name="calibrate")
app.add_typer(calibration.app, name="calibration")
app.add_typer(sweep.app, name="sweep")
app.add_typer(simulate.app, name="simulate")
app.add_typer(circuit.app, name="circuit")
app.add_typer(config.app, name="config")


def main() -> None:
    """Run the command line; every error that is not a bug is one sentence on stderr."""
    try:
        app()
    except LabrigError as error:
        print(f"labrig: {error}", file=sys.stderr)
        for note in getattr(error, "__notes__", ()):
            print(f"        {note}", file=sys.stderr)
        sys.exit(error.exit_code)
