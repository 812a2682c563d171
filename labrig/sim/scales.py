"""Offset and gain of the converters of a simulated board, line by line."""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import FloatArray
from labrig.config.boards import AdcConfig, DacConfig

_ADC, _DAC, _SENSE = 2, 3, 4
"""Places of their errors among the random streams of a seed."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What comes through a converter is (1 + gain) volts + offset; each of shape (L,), lines last."""

    offset: FloatArray
    gain: FloatArray

    @property
    def exact(self) -> bool:
        """Whether nothing changes on the way."""
        return not (self.offset.any() or self.gain.any())

    def through(self, volts: FloatArray) -> FloatArray:
        """What comes of these voltages, of the same shape."""
        return volts if self.exact else (1 + self.gain) * volts + self.offset


@dataclass(frozen=True, slots=True)
class Scales:
    """Those of a board: its DAC, its ADC on the lines, and its ADC on the DAC side of the drivers."""

    dac: Scale
    adc: Scale
    sense: Scale

    @classmethod
    def draw(cls, adc: AdcConfig | None, dac: DacConfig | None, lines: int, seed: int) -> "Scales":
        """Uniform within what the configuration has as largest: a function of the seed alone."""
        return cls(
            _draw(dac, lines, seed, _DAC), _draw(adc, lines, seed, _ADC), _draw(adc, lines, seed, _SENSE)
        )


EXACT = Scale(np.zeros(0), np.zeros(0))
"""Of a converter that has neither offset nor gain error."""


def _draw(converter: AdcConfig | DacConfig | None, lines: int, seed: int, place: int) -> Scale:
    if converter is None:
        return EXACT
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(place,)))
    shares = generator.uniform(-1, 1, (2, lines))
    return Scale(converter.offset * shares[0], converter.gain * shares[1])
