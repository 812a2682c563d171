"""``labrig study``."""

import os
import sys
from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from labrig.cli.options import Json, Runs


def study(
    studies: Annotated[list[Path], typer.Argument(metavar="STUDY...", help="Study files.")],
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes; default: one a processor.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler: tcp://HOST:PORT.")
    ] = None,
    bench: Annotated[
        bool, typer.Option("--bench", help="On the rig's own board, one training a turn; else simulated.")
    ] = False,
    resume: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of this study, to go on where it ended.")
    ] = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Train an experiment in many variants and compare them.

    Each variant is trained with several seeds. Variants on equal rigs take turns on one board, from equal
    starts. Every result is stored as it comes; what was interrupted goes on with --resume.

    Example: labrig study configs/studies/rules.yaml
    """
    from labrig.cli.studies import carry_out
    from labrig.cli.tables import print_table
    from labrig.config.studies import load_study
    from labrig.errors import ConfigError
    from labrig.procedures.study import in_processes, on_cluster, one_by_one
    from labrig.store.catalogue import runs_folder
    from labrig.views.study_picture import PICTURE_NAME, write_study_picture
    from labrig.views.study_table import study_table

    if bench and (workers is not None or scheduler is not None):
        msg = "--bench trains on one board, so that neither --workers nor --scheduler goes with it"
        raise ConfigError(msg)
    if resume is not None and len(studies) != 1:
        msg = f"--resume is for one study, and {len(studies)} are named"
        raise ConfigError(msg)
    loaded = [load_study(path) for path in studies]
    carry = (
        one_by_one
        if bench
        else on_cluster(scheduler)
        if scheduler is not None
        else in_processes(workers or os.cpu_count() or 1)
    )
    options = "--bench " if bench else "" if scheduler is None else f"--scheduler {scheduler} "
    answers: list[dict[str, object]] = []
    for one in loaded:
        folder, record = carry_out(one, carry, runs_folder(runs), resume, simulate=not bench, options=options)
        picture = write_study_picture(record, folder / PICTURE_NAME)
        answers.append({"study": record.name, "folder": str(folder), "picture": str(picture)})
        if not json:
            print_table(study_table(record))
            print(f"study   {folder}")
            print(f"picture {picture}")
            sys.stdout.flush()
    if json:
        print(dumps(answers))
