"""Numbers as people write them."""

from labrig.arrays import Seconds, Volts
from labrig.units import format_quantity


def duration(seconds: Seconds) -> str:
    """Write a time: ``820 ms``, ``42 s``, ``3 min 05 s``, ``7 h 12 min``."""
    if seconds < 59.5:
        return format_quantity(seconds, "s", 3)
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def volts(value: Volts | None) -> str:
    """Write an error with three digits; a dash where it is not known."""
    return "–" if value is None or value != value else format_quantity(value, "V", 3)  # noqa: PLR0124 (NaN)
