"""What a rehearsal on drawn boards foretells, as text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labrig.units import format_quantity

_UNITS = {"error": "V", "wall": "s"}


def bands_lines(found: Mapping[str, Any], outputs: Sequence[str]) -> Iterator[str]:
    """From what `bands_result` made of it."""
    yield f"bands   of {found['draws']} boards that the calibration allows, and how often one more is inside"
    shares = found["shares"]
    for name, (low, high) in found["measures"].items():
        yield f"{name:<10}{told(name, low)} … {told(name, high)}  {shares[name]:.1%}"
    if "wall" not in found["measures"]:
        yield "wall      not foretold: the calibration has not timed the board; calibrate its wipers again"
    ends = found["final_outputs"]
    for sample, (lows, highs) in enumerate(zip(ends["low"], ends["high"], strict=True)):
        for output, low, high in zip(outputs, lows, highs, strict=True):
            where = output if len(ends["low"]) == 1 else f"{output}, sample {sample}"
            yield f"{where:<10}{told('error', low)} … {told('error', high)}"
    yield f"outputs   all of them at once  {shares['error']:.1%}"
    yield f"codes     the same on all boards on {found['decided_codes']} of {found['branches']} branches"


def told(name: str, value: float) -> str:
    """A measure with its unit."""
    return format_quantity(value, _UNITS[name], 5) if name in _UNITS else f"{value:g}"
