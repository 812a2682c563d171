"""The drive resistors of a board, one by one, from currents that must balance."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import FloatArray, Ohms, Volts

TOLERANCE = 0.25
"""Relative, standard: by which a drive resistor is taken to be off what is stated before anything was read.
It keeps one that carries no current where it is stated, and weighs nothing otherwise."""

_NONE = 1e-300
"""A^2; variance of a current that is read without any error."""


@dataclass(frozen=True, slots=True)
class DriveReadings:
    """Half the differences of pairs of states that mirror each other: constant errors have cancelled.

    M pairs let currents flow, and K hold all lines at one potential, so that none do.

    Parameters
    ----------
    volts, drops
        Of each of L lines, and over its drive resistor, driver minus line, shape (M, L), V.
    still_volts, still_drops
        The same without currents, shape (K, L), V.
    into
        Current that an instrument pushes into the line where it is in a driver's place, shape (M,), A; None:
        there is none.
    """

    volts: FloatArray
    drops: FloatArray
    still_volts: FloatArray
    still_drops: FloatArray
    into: FloatArray | None


@dataclass(frozen=True, slots=True)
class DriveFit:
    """Drive resistors.

    Parameters
    ----------
    resistances
        Shape (L,), ohm.
    covariance
        Relative, shape (L, L). Without an instrument it is that of each beside what all have in common: the
        mean of their conductances is then as stated.
    """

    resistances: FloatArray
    covariance: FloatArray


def fit_drives(readings: DriveReadings, stated: Ohms, rounding: Volts) -> DriveFit:
    """Least squares of Kirchhoff's law for the whole network: Σ x_k drop_k / stated + into = 0 in each state.

    Nothing flows out of a network of resistors but through its lines. x is stated over true resistance of
    each drive resistor: with an instrument that measures its current the states give all of them, without
    one what they are to each other, since x times any number solves the homogeneous law as well; their mean
    is then 1, so that the mean of the conductances is as stated, not that of the resistances. The scatter is
    that of the residuals with Student's distribution (variance times n / (n - 2), JCGM 101:2008, 6.4.9.4),
    and no less than the steps of the converter give.

    What is read over a resistor without a current is what the gains of its two converters differ by, times
    the volts; it is taken off, and its uncertainty goes on to x.

    Parameters
    ----------
    stated
        Of each, ohm.
    rounding
        One step of the ADC, V.
    """
    gains, doubts = _gains(readings, rounding)
    flows = (readings.drops - gains * readings.volts) / stated
    count = flows.shape[1]
    free = np.eye(count) if readings.into is not None else _of_sum_0(count)
    left_over = flows.sum(axis=1) + (0.0 if readings.into is None else readings.into)
    design = flows @ free
    solution = np.asarray(np.linalg.lstsq(design, left_over, rcond=None)[0], dtype=np.float64)
    residuals = left_over - design @ solution
    scatter = float(residuals @ residuals) / max(len(flows) - design.shape[1] - 2, 1)
    variance = max(scatter, count * (rounding / stated) ** 2 / 12, _NONE)
    known = design.T @ design / variance + free.T @ free / TOLERANCE**2
    step = np.asarray(np.linalg.solve(known, design.T @ left_over / variance), dtype=np.float64)
    x = 1 - free @ step
    felt = design.T @ (readings.volts * x / stated) / variance
    by_gains = free @ np.asarray(np.linalg.solve(known, felt), dtype=np.float64) * doubts
    by_noise = free @ np.asarray(np.linalg.inv(known), dtype=np.float64) @ free.T
    covariance = (by_noise + by_gains @ by_gains.T) / np.outer(x, x)
    return DriveFit(stated / x, covariance)


def _gains(readings: DriveReadings, rounding: Volts) -> tuple[FloatArray, FloatArray]:
    """By which the gains of the converters of each line differ, and its standard uncertainty; (L,) each."""
    volts, drops = readings.still_volts, readings.still_drops
    squares = (volts**2).sum(axis=0)
    gains = (volts * drops).sum(axis=0) / squares
    residuals = drops - gains * volts
    left = max((len(drops) - 1) * drops.shape[1] - 2, 1)
    variance = max(float((residuals**2).sum()) / left, rounding**2 / 12)
    return gains, np.sqrt(variance / squares)


def _of_sum_0(count: int) -> FloatArray:
    """Orthonormal vectors whose components add up to 0, as columns: shape (count, count - 1)."""
    return np.asarray(np.linalg.svd(np.ones((1, count)))[2][1:].T, dtype=np.float64)
