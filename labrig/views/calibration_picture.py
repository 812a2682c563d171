"""One picture of a calibrated board: maps of its branches, the worst curves, and residuals."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from labrig.arrays import FloatArray
from labrig.views.calibration_table import ranked_branches, residual_in_taps
from labrig.views.numbers import numbers
from labrig.views.style import ACCENT, FAINT, HALO, INK, LINE, MAP, RC, SOFT, Axes, say

_CURVES = 6
"""Worst branches that are drawn."""
_MARKS = {"open": "O", "short": "S", "stuck": "=", "non-monotone": "~", "noisy": "N"}


def write_calibration_picture(found: Mapping[str, Any], path: Path) -> Path:
    """Draw a calibration, as its JSON has it, into a file whose suffix says the format."""
    figure: Any = draw_calibration(found)
    figure.savefig(path, dpi=150)
    return path


def draw_calibration(found: Mapping[str, Any]) -> Figure:
    """Lay out three maps of the crossbar and the worst curves."""
    with mpl.rc_context(RC):  # pyright: ignore[reportUnknownMemberType]
        drawing = Figure(figsize=(12.5, 8.2))
        FigureCanvasAgg(drawing)
        figure: Any = drawing
        grid = figure.add_gridspec(
            2, 3, left=0.07, right=0.96, top=0.86, bottom=0.08, hspace=0.38, wspace=0.32
        )
        figure.text(
            0.07, 0.955, f"Calibration of board {found['board']}", fontsize=15, weight="bold", color=INK
        )
        made_at = found["temperature_celsius"]
        at = "" if made_at is None else f" at {made_at:.1f} °C"
        figure.text(0.07, 0.925, f"{found['part']}, made {found['made']}{at}", color=SOFT)
        wipers = found["wipers"]
        if not wipers:
            _draw_converters(figure.add_subplot(grid[:, :]), found["converters"])
            return drawing
        inputs, outputs = _axes_of(wipers)
        values = {name: _facts(branch, wipers["steps"]) for name, branch in wipers["branches"].items()}
        titles = ("R_AB against the middle of all (%)", "R_W (Ω)", "Largest residual (taps)")
        for place, title in enumerate(titles):
            table = np.full((len(inputs), len(outputs)), np.nan)
            for name, facts in values.items():
                i, j = (
                    axis.index(part) for axis, part in zip((inputs, outputs), name.split("-", 1), strict=True)
                )
                table[i, j] = facts[place]
            if place == 0:
                table = 100 * (table / np.nanmedian(table) - 1)
            _draw_map(figure, figure.add_subplot(grid[0, place]), table, title, wipers, inputs, outputs)
        worst = ranked_branches(wipers)[:_CURVES]
        _draw_curves(figure.add_subplot(grid[1, 0]), wipers, worst)
        _draw_residuals(figure.add_subplot(grid[1, 1:]), wipers)
        return drawing


def _axes_of(wipers: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    pairs = [name.split("-", 1) for name in wipers["branches"]]
    return list(dict.fromkeys(pair[0] for pair in pairs)), list(dict.fromkeys(pair[1] for pair in pairs))


def _facts(branch: Mapping[str, Any], steps: int) -> tuple[float, float, float]:
    if branch["verdict"] in {"open", "short", "stuck"}:
        return np.nan, np.nan, np.nan
    return branch["end_to_end"], branch["wiper"], residual_in_taps(branch, steps)


def _draw_map(
    figure: Any,
    axes: Axes,
    table: FloatArray,
    title: str,
    wipers: Mapping[str, Any],
    inputs: list[str],
    outputs: list[str],
) -> None:
    axes.set_title(title)
    image = axes.imshow(table, cmap=MAP, aspect="auto", vmax=np.nanpercentile(table, 98))
    axes.set_facecolor(FAINT)
    bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.03)
    bar.outline.set_visible(False)
    for name, branch in wipers["branches"].items():
        if mark := _MARKS.get(branch["verdict"]):
            first, second = name.split("-", 1)
            axes.text(
                outputs.index(second), inputs.index(first), mark, color=ACCENT, weight="bold",
                ha="center", va="center", path_effects=HALO,
            )  # fmt: skip
    for axis, names in ((axes.yaxis, inputs), (axes.xaxis, outputs)):
        every = max(1, len(names) // 8)
        axis.set_ticks(range(0, len(names), every), names[::every])
    told = {branch["verdict"] for branch in wipers["branches"].values()} & _MARKS.keys()
    axes.set_xlabel("  ".join(f"{_MARKS[verdict]} {verdict}" for verdict in sorted(told)), color=ACCENT)


def _draw_curves(axes: Axes, wipers: Mapping[str, Any], worst: list[tuple[str, Mapping[str, Any]]]) -> None:
    axes.set_title("Resistance, worst branches (kΩ)")
    codes = np.array(wipers["codes"])
    for place, (name, branch) in enumerate(worst):
        if branch["verdict"] == "open":
            continue
        curve = branch["wiper"] + branch["end_to_end"] * codes / wipers["steps"]
        axes.plot(codes, (curve + np.array(numbers(branch["residuals"]))) / 1e3, ".-", color=_colour(place),
                  label=_label(name, branch), linewidth=1, markersize=4)  # fmt: skip
    axes.grid(visible=True)
    axes.set_xlabel("code")
    axes.legend(loc="upper left")


def _draw_residuals(axes: Axes, wipers: Mapping[str, Any]) -> None:
    codes = np.array(wipers["codes"])
    drawn = [(place, name, branch) for place, (name, branch) in enumerate(ranked_branches(wipers))
             if branch["verdict"] == "sound"]  # fmt: skip
    if not drawn:
        say(axes, "no sound branch")
        return
    axes.set_title("Residuals of sound branches (taps); shaded: standard uncertainty")
    for _, _, branch in drawn[::-1]:
        axes.plot(codes, _taps(branch["residuals"], branch, wipers["steps"]), color=FAINT, linewidth=0.8)
    for place, (_, name, branch) in enumerate(drawn[:3]):
        middle = _taps(branch["residuals"], branch, wipers["steps"])
        doubt = _taps(branch["uncertainties"], branch, wipers["steps"])
        axes.plot(codes, middle, ".-", color=_colour(place), linewidth=1, markersize=4, label=name)
        axes.fill_between(codes, middle - doubt, middle + doubt, color=_colour(place), alpha=0.2, linewidth=0)
    axes.axhline(0, color=SOFT, linewidth=0.8)
    axes.set_xlabel("code")
    axes.legend(loc="upper right", ncols=3)


def _draw_converters(axes: Axes, converters: Mapping[str, Any]) -> None:
    axes.set_title("Offsets of the converters (mV)")
    for place, kind in enumerate(("lines", "sources", "levels")):
        found = converters[kind]
        offsets = [1e3 * line["offset"] for line in found.values()]
        doubts = [1e3 * numbers(line["covariance"])[0] ** 0.5 for line in found.values()]
        axes.errorbar(
            range(len(offsets)), offsets, yerr=doubts, fmt="o", color=_colour(place), label=kind, capsize=3
        )
    axes.set_xticks(range(len(converters["lines"])), list(converters["lines"]), rotation=90)
    axes.axhline(0, color=SOFT, linewidth=0.8)
    axes.legend()


def _taps(text: str, branch: Mapping[str, Any], steps: int) -> FloatArray:
    return np.asarray(np.array(numbers(text)) / (branch["end_to_end"] / steps), dtype=np.float64)


def _label(name: str, branch: Mapping[str, Any]) -> str:
    return name if branch["verdict"] == "sound" else f"{name} {branch['verdict']}"


def _colour(place: int) -> str:
    return (LINE, ACCENT, "#1b7f5c", "#b8770b", "#7b4ab5", SOFT)[place % 6]
