"""Drive resistors of simulated boards, as true over stated resistance of each line's."""

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


def measured_drives(
    found: DrivesCalibration, names: tuple[str, ...], stated: Ohms, doubt: np.random.Generator | None
) -> FloatArray:
    """As calibrated, shape (L,); 1 where one was not measured.

    What all of them have in common is not drawn: branches are off by as much then, and no reading tells.

    Parameters
    ----------
    names
        Of the nodes of the lines.
    doubt
        Draws what the calibration leaves open; None: as it was measured.
    """
    ratios = np.ones(len(names))
    for k, name in enumerate(names):
        if name in found.lines:
            one = found.lines[name]
            off = 0.0 if doubt is None else one.uncertainty * doubt.normal()
            ratios[k] = max(one.ohm + off, _LEAST) / stated
    return ratios
