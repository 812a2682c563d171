"""A study on the terminal: progress while it runs, each result on the disk as it comes."""

import sys
from pathlib import Path

from labrig.bench.endings import afterwards
from labrig.config.studies import Study
from labrig.errors import RunError
from labrig.procedures.study import Carry, groups_of, left_of, study_head
from labrig.store.lines import Lines
from labrig.views.parts_progress import PartsProgress
from labrig.views.study_record import StudyRecord, study_record


def carry_out(
    study: Study, carry: Carry, runs: Path, resume: Path | None, *, simulate: bool, options: str
) -> tuple[Path, StudyRecord]:
    """Run what is left of a study; gives its folder and what came out.

    Parameters
    ----------
    options
        Of the command line, to be given again where it is gone on with.

    Raises
    ------
    ConfigError
        A case is no experiment.
    RunError
        The folder to go on in is of another study.
    """
    groups = groups_of(study, simulate=simulate)
    head = study_head(study, groups)
    if resume is None:
        lines = Lines.create(runs, study.name, head)
    else:
        lines = Lines(resume)
        lines.repair()
        before, _ = lines.read()
        if {**before, "versions": None} != {**head, "versions": None}:
            msg = (
                f"{resume} is of another study than {study.path}, of an earlier form of it or of what it"
                " names, or was carried out on the other kind of board (--bench); begin anew"
            )
            raise RunError(msg)
    print(f"study   {lines.directory}", file=sys.stderr)
    _, done = lines.read()
    left = left_of(groups, done)
    with PartsProgress("studying") as progress, afterwards(lambda: _how_to_go_on(study, lines, options)):
        finished = len(groups) - len(left)
        for results in carry(left) if left else ():
            lines.append(results)
            finished += 1
            progress.update(study.name, finished, len(groups))
    return lines.directory, study_record(*lines.read())


def _how_to_go_on(study: Study, lines: Lines, options: str) -> None:
    _, results = lines.read()
    if len({(r["seed"], r["case"]) for r in results}) < len(study.cases) * study.config.seeds:
        print(f"go on   labrig study {study.path} {options}--resume {lines.directory}", file=sys.stderr)
