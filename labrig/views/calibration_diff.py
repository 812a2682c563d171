"""Two calibrations of one board against each other, as text and as a picture."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.table import Table
from rich.text import Text

from labrig.units import format_quantity
from labrig.views.style import ACCENT, INK, LINE, RC, SOFT, say

_COMPARED = ("wiper", "end_to_end", "offset", "gain", "end", "segment", "ohm")
_MOST = 12
_FAR = 3.0
"""Uncertainties beyond which a change is taken for one."""


def diff_table(found: Mapping[str, Any]) -> Table:
    """Branches that changed most."""
    table = Table(box=None, pad_edge=False, header_style="dim", title=f"board {found['board']}")
    for head in ("branch", "verdict", "R_W", "σ", "R_AB", "", "σ"):
        table.add_column(head, justify="left" if head in {"branch", "verdict"} else "right")
    for name, branch in _ranked(found)[:_MOST]:
        before, after = branch["verdicts"]
        style = "" if before == after else "bold red"
        relative = branch["relative"]
        table.add_row(
            name,
            Text(before if before == after else f"{before} → {after}", style=style),
            *_cells(branch["wiper"]),
            _cells(branch["end_to_end"])[0],
            "" if relative is None else f"{1e6 * relative:+.0f} ppm",
            _cells(branch["end_to_end"])[1],
        )
    return table


def diff_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What changed in all."""
    kelvin = "" if found["kelvin"] is None else f" and {found['kelvin']:+.1f} K"
    yield f"apart   {found['days']:.2f} days{kelvin}"
    branches, scale = found["branches"], found["scale"]
    changed = scale["before"] != scale["after"]
    if changed:
        yield f"scale   changed from that of {scale['before']} to that of {scale['after']}"
    if branches:
        turned = [name for name, branch in branches.items() if len(set(branch["verdicts"])) > 1]
        moved = sum(_sigmas(branch) > _FAR for branch in branches.values())
        relative = [b["relative"] for b in branches.values() if b["relative"] is not None]
        compared = "on two scales" if changed else f"{moved} of {len(branches)} moved beyond {_FAR:g} σ"
        yield f"wipers  {compared}; {len(turned)} other verdicts"
        if relative:
            middle, spread = np.median(relative), np.std(relative)
            yield f"R_AB    {1e6 * middle:+.0f} ppm in the middle, scattered by {1e6 * spread:.0f} ppm"
    for kind, lines in found["converters"].items():
        far = [name for name, line in lines.items() if _sigmas(line) > _FAR]
        yield f"{kind:<7} {len(far)} of {len(lines)} moved beyond {_FAR:g} σ"
    if wires := found["wires"]:
        far = [name for name, line in wires.items() if _sigmas(line) > _FAR]
        yield f"wires   {len(far)} of {len(wires)} lines moved beyond {_FAR:g} σ"
    if drives := found["drives"]:
        far = [name for name, drive in drives.items() if _sigmas(drive) > _FAR]
        yield f"drives  {len(far)} of {len(drives)} moved beyond {_FAR:g} σ"


def write_diff_picture(found: Mapping[str, Any], path: Path) -> Path:
    """Draw the changes, branch by branch, into a file whose suffix says the format."""
    with mpl.rc_context(RC):  # pyright: ignore[reportUnknownMemberType]
        drawing = Figure(figsize=(11.5, 5.2))
        FigureCanvasAgg(drawing)
        figure: Any = drawing
        figure.text(0.07, 0.93, f"Board {found['board']}: what changed in {found['days']:.1f} days",
                    fontsize=14, weight="bold", color=INK)  # fmt: skip
        grid = figure.add_gridspec(1, 2, left=0.07, right=0.97, top=0.82, bottom=0.22, wspace=0.22)
        for place, (key, title, unit) in enumerate(
            (("wiper", "R_W (Ω)", 1.0), ("end_to_end", "R_AB (Ω)", 1.0))
        ):
            axes = figure.add_subplot(grid[place])
            axes.set_title(title)
            known = [
                (name, branch[key])
                for name, branch in found["branches"].items()
                if branch[key]["sigmas"] is not None
            ]
            if not known:
                say(axes, "nothing to compare")
                continue
            changes = np.array([each["change"] for _, each in known]) * unit
            sigmas = np.array([each["sigmas"] for _, each in known])
            doubts = np.abs(changes / np.where(sigmas == 0, np.inf, sigmas))
            for k in range(len(known)):
                colour = ACCENT if abs(sigmas[k]) > _FAR else LINE
                axes.errorbar(k, changes[k], yerr=doubts[k], fmt="o", markersize=3, color=colour, linewidth=1)
            every = -(-len(known) // 14)
            axes.set_xticks(range(0, len(known), every), [name for name, _ in known][::every], rotation=90)
            axes.axhline(0, color=SOFT, linewidth=0.8)
        figure.savefig(path, dpi=150)
    return path


def _ranked(found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return sorted(
        found["branches"].items(), key=lambda item: (len(set(item[1]["verdicts"])) == 1, -_sigmas(item[1]))
    )


def _sigmas(part: Mapping[str, Any]) -> float:
    """The largest change of a branch or converter in its uncertainties."""
    return max((abs(part[key]["sigmas"] or 0.0) for key in _COMPARED if key in part), default=0.0)


def _cells(change: Mapping[str, Any]) -> tuple[str, str]:
    if change["change"] is None:
        return "", ""
    sigmas = "" if change["sigmas"] is None else f"{change['sigmas']:+.1f}"
    return format_quantity(change["change"], "ohm", 3), sigmas
