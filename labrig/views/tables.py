"""Runs as text: a list of them, and one in detail."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from labrig.store.reader import RunInfo, RunReader
from labrig.views.record import TrainingRecord
from labrig.views.words import duration, volts

_STYLES = {
    "converged": "green",
    "stopped": "cyan",
    "running": "bold",
    "interrupted": "yellow",
    "paused": "yellow",
}


def listed(info: RunInfo) -> dict[str, Any]:
    """One run as an element of ``labrig runs list --json``; opens the run for its newest error."""
    with RunReader(info.path) as reader:
        error = reader.last_value("error") if "error" in reader.columns else None
    return {
        "run": str(info.path),
        "name": info.name,
        "created": info.created,
        "outcome": info.status,
        "reason": info.reason,
        "steps": info.last_step or 0,
        "error": error,
    }


def runs_table(runs: Iterable[dict[str, Any]]) -> Table:
    """Tabulate what `listed` made of each run."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("run", "started", "outcome", "steps", "error"):
        table.add_column(head, justify="right" if head in {"steps", "error"} else "left", overflow="fold")
    for run in runs:
        table.add_row(
            Text(Path(run["run"]).name),
            local_time(run["created"]),
            Text(run["outcome"], style=_STYLES.get(run["outcome"], "red")),
            str(run["steps"]),
            volts(run["error"]),
        )
    return table


def run_details(record: TrainingRecord) -> Group:
    """Everything that fits on a page about one run."""
    info, totals = record.info, record.totals
    outcome = Text(info.status, style=_STYLES.get(info.status, "red"))
    facts: list[tuple[str, str | Text]] = [
        ("outcome", outcome + Text(f"  {info.reason}") if info.reason else outcome),
        ("steps", str(info.last_step or 0)),
        ("error", volts(totals["error"])),
        *_known("validation error", totals["validation_error"]),
        *_known("predicted floor", record.predicted_floor),
        *((name, str(int(totals[name] or 0))) for name in ("measurements", "exchanges", "frames", "writes")),
        ("wall time", duration(totals["wall"] or 0.0)),
        *_walls(record),
        *_warmth(record),
        *(
            (name.replace("_", " "), Text(value))
            for name, value in record.attributes.items()
            if isinstance(value, str)
        ),
    ]
    return Group(Text(str(info.path), style="bold"), _grid(facts), Text(), *_sessions(info))


def local_time(stamp: str) -> str:
    """Write a stored UTC time in the reader's zone, to the second."""
    return f"{datetime.fromisoformat(stamp).astimezone():%Y-%m-%d %H:%M:%S}"


def _known(name: str, value: float | None) -> list[tuple[str, str]]:
    return [] if value is None else [(name, volts(value))]


def _walls(record: TrainingRecord) -> list[tuple[str, str]]:
    values = record.conductances
    if values is None:
        return []
    floor, ceiling = int(record.at_floor(values).sum()), int(record.at_ceiling(values).sum())
    return [("branches", f"{len(values)}, {floor} at ε, {ceiling} at the ceiling")]


def _warmth(record: TrainingRecord) -> list[tuple[str, str]]:
    known = record.celsius[np.isfinite(record.celsius)]
    return [("temperature", f"{known.min():.1f} … {known.max():.1f} °C")] if known.size else []


def _sessions(info: RunInfo) -> Iterable[Table]:
    for session in info.sessions:
        versions: dict[str, str] = session.provenance.get("versions", {})
        git: dict[str, Any] = session.provenance.get("git", {})
        yield _grid(
            [
                ("session", f"{local_time(session.started)} on {session.host}, process {session.pid}"),
                ("from step", str(session.first_step)),
                ("ended", f"{local_time(session.ended)} {session.outcome}" if session.ended else "–"),
                *([("versions", ", ".join(f"{k} {v}" for k, v in versions.items()))] if versions else []),
                *((f"git of {whose}", _commit(state)) for whose, state in git.items() if state),
            ]
        )


def _commit(state: Mapping[str, Any]) -> str:
    return f"{state['commit'][:12]}{' (changed)' if state['dirty'] else ''}"


def _grid(facts: Sequence[tuple[str, str | Text]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right", min_width=16)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, value)
    return table
