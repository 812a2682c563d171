"""What changed between two calibrations of one board."""

from math import hypot
from typing import Any

from labrig.config.calibration import BranchCalibration, Calibration, ConverterCalibration
from labrig.errors import CalibrationError

_KINDS = ("lines", "sources", "levels")


def difference(first: Calibration, second: Calibration) -> dict[str, Any]:
    """Changes of all that both have, second minus first, and how many of their uncertainties each is.

    Where another standard tells the scale of all resistances, a change of branches is told without its
    uncertainties: it may be the scale's. Of one source meter the scale's uncertainty counts once, since both
    calibrations have its error in common.

    Raises
    ------
    CalibrationError
        They are of two boards.
    """
    if first.board != second.board:
        msg = (
            f"the calibrations are of two boards, {first.board} and {second.board}; compare two of one board"
        )
        raise CalibrationError(msg)
    made_at = (first.temperature_celsius, second.temperature_celsius)
    return {
        "board": first.board,
        "days": (second.made - first.made).total_seconds() / 86400,
        "kelvin": None if None in made_at else (made_at[1] or 0.0) - (made_at[0] or 0.0),
        "scale": {"before": _scale(first), "after": _scale(second)},
        "branches": _branches(first, second),
        "converters": _converters(first, second),
        "wires": _wires(first, second),
        "drives": _drives(first, second),
    }


def _branches(first: Calibration, second: Calibration) -> dict[str, Any]:
    if first.wipers is None or second.wipers is None:
        return {}
    before, after = first.wipers.branches, second.wipers.branches
    shared = _shared(first, second) if _scale(first) == _scale(second) else None
    return {name: _branch(before[name], after[name], shared) for name in before if name in after}


def _scale(calibration: Calibration) -> str:
    """What tells that of all resistances; of files from before it was kept, the stated resistances do."""
    drives = calibration.drives
    if drives is None:
        return "stated resistances"
    return drives.rests_on if drives.standard is None else f"{drives.rests_on} {drives.standard}"


def _shared(first: Calibration, second: Calibration) -> float:
    """Relative standard uncertainty that both have from one source meter; other scales are read anew."""
    if first.drives is None or second.drives is None or first.drives.rests_on != "source meter":
        return 0.0
    return min(first.drives.scale_uncertainty or 0.0, second.drives.scale_uncertainty or 0.0)


def _branch(before: BranchCalibration, after: BranchCalibration, shared: float | None) -> dict[str, Any]:
    """Of a branch that is not sound there is no straight line to compare.

    Parameters
    ----------
    shared
        Relative uncertainty of the scale that both have in common; None: they are on two scales.
    """
    verdicts = [before.verdict, after.verdict]
    if verdicts != ["sound", "sound"]:
        nothing = {"change": None, "sigmas": None}
        return {"verdicts": verdicts, "wiper": nothing, "end_to_end": nothing, "relative": None}
    found: dict[str, dict[str, float | None]] = {}
    for key, place in (("wiper", 0), ("end_to_end", 2)):
        old, new = getattr(before, key), getattr(after, key)
        both = before.covariance[place] + after.covariance[place]
        doubt = 0.0 if shared is None else max(both - shared**2 * old * new, 0.0) ** 0.5
        found[key] = _change(old, new, doubt)
    return {
        "verdicts": verdicts,
        **found,
        "relative": after.end_to_end / before.end_to_end - 1,
    }


def _converters(first: Calibration, second: Calibration) -> dict[str, Any]:
    if first.converters is None or second.converters is None:
        return {}
    return {
        kind: _lines(getattr(first.converters, kind), getattr(second.converters, kind)) for kind in _KINDS
    }


def _lines(before: dict[str, ConverterCalibration], after: dict[str, ConverterCalibration]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in (name for name in before if name in after):
        one, other = before[name], after[name]
        ours, theirs = _doubts(one.covariance), _doubts(other.covariance)
        found[name] = {
            "offset": _change(one.offset, other.offset, hypot(ours[0], theirs[0])),
            "gain": _change(one.gain, other.gain, hypot(ours[1], theirs[1])),
        }
    return found


def _wires(first: Calibration, second: Calibration) -> dict[str, Any]:
    """Of lines that were looked at in the same way: other pieces of wire cannot be compared."""
    if first.wires is None or second.wires is None or first.wires.kind != second.wires.kind:
        return {}
    before, after = first.wires.lines, second.wires.lines
    return {
        name: {
            "end": _change(
                before[name].end,
                after[name].end,
                hypot(before[name].end_uncertainty, after[name].end_uncertainty),
            ),
            "segment": _change(
                before[name].segment,
                after[name].segment,
                hypot(before[name].segment_uncertainty, after[name].segment_uncertainty),
            ),
        }
        for name in before
        if name in after
    }


def _drives(first: Calibration, second: Calibration) -> dict[str, Any]:
    """Of those that rest on the same: else the scale of all resistances may be another one."""
    if first.drives is None or second.drives is None or _scale(first) != _scale(second):
        return {}
    before, after = first.drives.lines, second.drives.lines
    both = hypot(first.drives.scale_uncertainty or 0.0, second.drives.scale_uncertainty or 0.0)
    scales = max(both**2 - _shared(first, second) ** 2, 0.0) ** 0.5
    found: dict[str, Any] = {}
    for name in (name for name in before if name in after):
        own = hypot(before[name].uncertainty, after[name].uncertainty, scales * before[name].ohm)
        found[name] = {"ohm": _change(before[name].ohm, after[name].ohm, own)}
    return found


def _doubts(covariance: tuple[float, ...]) -> tuple[float, float]:
    return covariance[0] ** 0.5, covariance[2] ** 0.5


def _change(before: float, after: float, doubt: float) -> dict[str, float | None]:
    """The change, and over its uncertainty; null where that is nothing."""
    change = after - before
    return {"change": change, "sigmas": change / doubt if doubt > 0 else None}
