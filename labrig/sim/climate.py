"""Temperature, supply and mains of a simulated board: functions of the exchange's number."""

from dataclasses import dataclass
from math import pi, sin
from typing import Self

import numpy as np

from labrig.arrays import FloatArray, Volts
from labrig.config.environment import EnvironmentConfig

NOMINAL = 25.0
"""Degrees Celsius, at which data sheets have what they call typical."""
SUPPLY: Volts = 5.0
"""Before it droops."""
_LEAST_SUPPLY = 0.5
_THRESHOLD = 0.2
"""Of the supply, below which the switch of a wiper does not conduct. Not checked against a data sheet."""


@dataclass(frozen=True, slots=True)
class Climate:
    """How warm a board is in each exchange.

    Parameters
    ----------
    environment
        As it was configured.
    reference
        Degrees Celsius at which its parts are as they were drawn or measured.
    """

    environment: EnvironmentConfig
    reference: float = NOMINAL

    @classmethod
    def of(cls, environment: EnvironmentConfig | None, reference: float = NOMINAL) -> Self | None:
        """None where there is no environment."""
        return None if environment is None else cls(environment, reference)

    def celsius(self, index: int) -> float:
        """In the exchange of this number."""
        around = self.environment
        swung = around.swing * sin(2 * pi * (index % around.period) / around.period)
        return around.temperature + around.ramp * index / 1000 + swung

    def kelvin(self, index: int) -> float:
        """Above the reference."""
        return self.celsius(index) - self.reference

    def supply(self, index: int) -> float:
        """Over what it was in the first exchange."""
        return max(1 - self.environment.droop * index / 1000, _LEAST_SUPPLY)

    def wiper(self, index: int) -> float:
        """Resistance of a wiper's switch over what it was: a transistor that is fully on has 1/(V - V_T)."""
        return (1 - _THRESHOLD) / (self.supply(index) - _THRESHOLD)

    def mains(self, shape: tuple[int, int], index: int) -> FloatArray:
        """What they add to each conversion, shape (averages, states), V; states come one after another."""
        around, (averages, states) = self.environment, shape
        count = np.arange(states)[None, :] * averages + np.arange(averages)[:, None]
        at = index * around.exchange + count * around.conversion
        return np.asarray(around.pickup * np.sin(2 * pi * around.mains * at), dtype=np.float64)

    @property
    def steady(self) -> bool:
        """Whether the temperature never changes."""
        return self.environment.ramp == 0 and self.environment.swing == 0


@dataclass(frozen=True, slots=True)
class Warming:
    """What the temperature does to resistances.

    Parameters
    ----------
    tempcos
        Relative change of each per kelvin, shape (B,).
    """

    climate: Climate
    tempcos: FloatArray

    def factors(self, index: int) -> FloatArray:
        """By which each differs from the reference, shape (B,); kept positive."""
        factors: FloatArray = (1 + self.tempcos * self.climate.kelvin(index)).clip(min=1e-3)
        return factors

    @property
    def changing(self) -> bool:
        """Whether they, or wipers, differ from exchange to exchange."""
        return self.climate.environment.droop > 0 or (bool(self.tempcos.any()) and not self.climate.steady)
