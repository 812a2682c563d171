"""A run against its rehearsal as text."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from labrig.units import format_quantity

_UNITS = {"error": "V", "wall": "s"}


def comparison_table(found: Mapping[str, Any]) -> Table:
    """Predicted and measured, side by side."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("", "predicted", "measured", "measured / predicted"):
        table.add_column(head, justify="right" if head else "left")
    for name, values in found["measures"].items():
        predicted, measured = values["simulation"], values["bench"]
        ratio = f"{measured / predicted:.3g}" if predicted else ""
        table.add_row(name, *(_told(name, value) for value in (predicted, measured)), ratio)
    return table


def comparison_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Where the two part."""
    codes, departure = found["first_other_codes"], found["first_departure"]
    if codes is None:
        yield "codes   the same in every step that both have"
    else:
        named = ", ".join(codes["branches"][:6])
        more = "" if len(codes["branches"]) <= 6 else f" and {len(codes['branches']) - 6} more"
        yield f"codes   differ first in step {codes['step']}: {named}{more}"
    if found["limit"] is None:
        yield "outputs not compared: the rehearsal had no calibration that says what a difference may be"
        return
    limit = f"{found['limit']:.2f} σ, which chance passes as rarely in all as 3 σ in one"
    if departure is None:
        yield f"outputs within {limit}"
    else:
        volts = format_quantity(departure["volts"], "V", 3)
        where = f"step {departure['step']}, {departure['output']}, sample {departure['sample']}"
        yield f"outputs depart first in {where}: {volts}, {departure['sigmas']:+.1f} σ; the limit is {limit}"


def _told(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return format_quantity(value, _UNITS[name], 4) if name in _UNITS else f"{value:g}"
