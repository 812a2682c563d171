"""What a board shows where nothing should be seen, as text."""

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from rich.table import Table
from rich.text import Text

from labrig.units import format_quantity

_MOST = 12
"""Nodes in the table: those that are off farthest, in their own uncertainties."""
KINDS = {"offset": "offset", "apart": "second − first"}


def null_table(found: Mapping[str, Any]) -> Table:
    """The nodes that show most."""
    table = Table(box=None, pad_edge=False, header_style="dim", title=f"board {found['board']}")
    table.add_column("node")
    for head in KINDS.values():
        table.add_column(head, justify="right")
        table.add_column("±", justify="right", style="dim")
    ranked = sorted(found["nodes"], key=lambda node: max(_far(node[kind]) for kind in KINDS), reverse=True)
    for node in ranked[:_MOST]:
        cells = [cell for kind in KINDS for cell in _cells(node[kind])]
        table.add_row(node["node"], *cells)
    return table


def null_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Which bias is there, and what it does to a training."""
    nodes = found["nodes"]
    if len(nodes) > _MOST:
        yield f"and {len(nodes) - _MOST} nodes that show less; --json has all"
    noise = format_quantity(found["noise"], "V", 3)
    yield f"noise   {noise} a reading, standard deviation; {found['repeats']} repeats"
    effects = {
        "offset": "a training ends with the output off by as much the other way; labrig does not correct it",
        "apart": "a rule that compares two states takes it for an error; look at settle and at what switches",
    }
    for kind, effect in effects.items():
        biased = sorted(
            (node for node in nodes if node[kind]["found"]),
            key=lambda node: -abs(node[kind]["volts"]),
        )
        if biased:
            named = ", ".join(_named(node, kind) for node in biased[:6])
            more = f" and {len(biased) - 6} more" if len(biased) > 6 else ""
            yield f"bias    {KINDS[kind]}: {named}{more}: {effect}"
    if not any(node[kind]["found"] for node in nodes for kind in KINDS):
        yield "bias    none that is not by chance"


def _cells(bias: Mapping[str, Any]) -> tuple[Text, str]:
    if bias["volts"] is None:
        return Text("not measured", style="dim"), ""
    value = Text(format_quantity(bias["volts"], "V", 3), style="bold red" if bias["found"] else "")
    return value, format_quantity(bias["uncertainty"], "V", 3)


def _far(bias: Mapping[str, Any]) -> float:
    if bias["volts"] is None:
        return inf
    return float(abs(bias["volts"]) / bias["uncertainty"])


def _named(node: Mapping[str, Any], kind: str) -> str:
    return f"{node['node']} {format_quantity(node[kind]['volts'], 'V', 3)}"
