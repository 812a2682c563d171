"""Offset, gain and nonlinearity of the converters of a simulated board, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from labrig.arrays import FloatArray, Volts
from labrig.config.boards import AdcConfig, DacConfig

_ADC, _DAC, _SENSE = 2, 3, 4
"""Places of their errors among the random streams of a seed."""
_DRIFTS = {_ADC: 10, _DAC: 11, _SENSE: 12}
"""Places of how these change with the temperature."""

_BOWS = {_ADC: 21, _DAC: 22, _SENSE: 23}
"""Places of how far they are from a straight line."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What comes through a converter is (1 + gain) volts + offset + bow; each of shape (L,), lines last."""

    offset: FloatArray
    gain: FloatArray
    offset_drift: FloatArray | None = None
    """V/K; None: the temperature changes nothing."""
    gain_drift: FloatArray | None = None
    """1/K; likewise."""
    bow: FloatArray | None = None
    """V, in the middle of the span, by which the line is bent; None: it is straight."""
    span: Volts = 1.0

    @property
    def exact(self) -> bool:
        """Whether nothing changes on the way."""
        return not (self.offset.any() or self.gain.any() or self.bow is not None)

    def of(self, lines: Sequence[int]) -> "Scale":
        """Of some of the lines."""
        bow = None if self.bow is None else self.bow[lines]
        return replace(self, offset=self.offset[lines], gain=self.gain[lines], bow=bow)

    def at(self, kelvin: float) -> "Scale":
        """So far from the temperature at which it was drawn or measured."""
        if self.offset_drift is None or self.gain_drift is None:
            return self
        offset, gain = self.offset + self.offset_drift * kelvin, self.gain + self.gain_drift * kelvin
        return replace(self, offset=offset, gain=gain, offset_drift=None, gain_drift=None)

    def times(self, share: float) -> "Scale":
        """Followed by something that lets so much of it through."""
        if share == 1:
            return self
        bow = None if self.bow is None else self.bow * share
        return replace(self, offset=self.offset * share, gain=(1 + self.gain) * share - 1, bow=bow)

    def through(self, volts: FloatArray) -> FloatArray:
        """What comes of these voltages, of the same shape."""
        if self.exact:
            return volts
        straight = (1 + self.gain) * volts + self.offset
        if self.bow is None:
            return straight
        share = np.clip(volts / self.span, 0.0, 1.0)
        return straight + 4 * self.bow * share * (1 - share)


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
    scale = Scale(converter.offset * shares[0], converter.gain * shares[1], span=converter.span)
    if converter.nonlinearity > 0:
        bent = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_BOWS[place],)))
        step = converter.span / (2**converter.bits - 1)
        scale = replace(scale, bow=converter.nonlinearity * step * bent.uniform(-1, 1, lines))
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
