"""Pulls toward a target, as a board's own arithmetic resolves them: in integers, from its own readings."""

from collections.abc import Collection

from labrig.arrays import FloatArray, Volts
from labrig.boards.base import BoardInfo
from labrig.circuit.boundary import Boundary, Nudge, ThroughConductance, TowardTarget
from labrig.errors import BoardFault


def has_pulls(boundary: Boundary) -> bool:
    """Whether some line is pulled toward a target from an earlier reading."""
    return any(isinstance(nudge, TowardTarget) for nudge in boundary.nudges.values())


def resolve_pulls(
    boundary: Boundary, readings: FloatArray, scanned: Collection[int], info: BoardInfo
) -> Boundary:
    """The same boundary with every pull replaced by the clamp voltage it comes to.

    Parameters
    ----------
    readings
        Of all boundaries of the exchange, shape (M, L), V.
    scanned
        Boundaries that have been read already.

    Raises
    ------
    BoardFault
        A pull refers to a boundary that has not been read.
    """
    clamps: dict[int, Volts] = {}
    through: dict[int, Nudge] = {}
    for line, nudge in boundary.nudges.items():
        if isinstance(nudge, ThroughConductance):
            through[line] = nudge
            continue
        if nudge.reference not in scanned:
            msg = (
                f"line {line} is pulled from boundary {nudge.reference}, which has no reading of its own yet"
            )
            raise BoardFault(msg)
        clamps[line] = _clamp(float(readings[nudge.reference, line]), nudge, info)
    return Boundary({**boundary.voltages, **clamps}, boundary.currents, through)


def _clamp(x: Volts, nudge: TowardTarget, info: BoardInfo) -> Volts:
    return x + nudge.fraction * (nudge.target - x)
