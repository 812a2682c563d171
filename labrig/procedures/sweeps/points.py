"""Which levels a sweep goes through, and in which order; no hardware."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import FloatArray
from labrig.errors import ConfigError
from labrig.procedures.sweeps.words import Order, Scale


@dataclass(frozen=True, slots=True)
class SweepShape:
    """A sweep as people describe it.

    Parameters
    ----------
    start, stop
        V or A. A sweep of four quadrants has a start of 0 where it is linear, and the least magnitude where
        it is logarithmic.
    points
        From start to stop, both included; of a sweep of four quadrants, of each quarter.
    cycles
        How often all of it is gone through.
    """

    start: float
    stop: float
    points: int
    scale: Scale = Scale.LINEAR
    order: Order = Order.SINGLE
    cycles: int = 1


def sweep_levels(shape: SweepShape) -> FloatArray:
    """Levels of a sweep in order, shape (P,), V or A.

    Where two legs meet, the level at which the sweep turns is there once, as it is between two cycles that
    meet in one level.

    Raises
    ------
    ConfigError
        Nothing like this can be gone through.
    """
    _check(shape)
    leg = _leg(shape)
    match shape.order:
        case Order.SINGLE:
            once = leg
        case Order.DUAL:
            once = _chain(leg, leg[::-1])
        case Order.FOUR_QUADRANT:
            once = _chain(leg, leg[::-1], 0.0 - leg, 0.0 - leg[::-1])
    return _chain(*[once] * shape.cycles)


def listed_levels(levels: FloatArray, cycles: int = 1) -> FloatArray:
    """A list of levels, gone through so often, shape (P,).

    Raises
    ------
    ConfigError
        There are none, or one is no number.
    """
    if levels.size == 0 or not np.isfinite(levels).all():
        msg = "--list: found no levels, or one that is not a finite number; write --list '0 V, 0.5 V, 1 V'"
        raise ConfigError(msg)
    return np.tile(levels, cycles)


def _leg(shape: SweepShape) -> FloatArray:
    if shape.scale is Scale.LINEAR:
        even: FloatArray = np.linspace(shape.start, shape.stop, shape.points)
        return even
    steady: FloatArray = np.geomspace(shape.start, shape.stop, shape.points)
    return steady


def _chain(*legs: FloatArray) -> FloatArray:
    """One after the other; a level in which two meet is kept once."""
    chained = legs[0]
    for leg in legs[1:]:
        meets = chained[-1] == leg[0]
        chained = np.concatenate([chained, leg[1:] if meets else leg])
    return chained


def _check(shape: SweepShape) -> None:
    if not (np.isfinite(shape.start) and np.isfinite(shape.stop)):
        msg = "--start and --stop: found a value that is not finite"
        raise ConfigError(msg)
    if shape.points < 2:
        msg = f"--points: found {shape.points}; a sweep has at least 2"
        raise ConfigError(msg)
    if shape.cycles < 1:
        msg = f"--cycles: found {shape.cycles}; write 1 or more"
        raise ConfigError(msg)
    if shape.scale is Scale.LOG and not shape.start * shape.stop > 0:
        msg = (
            f"--scale log: found a sweep from {shape.start:g} to {shape.stop:g}; a logarithmic one has both"
            " ends on one side of 0, and neither at 0"
        )
        raise ConfigError(msg)
    if shape.order is Order.FOUR_QUADRANT and shape.scale is Scale.LINEAR and shape.start != 0:
        msg = f"--start: found {shape.start:g}; a linear sweep of four quadrants begins at 0"
        raise ConfigError(msg)
