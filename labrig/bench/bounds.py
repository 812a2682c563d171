"""The bounds that really hold: experiment, part and limits at the voltages of the task, computed once."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, CodeArray, Siemens, Volts
from labrig.devices.dividers import DividerLaw
from labrig.devices.laws import ConductanceLaw, TabulatedLaw, TapLaw
from labrig.errors import ConfigError
from labrig.learning.bounds import Bounds
from labrig.learning.dividers import DividerBounds
from labrig.units import format_quantity


@dataclass(frozen=True, slots=True)
class EffectiveBounds:
    """Conductances a run may program, and which rule set each end."""

    bounds: Bounds
    floor_from: str
    ceiling_from: str

    def __str__(self) -> str:
        floor = f"{format_quantity(float(self.bounds.floor.max()), 'S')} ({self.floor_from})"
        ceiling = float(self.bounds.ceiling.min())
        if ceiling == np.inf:
            return f"{floor}, no ceiling"
        return f"{floor} to {format_quantity(ceiling, 'S')} ({self.ceiling_from})"


def effective_bounds(
    experiment: tuple[Siemens, Siemens | None],
    law: TapLaw | None,
    worst: ConductanceLaw | None,
    allowed: Siemens,
    span: Volts,
    branches: int,
    *,
    least_from: str = "part",
) -> EffectiveBounds:
    """Experiment ∩ part ∩ limits at the task's voltages.

    On a board of codes each end is the conductance of the outermost code that is left: a latent that could
    go beyond would have to come all the way back before its code moves again, and small taps at the floor
    are what corrects an output finest.

    Parameters
    ----------
    experiment
        Floor ε and ceiling of the experiment, S.
    law
        Tap law, nominal or calibrated; the floor ε holds for it. None on a continuous board.
    worst
        The same for parts at the conductive end of their tolerance; the ceiling holds for it.
    allowed
        What a branch may conduct by the limits in force, S.
    span
        Highest minus lowest voltage that the task ever drives, V: where `allowed` comes from.
    branches
        B.
    least_from
        What sets the least conductance of the law.

    Raises
    ------
    ConfigError
        Nothing is left between floor and ceiling.
    """
    floor, ceiling = np.full(branches, experiment[0]), np.full(branches, experiment[1] or np.inf)
    floor_from, ceiling_from = "experiment", "experiment" if experiment[1] else "none"
    at = f"limits at {format_quantity(span, 'V')}"
    if law is None or worst is None:
        if allowed < ceiling.min():
            ceiling, ceiling_from = np.minimum(ceiling, allowed), at
    else:
        safe = _safe_codes(worst, allowed, at)
        least, most = law.least, law.between(*safe).most
        if bool(np.any(least > floor)):
            floor, floor_from = np.maximum(floor, least), least_from
        if bool(np.any(most < ceiling)):
            limited = bool(np.any(most < law.most))
            ceiling, ceiling_from = (
                np.minimum(ceiling, most),
                f"{at}, worst {_of(law)}" if limited else "part",
            )
        floor_from += ", calibrated" if isinstance(law, TabulatedLaw) else ", nominal"
    _refuse_empty(floor, ceiling, floor_from, ceiling_from)
    if law is not None:
        if isinstance(law, DividerLaw):
            floor_from, ceiling_from = _of_both(law, floor, ceiling, floor_from, ceiling_from)
        law = law.within(floor, ceiling)
        floor, ceiling = law.least, law.most
    box = DividerBounds(floor, ceiling, law) if isinstance(law, DividerLaw) else Bounds(floor, ceiling)
    return EffectiveBounds(box, floor_from, ceiling_from)


def _of_both(
    law: DividerLaw, floor: BranchArray, ceiling: BranchArray, floor_from: str, ceiling_from: str
) -> tuple[str, str]:
    """What set the highest floor and the lowest ceiling of dividers: a bound, or one of the other branch."""
    by_floor = law.within(floor, np.full(floor.shape, np.inf))
    by_ceiling = law.within(np.zeros(floor.shape), ceiling)
    highest = np.argmax(np.maximum(by_floor.least, by_ceiling.least))
    lowest = np.argmin(np.minimum(by_floor.most, by_ceiling.most))
    if by_floor.least[highest] < by_ceiling.least[highest]:
        floor_from = "where the other branch is at its ceiling"
    if by_floor.most[lowest] < by_ceiling.most[lowest]:
        ceiling_from = "where the other branch is at its floor"
    return floor_from, ceiling_from


def _of(law: TapLaw) -> str:
    return "of its calibration" if isinstance(law, TabulatedLaw) else "tolerance"


def _safe_codes(worst: ConductanceLaw, allowed: Siemens, at: str) -> tuple[CodeArray, CodeArray]:
    """Lowest and highest code of each branch whose conductance is allowed."""
    least = worst.least
    if bool(np.any(least > allowed)):
        msg = (
            f"learning.bounds: a branch may conduct {format_quantity(max(allowed, 0.0), 'S')} ({at}), but its"
            f" part conducts {format_quantity(float(least.max()), 'S')} at least (worst tolerance);"
            " lower the voltages of the task, raise the limits of the rig or take another part"
        )
        raise ConfigError(msg)
    safe = worst.within(least, np.full(least.shape, allowed))
    return safe.lowest, safe.highest


def _refuse_empty(floor: BranchArray, ceiling: BranchArray, floor_from: str, ceiling_from: str) -> None:
    if bool(np.any(floor > ceiling)):
        msg = (
            f"learning.bounds: nothing is left between the floor {format_quantity(float(floor.max()), 'S')}"
            f" ({floor_from}) and the ceiling {format_quantity(float(ceiling.min()), 'S')} ({ceiling_from});"
            " lower the voltages of the task, widen the bounds or take another part"
        )
        raise ConfigError(msg)
