"""The ``labrig`` command: one small file per command; errors become one line and an exit code."""

import sys

import typer

from labrig.cli import circuit, config, measure, resume, runs, train
from labrig.errors import LabrigError

app = typer.Typer(
    help="Train a physical resistor crossbar: rehearse in simulation, then learn on the bench.",
    epilog="Start with: labrig train configs/experiments/crossbar-40x30.yaml",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("train")(train.train)
app.command("resume")(resume.resume)
app.command("measure")(measure.measure)
app.add_typer(runs.app, name="runs")
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
