"""Which branches of a board can be used, by what was measured of them."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import FloatArray, IntArray, Ohms
from labrig.config.calibration import Verdict

OPEN = 0.01
"""Of the conductance by its part: an open branch has less."""
SHORT = 3.0
"""Wiper resistances of its part, typical: a shorted branch has less at every code."""
NOISE = 0.01
"""Relative standard deviation from one exchange to the next: a noisy branch has more."""
STEPS = 1.0
"""Taps: a stuck branch moves less over all codes; one that is not monotone steps back by more."""
_SURE = 5.0
"""Standard uncertainties by which a size must be passed where a reading is no better than that."""
_SURE_NOISE = 6.0
"""The same of a variance, whose distribution has a longer tail."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a part should have."""

    wiper: Ohms
    end_to_end: Ohms
    steps: int

    @property
    def tap(self) -> Ohms:
        """One step."""
        return self.end_to_end / self.steps


@dataclass(frozen=True, slots=True)
class Repeated:
    """What was measured of one branch: K codes, R readings of each.

    Parameters
    ----------
    codes
        Shape (K,), ascending.
    conductances, variances
        Shape (R, K), S and S^2; NaN where there is none.
    """

    codes: IntArray
    conductances: FloatArray
    variances: FloatArray


def judge(found: Repeated, sizes: Sizes) -> Verdict:
    """Give a branch its verdict; sizes that tell it stand at the top of this module."""
    read = np.isfinite(found.conductances).all(axis=0)
    if not read.any():
        return "open"
    codes = found.codes[read]
    means = found.conductances[:, read].mean(axis=0)
    doubts = np.sqrt(found.variances[:, read].mean(axis=0) / len(found.conductances))
    if float(np.median(means * (sizes.wiper + sizes.tap * codes))) < OPEN:
        return "open"
    if np.all(means + _SURE * doubts > 1 / (SHORT * sizes.wiper)):
        return "short"
    middle = float(np.average(means, weights=1 / doubts**2))
    if np.all(np.abs(means - middle) < np.maximum(STEPS * sizes.tap * middle**2, _SURE * doubts)):
        return "stuck"
    if _noise(found) > NOISE:
        return "noisy"
    rises = np.diff(means)
    sure = _SURE * np.hypot(doubts[1:], doubts[:-1])
    tap = STEPS * sizes.tap * means[1:] * np.abs(means[:-1])
    return "non-monotone" if bool(np.any(rises > np.maximum(tap, sure))) else "sound"


def _noise(found: Repeated) -> float:
    """Relative standard deviation beyond that of the readings, over all codes; 0 where it is chance."""
    left = len(found.conductances) - 1
    if left < 1:
        return 0.0
    means = found.conductances.mean(axis=0)
    own = found.variances.mean(axis=0) / means**2
    beyond = (found.conductances / means).var(axis=0, ddof=1) - own
    weights = 1 / (own + NOISE**2) ** 2
    excess = float(np.average(beyond, weights=weights))
    chance = float(np.sqrt((weights**2 * 2 * own**2 / left).sum()) / weights.sum())
    return float(np.sqrt(excess)) if excess > _SURE_NOISE * chance else 0.0
