"""Pulls toward a target, as a board's own arithmetic resolves them: in integers, from its own readings."""

from functools import cache

import numpy as np

from labrig.arrays import FloatArray, Volts
from labrig.boards.base import BoardInfo, Converter
from labrig.circuit.boundary import Boundary, Nudge, ThroughConductance, TowardTarget
from labrig.sim.quantising import step, to_codes
from labrig.wire.definition import PER_FRACTION, PER_UV
from labrig.wire.nudging import nudge_scale, toward_code


def has_pulls(boundary: Boundary) -> bool:
    """Whether some line is pulled toward a target from an earlier reading."""
    return any(isinstance(nudge, TowardTarget) for nudge in boundary.nudges.values())


def resolve_pulls(boundary: Boundary, readings: FloatArray, averages: int, info: BoardInfo) -> Boundary:
    """The same boundary with every pull replaced by the clamp voltage it comes to.

    Parameters
    ----------
    readings
        Of all boundaries of the exchange, shape (M, L), V; those that are pulled from are there.
    averages
        Conversions behind each reading.
    """
    clamps: dict[int, Volts] = {}
    through: dict[int, Nudge] = {}
    for line, nudge in boundary.nudges.items():
        if isinstance(nudge, ThroughConductance):
            through[line] = nudge
            continue
        x = float(readings[nudge.reference, line])
        clamps[line] = clamp_voltage(x, averages, nudge.target, nudge.fraction, info)
    return Boundary({**boundary.voltages, **clamps}, boundary.currents, through)


def clamp_voltage(x: Volts, averages: int, target: Volts, fraction: float, info: BoardInfo) -> Volts:
    """``x + fraction (target - x)``, in the integers of the board's converters where it has both.

    Parameters
    ----------
    x
        A reading of `averages` conversions.
    """
    adc, dac = info.adc, info.dac
    if adc is None or dac is None:
        return x + fraction * (target - x)
    code = toward_code(
        round(x * averages / step(adc)),
        averages,
        _scale(adc, dac),
        round(fraction * PER_FRACTION),
        int(to_codes(np.asarray(target), dac)),
        dac.bits,
    )
    return code * step(dac)


@cache
def _scale(adc: Converter, dac: Converter) -> int:
    return nudge_scale(adc.bits, round(adc.span * PER_UV), dac.bits, round(dac.span * PER_UV))
