"""Results of a study: a file of JSON lines that grows, readable while it does."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from labrig.errors import RunError
from labrig.store.folders import new_directory

RESULTS_NAME = "results.jsonl"


class Lines:
    """A file whose first line says what the others are about; each further line is one result.

    A line that a killed process left unfinished counts for nothing, and is cut off when the file is gone on
    with.

    Parameters
    ----------
    directory
        Of the study.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / RESULTS_NAME

    @classmethod
    def create(cls, root: Path, name: str, head: Mapping[str, Any]) -> Self:
        """Begin one in a new folder under `root`.

        Raises
        ------
        RunError
            It cannot be made.
        """
        try:
            lines = cls(new_directory(root, name, datetime.now(UTC)))
        except OSError as error:
            msg = f"{root}: {error.strerror or error}; name another folder with --runs"
            raise RunError(msg) from error
        lines.append([head])
        return lines

    def append(self, results: Sequence[Mapping[str, Any]]) -> None:
        """Add lines, and see them on the disk.

        Raises
        ------
        RunError
            It cannot be written.
        """
        text = "".join(json.dumps(result, ensure_ascii=False, allow_nan=False) + "\n" for result in results)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            msg = f"{self.path}: {error.strerror or error}"
            raise RunError(msg) from error

    def read(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Head and results so far.

        Raises
        ------
        RunError
            There is no such file, or it is none of these.
        """
        try:
            head, *results = [json.loads(line) for line in self.path.read_bytes().split(b"\n")[:-1]]
        except (OSError, ValueError) as error:
            msg = f"{self.path} is no file of results: {error}"
            raise RunError(msg) from error
        return head, results

    def repair(self) -> None:
        """Cut off a line that was not finished."""
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.truncate(self.path, whole)
