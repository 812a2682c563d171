"""Numbers as instruments write them, with the ones that mean that there is none."""

import math

_NOT_A_NUMBER = 9.91e37
_INFINITY = 9.9e37
_SLACK = 1e-3


def reason(value: float) -> str:
    """Why this is no reading; empty where it is one.

    SCPI 1999 writes 9.9E37 for infinity and 9.91E37 for not a number (volume 1, 7.2.1.4 and 7.2.1.5). Others
    write 199.999E99 for an overflow, or ``nan``.
    """
    magnitude = abs(value)
    if math.isnan(value):
        return "the instrument says that it has no value"
    if abs(magnitude / _NOT_A_NUMBER - 1) < _SLACK / 10:
        return "the instrument says that it has no value"
    if magnitude >= _INFINITY * (1 - _SLACK / 10):
        return "overflow: beyond the measurement range"
    return ""


def number(value: float) -> tuple[float, str]:
    """The reading, or NaN and why."""
    why = reason(value)
    return (math.nan, why) if why else (value, "")
