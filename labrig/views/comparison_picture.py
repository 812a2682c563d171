"""One picture of a run against its rehearsal: errors, and differences of the outputs in their deviations."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from labrig.views.comparison import Comparison
from labrig.views.style import ACCENT, FAINT, INK, LINE, RC, SOFT, say


def write_comparison(found: Comparison, path: Path) -> Path:
    """Draw into a file whose suffix says the format."""
    with mpl.rc_context(RC):  # pyright: ignore[reportUnknownMemberType]
        drawing = Figure(figsize=(11.5, 6.4))
        FigureCanvasAgg(drawing)
        figure: Any = drawing
        figure.text(
            0.075, 0.94, f"{found.bench.name} against its rehearsal", fontsize=14, weight="bold", color=INK
        )
        figure.text(0.075, 0.905, found.simulation.name, color=SOFT)
        grid = figure.add_gridspec(2, 1, left=0.075, right=0.97, top=0.84, bottom=0.09, hspace=0.32)
        errors, differences = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
        errors.set_title("Error (V)")
        for run, colour, label in ((found.simulation, ACCENT, "rehearsal"), (found.bench, LINE, "bench")):
            errors.semilogy(
                run.steps[: len(run.errors)], run.errors[: len(run.steps)], color=colour, label=label
            )
        errors.grid(visible=True)
        errors.legend()
        _draw_differences(differences, found)
        figure.savefig(path, dpi=150)
    return path


def _draw_differences(axes: Any, found: Comparison) -> None:
    axes.set_title("Outputs, bench minus rehearsal (standard deviations of the difference)")
    if not np.isfinite(found.sigmas).any():
        say(axes, "no deviations are known: the rehearsal had no calibration")
        return
    steps = found.bench.steps[: len(found.sigmas)]
    each = found.sigmas.reshape(len(steps), -1)
    axes.plot(steps, each, color=FAINT, linewidth=0.8)
    axes.plot(steps, np.sqrt(np.nanmean(each**2, axis=1)), color=LINE, label="root mean square")
    for sign in (1, -1):
        axes.axhline(sign * found.limit, color=ACCENT, linewidth=1, linestyle="--")
    if (code := found.first_code) is not None:
        axes.axvline(found.bench.steps[code[0]], color=SOFT, linewidth=1, label="codes differ from here")
    axes.set_xlabel("step")
    axes.legend(loc="upper left", ncols=2)
