"""What trainings on drawn boards say of the one on the bench: bands that hold in nine cases of ten."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from labrig.arrays import BoolArray, FloatArray, IntArray
from labrig.store.columns import Constant

SHARE = 0.9
"""Of the cases in which a band is to hold."""
_RESOLVED = 1e-9
"""Standard deviation that equal readings are given, V, so that the last bits of sums do not count."""
MEASURES = ("error", "wall", "exchanges", "writes")


@dataclass(frozen=True, slots=True)
class Band:
    """Both ends are inside."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value is inside."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Bands:
    """From D trainings on drawn boards. K samples, O outputs, B branches.

    Parameters
    ----------
    share
        Of cases in which each holds; below `SHARE` where there are too few draws for that.
    measures
        By name, of `MEASURES`; without ``wall`` where no calibration has timed the board.
    lowest, highest
        Of the outputs in their last free states, shape (K, O), V: all of them together are inside.
    codes
        At the end, shape (B,); those of the first draw where draws differ.
    decided
        Which of them are the same in all draws, shape (B,).
    """

    draws: int
    share: float
    measures: dict[str, Band]
    lowest: FloatArray
    highest: FloatArray
    codes: IntArray
    decided: BoolArray

    def hold(self, outputs: FloatArray) -> BoolArray:
        """Which outputs are inside, shape (K, O); one that is not measured is not outside."""
        outside = (outputs < self.lowest) | (outputs > self.highest)
        return np.asarray(~outside, dtype=np.bool_)

    def decides(self, codes: IntArray) -> bool:
        """Whether these codes, shape (B,), are those that all draws ended with, where these agree."""
        return bool(np.all((codes == self.codes) | ~self.decided))


def bands_of(constants: Mapping[str, Constant]) -> Bands | None:
    """Of a run that was rehearsed on drawn boards; None: it was not, or it is not finished."""
    if "drawn_error" not in constants or "final_wall" not in constants:
        return None
    drawn = {name: _values(constants[f"drawn_{name}"]) for name in ("error", "exchanges", "writes", "waits")}
    outputs = _values(constants["drawn_outputs"])
    codes = np.asarray(constants["drawn_codes"].value, dtype=np.int64)
    wall = drawn.pop("waits") + drawn["exchanges"] * _host_seconds(constants)
    measures = {name: interval(values) for name, values in drawn.items()}
    if np.isfinite(wall).all():
        measures["wall"] = interval(wall)
    lowest, highest = joint(outputs.reshape(len(outputs), -1))
    share = covered(len(outputs))
    shape = outputs.shape[1:]
    decided = np.asarray((codes == codes[0]).all(axis=0), dtype=np.bool_)
    return Bands(
        len(outputs), share, measures, lowest.reshape(shape), highest.reshape(shape), codes[0], decided
    )


def bands_result(found: Bands) -> dict[str, Any]:
    """Plain numbers."""
    return {
        "draws": found.draws,
        "share": found.share,
        "measures": {name: [band.low, band.high] for name, band in found.measures.items()},
        "final_outputs": {"low": found.lowest.tolist(), "high": found.highest.tolist()},
        "decided_codes": int(found.decided.sum()),
        "branches": int(found.decided.size),
    }


def covered(draws: int) -> float:
    """Probability that one more draw is inside an `interval` of so many."""
    return (draws + 1 - 2 * _cut(draws)) / (draws + 1)


def interval(values: FloatArray) -> Band:
    """Where one more draw lies, whatever the distribution: between two of the draws, by their order.

    Of D draws and one more, each is equally likely to be the k-th smallest, so that the new one lies outside
    the k-th smallest and largest with a probability of 2 k / (D + 1), or less where draws are equal.

    Parameters
    ----------
    values
        Shape (D,).
    """
    ordered, cut = np.sort(values), _cut(len(values))
    return Band(float(ordered[cut - 1]), float(ordered[-cut]))


def joint(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ends of intervals that hold for all of M numbers at once, each of shape (M,).

    Each draw is held against the others: its largest distance from their mean, over their standard deviation.
    The distance that `SHARE` of one draw more than there are do not exceed is allowed around the mean of all
    (a jackknifed conformal band).

    Parameters
    ----------
    values
        Shape (D, M); NaN is left out.
    """
    count = len(values)
    if count < 3:
        return values.min(axis=0), values.max(axis=0)
    distances = np.sort([_distance(values[k], np.delete(values, k, axis=0)) for k in range(count)])
    allowed = distances[min(ceil(SHARE * (count + 1)), count) - 1]
    middle, spread = _spread(values)
    return middle - allowed * spread, middle + allowed * spread


def _distance(value: FloatArray, others: FloatArray) -> float:
    middle, spread = _spread(others)
    return float(np.nanmax(np.abs(value - middle) / spread, initial=0.0))


def _spread(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean, and standard deviation of one more value from it."""
    deviation = np.maximum(values.std(axis=0, ddof=1), _RESOLVED)
    return values.mean(axis=0), deviation * np.sqrt(1 + 1 / len(values))


def _cut(draws: int) -> int:
    return max(1, int((1 - SHARE) / 2 * (draws + 1) + 1e-9))


def _host_seconds(constants: Mapping[str, Constant]) -> float:
    """Of an exchange, by the rehearsal that was stored."""
    wall, waited, exchanges = (
        float(_values(constants[f"final_{name}"])) for name in ("wall", "waited", "exchanges")
    )
    return (wall - waited) / max(exchanges, 1.0)


def _values(constant: Constant) -> FloatArray:
    return np.asarray(constant.value, dtype=np.float64)
