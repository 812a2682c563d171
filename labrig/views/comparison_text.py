"""A run against its rehearsal as text."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from labrig.units import format_quantity

_MOST_OUTPUTS = 16
_UNITS = {"error": "V", "wall": "s"}


def comparison_table(found: Mapping[str, Any]) -> Table:
    """Predicted and measured, side by side."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    bands = found["bands"]
    heads = ("", "predicted", *(("band",) if bands else ()), "measured", "measured / predicted")
    for head in heads:
        table.add_column(head, justify="right" if head else "left")
    for name, values in found["measures"].items():
        predicted, measured = values["simulation"], values["bench"]
        ratio = f"{measured / predicted:.3g}" if predicted else ""
        band = (_band(name, bands),) if bands else ()
        table.add_row(name, _told(name, predicted), *band, _told(name, measured), ratio)
    for row in _outputs(found, bands) if bands else ():
        table.add_row(*row)
    return table


def _outputs(found: Mapping[str, Any], bands: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Final outputs of a task of one sample, as many as are easily read."""
    ends, band = found["final_outputs"], bands["final_outputs"]
    if len(band["low"]) != 1 or len(ends["names"]) > _MOST_OUTPUTS:
        return
    of = (ends["names"], ends["simulation"][0], band["low"][0], band["high"][0], ends["bench"][0])
    for name, predicted, low, high, measured in zip(*of, strict=True):
        told = [format_quantity(volts, "V", 5) for volts in (predicted, low, high, measured)]
        yield name, told[0], f"{told[1]} … {told[2]}", told[3], f"{measured / predicted:.5g}"


def _band(name: str, bands: Mapping[str, Any]) -> str:
    if name not in bands["measures"]:
        return ""
    low, high = bands["measures"][name]
    return f"{_told(name, low)} … {_told(name, high)}"


def comparison_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What left its band, and where the two part."""
    if (bands := found["bands"]) is not None:
        yield from _bands_lines(bands)
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


def _bands_lines(bands: Mapping[str, Any]) -> Iterator[str]:
    left = [name for name, inside in bands["inside"].items() if not inside]
    held = ", ".join(name for name, inside in bands["inside"].items() if inside)
    shares = ", ".join(sorted({f"{share:.0%}" for share in bands["shares"].values()}))
    what = f"{shares} bands of {bands['draws']} boards that the calibration allows"
    yield f"bands   {held or 'none'} inside{'; outside: ' + ', '.join(left) if left else ''} ({what})"
    flat = [inside for row in bands["outputs_inside"] for inside in row]
    yield f"ends    {sum(flat)} of {len(flat)} outputs inside the band that holds for all of them at once"
    decided = f"{bands['decided_codes']} of {bands['branches']} final codes are the same on all these boards"
    if bands["codes_as_decided"] is not None:
        yield f"        {decided}, {'and' if bands['codes_as_decided'] else 'but not'} on the bench"


def _told(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return format_quantity(value, _UNITS[name], 4) if name in _UNITS else f"{value:g}"
