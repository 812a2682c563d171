"""With which pulses a part is written, and how high they may be on a rig."""

import math

import numpy as np

from labrig.arrays import Volts
from labrig.bench.limits import BenchLimits
from labrig.boards.base import PulseScheme
from labrig.devices.memristors import MemristorPart
from labrig.errors import ConfigError
from labrig.units import format_quantity

MOST_PULSES, MOST_REVERSALS = 200, 20
SLACK = 1 + 1e-9
"""What floating point may take a pulse over a limit that it was computed to meet."""


def scheme_of(part: MemristorPart, highest_set: Volts, highest_reset: Volts) -> PulseScheme:
    """How the part is written with pulses up to these magnitudes.

    Raises
    ------
    ConfigError
        They are below what a write begins with.
    """
    up, down = part.set, part.reset
    for way, least, most in (("set", up.start, highest_set), ("reset", down.start, highest_reset)):
        if most < least:
            msg = (
                f"limits: pulses may go to {format_quantity(most, 'V')}, but {part.name} needs"
                f" {format_quantity(least, 'V')} at least to {way}; raise limits.voltage, branch_current or"
                " branch_power of the rig"
            )
            raise ConfigError(msg)
    return PulseScheme(
        set_start=up.start,
        set_step=up.step,
        set_highest=min(up.highest, highest_set),
        reset_start=down.start,
        reset_step=down.step,
        reset_highest=min(down.highest, highest_reset),
        width=part.width,
        most_pulses=MOST_PULSES,
        most_reversals=MOST_REVERSALS,
        read=part.read,
    )


def on_grid(highest: Volts, step: Volts) -> Volts:
    """The highest that a generator of these steps gives without going above."""
    return float(np.floor(highest / step * SLACK) * step) if step and np.isfinite(highest) else highest


def highest_within(part: MemristorPart, limits: BenchLimits, volts: Volts) -> Volts:
    """Magnitude at which the most conductive device stays within current and power of the limits."""
    return min(volts, limits.branch_current / part.most, math.sqrt(limits.branch_power / part.most))
