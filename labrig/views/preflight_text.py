"""A preflight as text: what will be, and what speaks against it."""

from collections.abc import Mapping
from typing import Any

from labrig.units import format_quantity
from labrig.views.words import duration


def preflight_lines(found: Mapping[str, Any]) -> list[str]:
    """Lines for a person, from what ``labrig preflight --json`` prints."""
    limits, predicted = found["limits"], found["predicted"]
    reach = {True: "yes", False: "no", None: "not decidable"}[found["reachable"]]
    trainable = "yes" if found["trainable"] else "not from this start"
    moved = f"rank {found['rank']}, least singular value {found['least_singular_value']:.3g} V/S"
    cost = f"{predicted['measurements']} measurements, {predicted['writes']} writes"
    lines = [
        f"bounds     {found['bounds']}",
        f"reachable  {reach}",
        f"trainable  {trainable}, {moved}",
        f"branches   meet {format_quantity(limits['span'], 'V')} at most{_carried(limits)}",
        f"steps      {predicted['steps']} at most: {cost}, {predicted['megabytes']:.3g} MB",
    ]
    if predicted["looks"]:
        each = predicted["look_measurements"]
        lines.append(
            f"drift      {predicted['looks']} looks of {each} of these measurements, one exchange each"
        )
    if predicted["seconds"] is not None:
        seconds = duration(predicted["seconds"])
        how = "for the board as calibrated" if predicted["timed"] else "on the line and in settling"
        lines.append(f"time       {seconds} {how}, if each update changes all codes")
    if predicted["error_floor"] is not None:
        lines.append(
            f"floor      the error comes to rest near {format_quantity(predicted['error_floor'], 'V')}"
        )
    else:
        lines.append(f"floor      not predicted: {predicted['error_floor_unknown']}")
    lines += [f"masked     {name}: {reason}" for name, reason in found["masked"].items()]
    lines += [f"note       {hint}" for hint in found["hints"]]
    lines += [f"against    {objection}" for objection in found["objections"]]
    return lines


def _carried(limits: Mapping[str, Any]) -> str:
    if limits["branch_current"] is None:
        return "; no ceiling bounds what they carry"
    current, power = limits["branch_current"], limits["branch_power"]
    return f", and carry {format_quantity(current, 'A')} and {format_quantity(power, 'W')} at most"
