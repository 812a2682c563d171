"""What trainings on drawn boards say of the one on the bench: bands, and how often they hold.

Whatever the distribution: of D draws and one more, each is equally likely to be the k-th smallest. So the new
one lies between the r-th smallest of D and the r-th largest with a probability of (D + 1 - 2 r) / (D + 1).
That is a mean over such bands: what one of them holds of all boards is distributed as Beta(D + 1 - 2 r, 2 r)
(Wilks, Ann. Math. Statist. 12 (1941) 91).

The bands are the outermost draws: who leaves them does what no rehearsal did. That of the writes, which stray
farther than they matter, is cut down as far as it holds `SHARE` of all boards with a probability of
`CONFIDENCE`; the outermost of 38 draws just do, and of 65 the second from both ends. That of the time is
wider by a fifth, at both ends, than what the boards differ by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from labrig.arrays import BoolArray, FloatArray, IntArray
from labrig.store.columns import Constant

SHARE = 0.9
"""Of all boards that a band is to hold at least."""
CONFIDENCE = 0.9
"""Probability with which it is to do so."""
_PACE = 0.2
"""By how much a computer is slower or faster on the bench than it was in the rehearsal."""
_RESOLVED = 1e-9
"""Standard deviation that equal readings are given, V, so that the last bits of sums do not count."""
MEASURES = ("error", "wall", "exchanges", "writes")


@dataclass(frozen=True, slots=True)
class Band:
    """Both ends are inside; with a probability of `share` one more draw is."""

    low: float
    high: float
    share: float

    def holds(self, value: float) -> bool:
        """Whether a value is inside."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Bands:
    """From D trainings on drawn boards. K samples, O outputs, B branches.

    Parameters
    ----------
    measures
        By name, of `MEASURES`; without ``wall`` where no calibration has timed the board.
    lowest, highest
        Of the outputs in their last free states, shape (K, O), V: all of them together are inside, as often
        as the error is.
    codes
        At the end, shape (B,); those of the first draw where draws differ.
    decided
        Which of them are the same in all draws, shape (B,).
    """

    draws: int
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
    draws, shape = len(outputs), outputs.shape[1:]
    cuts = {"writes": cut(draws)}
    measures = {name: interval(values, cuts.get(name, 1)) for name, values in drawn.items()}
    if np.isfinite(wall).all():
        drawn_wall = interval(wall)
        low, high = drawn_wall.low / (1 + _PACE), drawn_wall.high * (1 + _PACE)
        measures["wall"] = Band(low, high, drawn_wall.share)
    lowest, highest = joint(outputs.reshape(draws, -1))
    return Bands(
        draws=draws,
        measures=measures,
        lowest=lowest.reshape(shape),
        highest=highest.reshape(shape),
        codes=codes[0],
        decided=np.asarray((codes == codes[0]).all(axis=0), dtype=np.bool_),
    )


def bands_result(found: Bands) -> dict[str, Any]:
    """Plain numbers."""
    return {
        "draws": found.draws,
        "measures": {name: [band.low, band.high] for name, band in found.measures.items()},
        "shares": {name: band.share for name, band in found.measures.items()},
        "final_outputs": {"low": found.lowest.tolist(), "high": found.highest.tolist()},
        "decided_codes": int(found.decided.sum()),
        "branches": int(found.decided.size),
    }


def cut(draws: int) -> int:
    """Which draw from both ends bounds `SHARE` of all boards with a probability of `CONFIDENCE`."""
    found = 1
    while 2 * found + 2 <= draws and confidence(draws, found + 1) >= CONFIDENCE:
        found += 1
    return found


def confidence(draws: int, outermost: int) -> float:
    """Probability that an `interval` of so many draws holds `SHARE` of all boards."""
    from scipy.stats import beta

    return float(beta.sf(SHARE, draws + 1 - 2 * outermost, 2 * outermost))


def interval(values: FloatArray, outermost: int = 1) -> Band:
    """Where one more draw lies: between two of the draws.

    Parameters
    ----------
    values
        Shape (D,).
    outermost
        Which of them the ends are, counted from the smallest and from the largest.
    """
    ordered, count = np.sort(values), len(values) + 1
    share = (count - 2 * outermost) / count
    return Band(float(ordered[outermost - 1]), float(ordered[-outermost]), share)


def joint(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ends of intervals that hold for all of M numbers at once, each of shape (M,).

    Each draw is held against the others: its largest distance from their mean, over their standard deviation.
    Of these distances the one is allowed, around the mean of all, that one more draw exceeds as rarely as it
    lies outside an `interval` (a jackknifed conformal band): the second largest.

    Parameters
    ----------
    values
        Shape (D, M); NaN is left out.
    """
    count = len(values)
    if count < 3:
        return values.min(axis=0), values.max(axis=0)
    distances = np.sort([_distance(values[k], np.delete(values, k, axis=0)) for k in range(count)])
    allowed = distances[-2]
    middle, spread = _spread(values)
    return middle - allowed * spread, middle + allowed * spread


def _distance(value: FloatArray, others: FloatArray) -> float:
    middle, spread = _spread(others)
    return float(np.nanmax(np.abs(value - middle) / spread, initial=0.0))


def _spread(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean, and standard deviation of one more value from it."""
    deviation = np.maximum(values.std(axis=0, ddof=1), _RESOLVED)
    return values.mean(axis=0), deviation * np.sqrt(1 + 1 / len(values))


def _host_seconds(constants: Mapping[str, Constant]) -> float:
    """Of an exchange, by the rehearsal that was stored."""
    wall, waited, exchanges = (
        float(_values(constants[f"final_{name}"])) for name in ("wall", "waited", "exchanges")
    )
    return (wall - waited) / max(exchanges, 1.0)


def _values(constant: Constant) -> FloatArray:
    return np.asarray(constant.value, dtype=np.float64)
