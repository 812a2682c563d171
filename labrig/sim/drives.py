"""Drive resistors of simulated boards, as true over stated resistance of each line's."""

from collections.abc import Mapping

import numpy as np

from labrig.arrays import FloatArray, Ohms
from labrig.config.boards import BoardModel
from labrig.config.calibration import DrivesCalibration

_TOLERANCE = 25
"""Place among the random streams of a seed."""
_LEAST = 1.0
"""Ohm that one has at least, however little is known of it."""


def drawn_drives(model: BoardModel, lines: int) -> FloatArray | None:
    """From the seed of the model, shape (L,); None: they are as stated."""
    if model.drive_tolerance == 0:
        return None
    stream = np.random.default_rng(np.random.SeedSequence(model.seed, spawn_key=(_TOLERANCE,)))
    return 1 + model.drive_tolerance * stream.uniform(-1, 1, lines)


def drive_errors(found: DrivesCalibration, drawn: np.random.Generator) -> dict[str, float]:
    """By which each may be off what was measured by itself, relative."""
    return {name: one.uncertainty / one.ohm * float(drawn.normal()) for name, one in found.lines.items()}


def measured_drives(
    found: DrivesCalibration, names: tuple[str, ...], stated: Ohms, errors: Mapping[str, float]
) -> FloatArray:
    """As calibrated, shape (L,); 1 where one was not measured.

    What all of them have in common is not drawn: branches are off by as much then, and no reading tells.

    Parameters
    ----------
    names
        Of the nodes of the lines.
    errors
        Relative, what the calibration leaves open of them; empty: they are as measured.
    """
    ratios = np.ones(len(names))
    for k, name in enumerate(names):
        if name in found.lines:
            ratios[k] = max(found.lines[name].ohm * (1 + errors.get(name, 0.0)), _LEAST) / stated
    return ratios
