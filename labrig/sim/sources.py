"""Sources with a limit on a network: each holds its level, or its limit where that is reached."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from labrig.arrays import Amperes, Volts
from labrig.circuit.boundary import Boundary, Nudge, ThroughConductance
from labrig.sim.instruments.analogue import Drive, Quantity

_SLACK = 1 + 1e-9


@dataclass(frozen=True, slots=True)
class Holding:
    """What a source holds constant, whatever the circuit does."""

    quantity: Quantity
    value: float


def held(drive: Drive, now: Holding, volts: Volts, amperes: Amperes) -> Holding:
    """What a source comes to hold on a circuit that answers what it holds now with this voltage and current.

    Parameters
    ----------
    amperes
        That leaves the source.
    """
    level, other = Holding(drive.source, drive.level), drive.source.other
    limited, sourced = (amperes, volts) if drive.source is Quantity.VOLTAGE else (volts, amperes)
    if now.quantity is drive.source:
        if abs(limited) <= drive.limit * _SLACK:
            return level
        return Holding(other, math.copysign(drive.limit, limited))
    beyond = (sourced - drive.level) * math.copysign(1.0, now.value)
    return level if beyond > abs(drive.level) * (_SLACK - 1) else now


def joined(
    boundary: Boundary, holding: Mapping[int, Holding], *, extra: Mapping[int, Amperes] | None = None
) -> Boundary:
    """A boundary with sources on some of its lines.

    A voltage that is held on a line makes what else pulls there of no consequence to the others.

    Parameters
    ----------
    extra
        Further currents, line by line.
    """
    voltages, nudges = dict(boundary.voltages), dict[int, Nudge](boundary.nudges)
    currents = dict(boundary.currents)
    for line, amperes in (extra or {}).items():
        currents[line] = currents.get(line, 0.0) + amperes
    for line, hold in holding.items():
        if hold.quantity is Quantity.VOLTAGE:
            voltages[line] = hold.value
            currents.pop(line, None)
            nudges.pop(line, None)
        else:
            currents[line] = currents.get(line, 0.0) + hold.value
    for line in [line for line in currents if line in voltages]:
        del currents[line]
    for line in [line for line in currents if line in nudges]:
        nudge = nudges[line]
        if isinstance(nudge, ThroughConductance):
            moved = nudge.target + currents.pop(line) / nudge.conductance
            nudges[line] = ThroughConductance(moved, nudge.conductance)
    return Boundary(voltages, currents, nudges)
