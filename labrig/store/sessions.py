"""Who wrote a run: one session each time a process opened it, with its provenance and how it ended."""

import json
import os
import socket
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from labrig.store.tables import Json

Outcome: TypeAlias = Literal["converged", "stopped", "interrupted", "paused", "tripped", "failed"]


@dataclass(frozen=True, slots=True)
class Session:
    """One stretch of a run, written by one process."""

    started: str
    """ISO 8601, UTC."""
    pid: int
    host: str
    first_step: int
    """First step that it could append."""
    provenance: Mapping[str, Json]
    ended: str | None
    outcome: Outcome | None
    """None while it goes on, and for ever if it was killed."""
    reason: str | None


def begin_session(
    connection: sqlite3.Connection, first_step: int, provenance: Mapping[str, Json]
) -> int | None:
    """Enter this process as the run's writer; the results of an earlier session no longer hold."""
    connection.execute("DELETE FROM constants WHERE role = 'result'")
    cursor = connection.execute(
        "INSERT INTO sessions (started, pid, host, first_step, provenance) VALUES (?, ?, ?, ?, ?)",
        (
            datetime.now(UTC).isoformat(),
            os.getpid(),
            socket.gethostname(),
            first_step,
            json.dumps(provenance),
        ),
    )
    return cursor.lastrowid


def end_session(connection: sqlite3.Connection, session: int | None, outcome: Outcome, reason: str) -> None:
    """Enter how a session ended."""
    connection.execute(
        "UPDATE sessions SET ended = ?, outcome = ?, reason = ? WHERE session = ?",
        (datetime.now(UTC).isoformat(), outcome, reason, session),
    )


def read_sessions(connection: sqlite3.Connection) -> tuple[Session, ...]:
    """All sessions, first to last."""
    rows = connection.execute(
        "SELECT started, pid, host, first_step, provenance, ended, outcome, reason"
        " FROM sessions ORDER BY session"
    )
    return tuple(
        Session(started, pid, host, first, json.loads(provenance), ended, outcome, reason)
        for started, pid, host, first, provenance, ended, outcome, reason in rows
    )
