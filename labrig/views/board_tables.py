"""A board as text: what it says of itself, and what a check of it found."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

_MOST_FAULTS = 20


def told(passed: bool | None) -> Text:
    """Say whether something passed, in colour."""
    if passed is None:
        return Text("not checked", style="dim")
    return Text("pass", style="green") if passed else Text("FAIL", style="bold red")


def facts_table(facts: Iterable[tuple[str, str]]) -> Table:
    """Tabulate names and values."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right", min_width=16)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, value)
    return table


def check_table(
    title: str, checks: Sequence[Mapping[str, Any]], faults: Sequence[str], not_checked: Sequence[str]
) -> Group:
    """Tabulate checks (``name``, ``passed``, ``found``, ``allowed``); list what is wrong or not known."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("check", "", "found", "allowed"):
        table.add_column(head, overflow="fold")
    for check in checks:
        table.add_row(check["name"], told(check["passed"]), check["found"], check["allowed"])
    shown = [Text(f"✗ {fault}", style="red") for fault in faults[:_MOST_FAULTS]]
    if len(faults) > _MOST_FAULTS:
        shown.append(Text(f"… and {len(faults) - _MOST_FAULTS} more; --json lists all", style="red"))
    notes = [Text(f"not checked: {note}", style="dim") for note in not_checked]
    return Group(Text(title, style="bold"), table, *shown, *notes)
