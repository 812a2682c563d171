"""The bounds that really hold: experiment, part and limits at the voltages of the task, computed once."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, Siemens, Volts
from labrig.bench.supervisor import BenchLimits
from labrig.devices.laws import TapLaw
from labrig.errors import ConfigError
from labrig.learning.bounds import Bounds
from labrig.units import format_quantity

_NO_FLOOR: Siemens = 1e-30


@dataclass(frozen=True, slots=True)
class EffectiveBounds:
    """Conductances a run may program, and which rule set each end."""

    bounds: Bounds
    floor_from: str
    ceiling_from: str

    def __str__(self) -> str:
        floor = format_quantity(float(self.bounds.floor.max()), "S")
        ceiling = format_quantity(float(self.bounds.ceiling.min()), "S")
        return f"{floor} ({self.floor_from}) to {ceiling} ({self.ceiling_from})"


def effective_bounds(
    experiment: tuple[Siemens, Siemens | None],
    law: TapLaw | None,
    worst: TapLaw | None,
    limits: BenchLimits,
    span: Volts,
    branches: int,
) -> EffectiveBounds:
    """Experiment ∩ part ∩ limits at the task's voltages.

    Parameters
    ----------
    experiment
        Floor ε and ceiling of the experiment, S.
    law
        Tap law, nominal or calibrated; the floor ε holds for it. None on a continuous board.
    worst
        The same for parts at the conductive end of their tolerance; the ceiling holds for it.
    limits
        Of the device's profile and the rig.
    span
        Highest minus lowest voltage that the task ever drives, V.
    branches
        B.

    Raises
    ------
    ConfigError
        Nothing is left between floor and ceiling.
    """
    floor, ceiling = np.full(branches, experiment[0]), np.full(branches, experiment[1] or np.inf)
    floor_from, ceiling_from = "experiment", "experiment" if experiment[1] else "none"
    allowed = limits.largest_conductance(span)
    if law is not None and worst is not None:
        safe = worst.within(np.full(branches, _NO_FLOOR), np.full(branches, allowed))
        part_floor, part_ceiling = law.conductances(safe.highest), law.conductances(safe.lowest)
        if bool(np.any(part_floor > floor)):
            floor, floor_from = np.maximum(floor, part_floor), "part"
        if bool(np.any(part_ceiling < ceiling)):
            at = (
                f"limits at {format_quantity(span, 'V')}, worst tolerance"
                if np.any(safe.lowest > 0)
                else "part"
            )
            ceiling, ceiling_from = np.minimum(ceiling, part_ceiling), at
    elif allowed < ceiling.min():
        ceiling, ceiling_from = np.minimum(ceiling, allowed), f"limits at {format_quantity(span, 'V')}"
    _refuse_empty(floor, ceiling, floor_from, ceiling_from)
    return EffectiveBounds(Bounds(floor, ceiling), floor_from, ceiling_from)


def _refuse_empty(floor: BranchArray, ceiling: BranchArray, floor_from: str, ceiling_from: str) -> None:
    if bool(np.any(floor > ceiling)):
        msg = (
            f"learning.bounds: nothing is left between the floor {format_quantity(float(floor.max()), 'S')}"
            f" ({floor_from}) and the ceiling {format_quantity(float(ceiling.min()), 'S')} ({ceiling_from});"
            " lower the voltages of the task, widen the bounds or take another part"
        )
        raise ConfigError(msg)
