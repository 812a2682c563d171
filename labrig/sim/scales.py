"""Offset and gain of the converters of a simulated board, line by line."""

from dataclasses import dataclass, replace

import numpy as np

from labrig.arrays import FloatArray
from labrig.config.boards import AdcConfig, DacConfig

_ADC, _DAC, _SENSE = 2, 3, 4
"""Places of their errors among the random streams of a seed."""
_DRIFTS = {_ADC: 10, _DAC: 11, _SENSE: 12}
"""Places of how these change with the temperature."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What comes through a converter is (1 + gain) volts + offset; each of shape (L,), lines last."""

    offset: FloatArray
    gain: FloatArray
    offset_drift: FloatArray | None = None
    """V/K; None: the temperature changes nothing."""
    gain_drift: FloatArray | None = None
    """1/K; likewise."""

    @property
    def exact(self) -> bool:
        """Whether nothing changes on the way."""
        return not (self.offset.any() or self.gain.any())

    def at(self, kelvin: float) -> "Scale":
        """So far from the temperature at which it was drawn or measured."""
        if self.offset_drift is None or self.gain_drift is None:
            return self
        return Scale(self.offset + self.offset_drift * kelvin, self.gain + self.gain_drift * kelvin)

    def times(self, share: float) -> "Scale":
        """Followed by something that lets so much of it through."""
        return self if share == 1 else Scale(self.offset * share, (1 + self.gain) * share - 1)

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

    def drifting_as(self, drawn: "Scales") -> "Scales":
        """The same at the reference, and away from it changed as those drawn are."""
        return Scales(
            _drifting(self.dac, drawn.dac), _drifting(self.adc, drawn.adc), _drifting(self.sense, drawn.sense)
        )


EXACT = Scale(np.zeros(0), np.zeros(0))
"""Of a converter that has neither offset nor gain error."""


def _draw(converter: AdcConfig | DacConfig | None, lines: int, seed: int, place: int) -> Scale:
    if converter is None:
        return EXACT
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(place,)))
    shares = generator.uniform(-1, 1, (2, lines))
    scale = Scale(converter.offset * shares[0], converter.gain * shares[1])
    if converter.offset_drift == 0 and converter.gain_drift == 0:
        return scale
    stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_DRIFTS[place],)))
    shares = stream.uniform(-1, 1, (2, lines))
    return replace(
        scale, offset_drift=converter.offset_drift * shares[0], gain_drift=converter.gain_drift * shares[1]
    )


def _drifting(scale: Scale, drawn: Scale) -> Scale:
    if drawn.offset_drift is None:
        return scale
    measured = scale if len(scale.offset) else replace(drawn, offset=0 * drawn.offset, gain=0 * drawn.gain)
    return replace(measured, offset_drift=drawn.offset_drift, gain_drift=drawn.gain_drift)
