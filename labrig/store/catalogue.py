"""Finding runs: which folder they are in, what is there, and which one a name means."""

import difflib
import os
from pathlib import Path

from labrig.errors import RunError
from labrig.store.database import DATABASE_NAME
from labrig.store.reader import RunInfo, RunReader

ENVIRONMENT = "LABRIG_RUNS"


def runs_folder(option: Path | None = None) -> Path:
    """Folder of runs: the option, else ``LABRIG_RUNS``, else ``runs`` under the working folder."""
    if option is not None:
        return option
    return Path(os.environ.get(ENVIRONMENT) or "runs")


def list_runs(folder: Path) -> tuple[list[RunInfo], list[RunError]]:
    """All runs of a folder, oldest first, and why some of its databases cannot be read.

    Raises
    ------
    RunError
        The folder cannot be listed.
    """
    try:
        candidates = sorted(entry for entry in folder.iterdir() if (entry / DATABASE_NAME).is_file())
    except OSError as error:
        msg = f"{folder}: {error.strerror or error}; name the folder of runs with --runs or {ENVIRONMENT}"
        raise RunError(msg) from error
    found: list[RunInfo] = []
    unreadable: list[RunError] = []
    for directory in candidates:
        try:
            with RunReader(directory) as reader:
                found.append(reader.info())
        except RunError as error:
            unreadable.append(error)
    return sorted(found, key=lambda info: (info.created, info.path)), unreadable


def find_run(name: str, folder: Path) -> Path:
    """Directory of the run that is meant by a path or by its name in a folder of runs.

    Raises
    ------
    RunError
        Neither is a run; the message says which names are near.
    """
    given = Path(name)
    if given.name == DATABASE_NAME:
        given = given.parent
    for directory in (given, folder / name):
        if (directory / DATABASE_NAME).is_file():
            return directory
    names = [path.parent.name for path in folder.glob(f"*/{DATABASE_NAME}")] if folder.is_dir() else []
    near = (
        difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        or [n for n in sorted(names) if name in n][-3:]
    )
    hint = f"did you mean {' or '.join(near)}" if near else "labrig runs list shows what is there"
    msg = f"{name} is not a run, neither as a path nor in {folder}; {hint}"
    raise RunError(msg)
