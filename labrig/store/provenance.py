"""Where a run comes from: versions, git commits, host, user, command line and time."""

import getpass
import importlib.metadata
import os
import platform
import socket
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from labrig.store.tables import Json

_PACKAGES = (
    "labrig",
    "numpy",
    "scipy",
    "pydantic",
    "pint",
    "pyserial",
    "PyVISA",
    "PyVISA-py",
    "cobs",
    "matplotlib",
)


def collect(experiment: Path | None = None) -> dict[str, Json]:
    """Gather what can be known without asking any device.

    Parameters
    ----------
    experiment
        The experiment's file; the checkout that it is in, if any, is recorded beside labrig's own.
    """
    return {
        "started": datetime.now(UTC).isoformat(),
        "versions": versions(),
        "git": {
            "labrig": git_state(Path(__file__)),
            "experiment": None if experiment is None else git_state(experiment),
        },
        "experiment": None if experiment is None else str(experiment.absolute()),
        "host": socket.gethostname(),
        "user": _user(),
        "platform": platform.platform(),
        "argv": list(sys.argv),
        "working_folder": str(Path.cwd()),
    }


def versions() -> dict[str, str]:
    """Versions of Python, SQLite and the packages that shape the numbers, where installed."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for package in _PACKAGES:
        try:
            found[package.lower()] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def git_state(path: Path) -> dict[str, Json] | None:
    """Commit of the checkout that a file is in, whether tracked files differ, whether it is one of them.

    None outside of a checkout.
    """
    folder = path.parent
    found = _git(folder, "rev-parse", "--show-toplevel", "HEAD")
    if found is None:
        return None
    root, commit = found.splitlines()
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    tracked = _git(folder, "ls-files", "--error-unmatch", path.name) is not None
    return {"root": root, "commit": commit, "dirty": bool(changes), "tracked": tracked}


def _git(folder: Path, *arguments: str) -> str | None:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True, text=True, timeout=10, check=True, env=environment,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
