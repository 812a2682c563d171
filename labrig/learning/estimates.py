"""What is known of each output's voltage: a mean and a variance, from readings and from predicted moves."""

import numpy as np

from labrig.arrays import BoolArray, FloatArray, Volts
from labrig.learning.steps import PolicyState, remembered, remind

_STRAY = 6.0
"""Standard deviations beyond which a reading counts and what was thought before does not."""
_FINE = 0.02
"""Steps of a converter below this share of what is uncertain act as noise of LSB²/12."""


class Estimates:
    """One Gaussian an output, (O,): a Kalman filter whose readings come in steps of a converter.

    A reading says in which cell of the converter the voltage and its noise lie, so the Gaussian of both is
    cut off at the edges of that cell, and what is left is taken for Gaussian again. Where noise is wider
    than a cell this is the usual scalar filter with LSB²/12 added; where there is none, a reading near an
    edge halves what is uncertain, and one in the middle of a cell says little.
    """

    def __init__(self, outputs: int, lsb: Volts) -> None:
        self.lsb = lsb
        self.mean: FloatArray = np.full(outputs, np.nan)
        """V; NaN before the first reading."""
        self.variance: FloatArray = np.full(outputs, np.inf)
        """V²."""

    def move(self, by: FloatArray, variance: FloatArray) -> None:
        """Conductances were changed, which is predicted to change voltages; V and V², (O,)."""
        self.mean = self.mean + by
        self.variance = self.variance + variance

    def forget(self, which: BoolArray) -> None:
        """Nothing is known of these any more, (O,)."""
        self.variance = np.where(which, np.inf, self.variance)

    def read(self, x: FloatArray, noise: float) -> None:
        """Take in readings, (O,) V, NaN where there is none, with noise of this variance, V²."""
        total = self.variance + noise
        known = np.isfinite(x)
        stray = (x - self.mean) ** 2 >= _STRAY**2 * (total + self.lsb**2 / 12)
        fresh = known & (stray | ~np.isfinite(total))
        seen, spread = self._cell(np.where(fresh | ~known, 0.0, x), np.where(np.isfinite(total), total, 1.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            gain = np.where(total > 0, self.variance / total, 0.0)
            mean = self.mean + gain * (seen - self.mean)
            variance = self.variance * (1 - gain) + gain**2 * spread
        first = noise + self.lsb**2 / 12
        self.mean = np.where(known, np.where(fresh, x, mean), self.mean)
        self.variance = np.where(known, np.where(fresh, first, variance), self.variance)

    def state(self) -> PolicyState:
        """What `restore` goes on with."""
        return remembered(self, ("mean", "variance"))

    def restore(self, state: PolicyState) -> None:
        """Go on where `state` was taken."""
        remind(self, ("mean", "variance"), state)

    def _cell(self, x: FloatArray, total: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of a Gaussian of variance `total` within the cell around x."""
        from scipy.special import ndtr

        step = self.lsb**2 / 12
        width = np.sqrt(total)
        coarse = self.lsb > _FINE * width
        mean = np.where(coarse, self.mean, 0.0)
        width = np.where(coarse & (width > 0), width, 1.0)
        low, high = (x - self.lsb / 2 - mean) / width, (x + self.lsb / 2 - mean) / width
        share = ndtr(high) - ndtr(low)
        usable = coarse & (share > 1e-9)
        share = np.where(usable, share, 1.0)
        at_low, at_high = _density(low), _density(high)
        shift = (at_low - at_high) / share
        narrowed = 1 + (low * at_low - high * at_high) / share - shift**2
        return (
            np.where(usable, mean + width * shift, x),
            np.where(usable, np.maximum(total * narrowed, 0.0), np.minimum(step, total)),
        )


def _density(z: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))
