"""Offset and gain of every converter of a board from states in which the whole board has one potential."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import BoolArray, FloatArray, IntArray, Volts

BROKEN = 0.05
"""Relative gain beyond which a converter does not follow."""


@dataclass(frozen=True, slots=True)
class Straight:
    """Converters whose readings, or levels, are offset + (1 + gain) volts. C of them.

    Parameters
    ----------
    offset, gain
        Shape (C,), V and dimensionless.
    covariances
        Of the two, shape (C, 2, 2).
    """

    offset: FloatArray
    gain: FloatArray
    covariances: FloatArray


@dataclass(frozen=True, slots=True)
class Potentials:
    """What was read while one driver at a time held the board, and nothing drew a current. S states.

    Parameters
    ----------
    driver
        Which it was, shape (S,).
    asked
        Its level, shape (S,), V.
    lines
        Readings, shape (S, L), V; NaN where a line has no converter of its own.
    sources
        Reading on the DAC side of the driver, shape (S,), V; NaN where there is none.
    reference
        Reading of an instrument that is trusted, shape (S,), V; NaN: none.
    reference_uncertainty
        Standard uncertainty of one of its readings, V.
    """

    driver: IntArray
    asked: FloatArray
    lines: FloatArray
    sources: FloatArray
    reference: FloatArray
    reference_uncertainty: Volts = 0.0


@dataclass(frozen=True, slots=True)
class ConverterFits:
    """Those of the ADC on the lines, of the ADC on the DAC side of the drivers, and of the DACs.

    Parameters
    ----------
    absolute
        Whether volts are those of a trusted instrument; else they are those that the ADC of all lines gives
        on average.
    noise
        Standard deviation of a reading, V, its steps included.
    """

    lines: Straight
    sources: Straight
    levels: Straight
    absolute: bool
    noise: Volts


def fit_converters(found: Potentials, rounding: Volts) -> ConverterFits:
    """Least squares, converter by converter, against the potential that all readings together give.

    Where nothing draws a current, every line of the board has the potential of the one driver that is on, and
    the mean over L lines is known L times better than one. A trusted instrument gives volts to that mean;
    since it is read few times, its scatter is taken with Student's distribution (variance times n / (n - 2),
    JCGM 101:2008, 6.4.9.4).

    Parameters
    ----------
    rounding
        One step of the ADC, V: readings are no more certain than it allows.
    """
    follows = _following(found.lines)
    mean = np.nanmean(found.lines[:, follows], axis=1)
    count = int(follows.sum())
    potential, scale, absolute = _referred(mean, found)
    lines = _fit(potential[:, None].repeat(found.lines.shape[1], axis=1), found.lines)
    good = _fit(potential[:, None].repeat(count, axis=1), found.lines[:, follows])
    variance = max(good.excess / max(good.left - len(mean), 1), rounding**2 / 12)
    of = [found.driver == k for k in range(int(found.driver.max()) + 1)]
    sources = _joined([_fit(potential[m, None], found.sources[m, None]) for m in of])
    levels = _joined([_fit(found.asked[m, None], potential[m, None]) for m in of])
    own = variance * (1 + 1 / count)
    return ConverterFits(
        _certain(lines, own, scale),
        _certain(sources, max(sources.variance, own), scale),
        _certain(levels, max(levels.variance, variance / count), scale),
        absolute,
        float(np.sqrt(variance)),
    )


@dataclass(frozen=True, slots=True)
class _Lines:
    """Straight lines, for readings uncertain by 1 V; sum of their squared residuals; degrees of freedom."""

    straight: Straight
    excess: float
    left: int

    @property
    def variance(self) -> float:
        return self.excess / max(self.left, 1)


def _following(lines: FloatArray) -> BoolArray:
    """Lines that read what the middle one reads, to within `BROKEN`, (L,); others would spoil the mean."""
    middle = np.nanmedian(lines, axis=1)
    design = np.column_stack([np.ones(len(middle)), middle])
    known = np.isfinite(lines).all(axis=0)
    gains = np.full(lines.shape[1], np.inf)
    for k in np.flatnonzero(known):
        gains[k] = _least_squares(design, lines[:, k])[1] - 1
    return np.asarray(np.abs(gains) < BROKEN, dtype=np.bool_)


def _referred(mean: FloatArray, found: Potentials) -> tuple[FloatArray, FloatArray, bool]:
    """Potentials in the volts of the reference, and the covariance of what these volts are known to."""
    known = np.isfinite(found.reference)
    if known.sum() < 2:
        return mean, np.zeros((2, 2)), False
    design = np.column_stack([np.ones(int(known.sum())), mean[known]])
    estimate = _least_squares(design, found.reference[known])
    left = found.reference[known] - design @ estimate
    spread = float(left @ left) / max(len(left) - 2, 1)
    count = max(len(left) - 2, 3)
    variance = max(spread * count / (count - 2), found.reference_uncertainty**2)
    return estimate[0] + estimate[1] * mean, variance * _inverse(design), True


def _fit(volts: FloatArray, readings: FloatArray) -> _Lines:
    """Column by column, (S, C)."""
    count = readings.shape[1]
    offset, gain = np.full((2, count), np.nan)
    covariances = np.full((count, 2, 2), np.nan)
    excess, left = 0.0, 0
    for k in range(count):
        read = np.isfinite(readings[:, k])
        if read.sum() < 3 or np.ptp(volts[read, k]) == 0:
            continue
        design = np.column_stack([np.ones(int(read.sum())), volts[read, k]])
        estimate = _least_squares(design, readings[read, k])
        rest = readings[read, k] - design @ estimate
        offset[k], gain[k], covariances[k] = estimate[0], estimate[1] - 1, _inverse(design)
        excess, left = excess + float(rest @ rest), left + len(rest) - 2
    return _Lines(Straight(offset, gain, covariances), excess, left)


def _least_squares(design: FloatArray, values: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.lstsq(design, values, rcond=None)[0], dtype=np.float64)


def _inverse(design: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.inv(design.T @ design), dtype=np.float64)


def _joined(parts: list[_Lines]) -> _Lines:
    straight = [part.straight for part in parts]
    return _Lines(
        Straight(
            np.concatenate([part.offset for part in straight]),
            np.concatenate([part.gain for part in straight]),
            np.concatenate([part.covariances for part in straight]),
        ),
        sum(part.excess for part in parts),
        sum(part.left for part in parts),
    )


def _certain(found: _Lines, variance: float, scale: FloatArray) -> Straight:
    straight = found.straight
    return Straight(straight.offset, straight.gain, variance * straight.covariances + scale)
