"""How many pulses each branch of a board has had in its life, kept by serial number in the state folder."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import numpy as np
from filelock import FileLock

from labrig.arrays import IntArray
from labrig.bench.state import state_folder
from labrig.errors import ConfigError

_SAVED_EVERY = 200
"""Exchanges with pulses after which the file is brought up to date while a run goes on: a process that is
killed leaves no more than those uncounted."""


class Wear:
    """Pulses of each wiper of one board, all runs together.

    Boards that are simulated have files of their own, so that a rehearsal never counts for the board on the
    bench. Several processes may add to one file: what each has added since it saved last is summed under a
    lock, and the file is replaced as a whole.

    Parameters
    ----------
    folder
        Where the file lies.
    serial_number
        Of the board.
    wipers
        How many it has.

    Raises
    ------
    ConfigError
        The file is there but cannot be used.
    """

    def __init__(self, folder: Path, serial_number: str, wipers: int) -> None:
        self._path = folder / f"{quote(serial_number, safe='')}.json"
        self._serial_number = serial_number
        self._before = self._read(wipers)
        self._unsaved: IntArray = np.zeros(wipers, dtype=np.int64)
        self._exchanges = 0

    @property
    def path(self) -> Path:
        """Of the file; it is not there before the first pulse was saved."""
        return self._path

    @property
    def pulses(self) -> IntArray:
        """That each wiper has had, shape (W,)."""
        return self._before + self._unsaved

    def add(self, wipers: IntArray, counts: IntArray) -> None:
        """Count pulses; saved from time to time."""
        np.add.at(self._unsaved, wipers, counts)
        self._exchanges += 1
        if self._exchanges >= _SAVED_EVERY:
            self.save()

    def save(self) -> None:
        """Add what is not saved yet to the file.

        Raises
        ------
        ConfigError
            The state folder cannot be written.
        """
        if not self._unsaved.any():
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self._path}.lock"):
                before = self._read(self._unsaved.size)
                self._replace((before + self._unsaved).tolist())
        except OSError as error:
            msg = (
                f"{self._path.parent} cannot be written: {error.strerror}; name another state folder in"
                " LABRIG_STATE"
            )
            raise ConfigError(msg) from error
        self._before, self._unsaved = before + self._unsaved, np.zeros_like(self._unsaved)
        self._exchanges = 0

    def _replace(self, pulses: Sequence[int]) -> None:
        beside = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            with beside.open("w", encoding="utf-8") as file:
                json.dump({"serial_number": self._serial_number, "pulses": pulses}, file)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except BaseException:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise

    def _read(self, wipers: int) -> IntArray:
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return np.zeros(wipers, dtype=np.int64)
        try:
            found = np.array(json.loads(text)["pulses"], dtype=np.int64)
        except (ValueError, KeyError, TypeError) as error:
            msg = f"{self._path} holds no count of pulses: {error}; move it away to begin at 0"
            raise ConfigError(msg) from error
        if found.shape != (wipers,):
            msg = (
                f"{self._path} is of a board of {found.size} branches, this one has {wipers}; move it away"
                " to begin at 0"
            )
            raise ConfigError(msg)
        return found


def wear_folder(*, simulated: bool) -> Path:
    """Where the files of simulated boards, or of those on a bench, lie."""
    return state_folder() / "wear" / ("simulated" if simulated else "bench")
