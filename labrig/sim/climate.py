"""The temperature of a simulated board, and what it does to parts: functions of the exchange's number."""

from dataclasses import dataclass
from math import pi, sin
from typing import Self

from labrig.arrays import FloatArray
from labrig.config.environment import EnvironmentConfig

NOMINAL = 25.0
"""Degrees Celsius, at which data sheets have what they call typical."""


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

    @property
    def steady(self) -> bool:
        """Whether it never changes."""
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
        """Whether they differ from exchange to exchange."""
        return bool(self.tempcos.any()) and not self.climate.steady
