"""A calibration as text: what it is of, and the branches that are farthest from their part."""

from collections.abc import Iterator, Mapping
from math import isnan
from typing import Any

from rich.table import Table
from rich.text import Text

from labrig.units import format_quantity
from labrig.views.numbers import numbers

_MISFIT = 1.5
"""From which on lines are said not to be as their kind has them."""
_MOST = 12
"""Rows: broken branches first, then those farthest from the others."""


def calibration_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What it is of, when and how well."""
    made_at = found["temperature_celsius"]
    at = "" if made_at is None else f" at {made_at:.1f} °C"
    yield f"board   {found['board']}, {found['part']}, made {found['made']}{at}"
    days, kelvin = found["valid_days"], found["valid_within_kelvin"]
    yield f"holds   {days:g} days, within {kelvin:g} K; sha256 {found['sha256'][:16]}…"
    if converters := found["converters"]:
        of = "an instrument" if converters["absolute"] else "the mean of the board's own lines"
        noise = format_quantity(converters["noise"], "V", 3)
        offset = max(abs(line["offset"]) for line in converters["lines"].values())
        gain = max(abs(line["gain"]) for line in converters["lines"].values())
        largest = f"offsets up to {format_quantity(offset, 'V', 3)}, gains up to {100 * gain:.3g} %"
        yield f"adc     {largest}, referred to {of}; {noise} a reading"
    if wipers := found["wipers"]:
        branches = wipers["branches"]
        broken = sum(branch["verdict"] != "sound" for branch in branches.values())
        yield f"wipers  {len(branches)} branches at {len(wipers['codes'])} codes, {broken} not to be used"
    if drives := found["drives"]:
        yield f"drives  {_drives(drives)}"
    if wires := found["wires"]:
        yield f"lines   {len(wires['lines'])}, {wires['kind']}; {_fits(wires)}"
    if pace := found["pace"]:
        each = {part: format_quantity(pace[part], "s", 3) for part in ("exchange", "state", "code")}
        yield f"pace    {each['exchange']} an exchange, {each['state']} a state, {each['code']} a code"


def _drives(drives: Mapping[str, Any]) -> str:
    """What they are, and what tells the scale of all resistances."""
    ohms = [line["ohm"] for line in drives["lines"].values()]
    doubt = max(line["uncertainty"] for line in drives["lines"].values())
    span = f"{format_quantity(min(ohms), 'ohm', 5)} … {format_quantity(max(ohms), 'ohm', 5)}"
    known = f"each within {format_quantity(doubt, 'ohm', 2)}"
    if drives["standard"] is None:
        return f"{span}, {known}; their mean conductance is taken as stated"
    return f"{span}, {known}; scale by {drives['standard']}, to {1e6 * drives['scale_uncertainty']:.0f} ppm"


def _fits(wires: Mapping[str, Any]) -> str:
    misfit = f"readings are {wires['misfit']:.2g} times their noise off"
    if wires["misfit"] < _MISFIT:
        return misfit
    other = "try --full" if wires["kind"] == "lumped" else "something else is wrong with the lines"
    return f"{misfit}, so that lines are not like that: {other}"


def wire_table(found: Mapping[str, Any]) -> Table | None:
    """Lines, the most resistive first; None where they were not calibrated."""
    wires = found["wires"]
    if not wires:
        return None
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("line", "end", "±", "branch to branch", "±"):
        table.add_column(head, justify="left" if head == "line" else "right")
    ranked = sorted(wires["lines"].items(), key=lambda item: -float(item[1]["end"]))
    for name, line in ranked[:_MOST]:
        cells = [format_quantity(line[key], "ohm", 3) for key in ("end", "end_uncertainty")]
        if wires["kind"] == "full":
            cells += [format_quantity(line[key], "ohm", 3) for key in ("segment", "segment_uncertainty")]
        table.add_row(name, *cells)
    if len(ranked) > _MOST:
        table.caption = f"and {len(ranked) - _MOST} others; --json has all"
        table.caption_justify = "left"
    return table


def branch_table(found: Mapping[str, Any]) -> Table | None:
    """Branches in the order of concern; None where no wipers were calibrated."""
    wipers = found["wipers"]
    if not wipers:
        return None
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("branch", "verdict", "R_W", "±", "R_AB", "±", "worst residual"):
        table.add_column(head, justify="left" if head in {"branch", "verdict"} else "right")
    ranked = ranked_branches(wipers)
    for name, branch in ranked[:_MOST]:
        table.add_row(name, *_cells(branch, wipers["steps"]))
    if len(ranked) > _MOST:
        table.caption = f"and {len(ranked) - _MOST} others; --json has all"
        table.caption_justify = "left"
    return table


def ranked_branches(wipers: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Worst first: broken ones, then by their largest residual in taps."""
    steps = wipers["steps"]
    return sorted(
        wipers["branches"].items(),
        key=lambda item: (item[1]["verdict"] == "sound", -residual_in_taps(item[1], steps)),
    )


def residual_in_taps(branch: Mapping[str, Any], steps: int) -> float:
    """Largest deviation from the straight line over one tap; 0 where there is no line."""
    tap = branch["end_to_end"] / steps
    known = [abs(value) for value in numbers(branch["residuals"]) if not isnan(value)]
    return max(known, default=0.0) / tap if tap > 0 else 0.0


def _cells(branch: Mapping[str, Any], steps: int) -> list[Text]:
    verdict = branch["verdict"]
    first = Text(verdict, style="" if verdict == "sound" else "bold red")
    if verdict == "open":
        return [first, *[Text("")] * 5]
    variances = numbers(branch["covariance"])
    straight = branch["end_to_end"] > 0
    cells = [
        format_quantity(branch["wiper"], "ohm", 4),
        format_quantity(variances[0] ** 0.5, "ohm", 2) if straight else "",
        format_quantity(branch["end_to_end"], "ohm", 6) if straight else "",
        format_quantity(variances[2] ** 0.5, "ohm", 2) if straight else "",
        f"{residual_in_taps(branch, steps):.2f} taps" if straight else "",
    ]
    return [first, *map(Text, cells)]
