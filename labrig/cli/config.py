"""``labrig config``: checks files, shows what they resolve to, prints their schemas."""

import sys
from enum import StrEnum
from json import dumps, loads
from pathlib import Path
from typing import Annotated

import typer

from labrig.cli.groups import command_group
from labrig.cli.options import Json

app = command_group("Rig and experiment files: check them, show what they give.")


class SchemaOf(StrEnum):
    """Files that have a schema."""

    EXPERIMENT = "experiment"
    RIG = "rig"
    STUDY = "study"


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Experiments, rigs and studies.")],
    json: Json = False,
) -> None:
    """List every mistake in files, with file, line and key.

    They are read as a training reads them, but nothing is opened.

    Example: labrig config check configs/experiments/crossbar-40x30.yaml
    """
    from labrig.errors import ConfigError

    kinds: dict[str, str | None] = {}
    mistakes: dict[str, list[str]] = {}
    for file in map(str, files):
        try:
            kinds[file] = _kind(file)
            mistakes[file] = []
        except ConfigError as error:
            kinds[file] = None
            mistakes[file] = str(error).splitlines()
    if json:
        print(dumps([{"file": file, "kind": kinds[file], "mistakes": mistakes[file]} for file in kinds]))
    else:
        for file, kind in kinds.items():
            if kind:
                print(f"{file}: {kind}, nothing wrong")
            for mistake in mistakes[file]:
                print(mistake, file=sys.stderr)
    if any(mistakes.values()):
        raise typer.Exit(ConfigError.exit_code)


def _kind(file: str) -> str:
    """What a file is, once it is found to be in order."""
    from labrig.config.loading import Experiment, load
    from labrig.config.studies import is_study, load_study
    from labrig.procedures.study import groups_of

    if is_study(file):
        groups_of(load_study(file), simulate=True)
        return "study"
    return "experiment" if isinstance(load(file), Experiment) else "rig"


@app.command()
def show(
    file: Annotated[Path, typer.Argument(help="An experiment or a rig.")],
    json: Json = False,
) -> None:
    """Print a file as a run stores it.

    Everything that it names is in it, and every default.

    Example: labrig config show configs/experiments/crossbar-40x30.yaml
    """
    from labrig.config.loading import Experiment, load
    from labrig.config.writing import to_yaml

    loaded = load(file)
    config = loaded.config if isinstance(loaded, Experiment) else loaded
    print(dumps(config.model_dump(mode="json")) if json else to_yaml(config), end="\n" if json else "")


@app.command()
def schema(
    kind: Annotated[SchemaOf, typer.Argument(help="Which file.")] = SchemaOf.EXPERIMENT,
    json: Json = False,
) -> None:
    """Print the JSON Schema of a kind of file.

    Editors use it to complete and check keys. With --json it comes on one line.

    Example: labrig config schema rig
    """
    from labrig.config.schema import schema_text

    text = schema_text(kind.value)
    print(dumps(loads(text)) if json else text, end="\n" if json else "")
