"""``labrig config``: checks files, shows what they resolve to, prints their schemas."""

import json as jsonlib
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Rig and experiment files: check them, show what they resolve to.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="JSON on stdout, nothing else.")]


class SchemaOf(StrEnum):
    """Files that have a schema."""

    EXPERIMENT = "experiment"
    RIG = "rig"


@app.command(epilog="Example: labrig config check configs/experiments/crossbar-40x30.yaml")
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Experiments and rigs.")],
    json: Json = False,
) -> None:
    """Read files as a training would, and list every mistake with file, line and key."""
    from labrig.config.loading import Experiment, load
    from labrig.errors import ConfigError

    kinds: dict[str, str | None] = {}
    mistakes: dict[str, list[str]] = {}
    for file in map(str, files):
        try:
            kinds[file] = "experiment" if isinstance(load(file), Experiment) else "rig"
            mistakes[file] = []
        except ConfigError as error:
            kinds[file] = None
            mistakes[file] = str(error).splitlines()
    if json:
        print(
            jsonlib.dumps([{"file": file, "kind": kinds[file], "mistakes": mistakes[file]} for file in kinds])
        )
    else:
        for file, kind in kinds.items():
            if kind:
                print(f"{file}: {kind}, nothing wrong")
            for mistake in mistakes[file]:
                print(mistake, file=sys.stderr)
    if any(mistakes.values()):
        raise typer.Exit(ConfigError.exit_code)


@app.command(epilog="Example: labrig config show configs/experiments/crossbar-40x30.yaml")
def show(
    file: Annotated[Path, typer.Argument(help="An experiment or a rig.")],
    json: Json = False,
) -> None:
    """Print a file with everything that it names and every default, as a run stores it."""
    from labrig.config.loading import Experiment, load
    from labrig.config.writing import to_yaml

    loaded = load(file)
    config = loaded.config if isinstance(loaded, Experiment) else loaded
    print(
        jsonlib.dumps(config.model_dump(mode="json")) if json else to_yaml(config), end="\n" if json else ""
    )


@app.command(epilog="Example: labrig config schema rig > rig.json")
def schema(
    kind: Annotated[SchemaOf, typer.Argument(help="Which file.")] = SchemaOf.EXPERIMENT,
) -> None:
    """Print the JSON Schema of a kind of file, which editors use to complete and check keys."""
    from labrig.config.schema import schema_text

    print(schema_text(kind.value), end="")
