"""How far a reading of a source-measure unit may be off: the makers' limits, and what they come to.

They hold for a year after the last adjustment, at 23 ± 5 °C, for readings of one power-line cycle or more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from labrig.arrays import FloatArray
from labrig.config.instruments import Keithley2600, SourceMeterConfig

LEAST_NPLC = 1.0
"""Power-line cycles from which on the limits hold as they stand."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of the readings on one range: ± (gain times reading + offset).

    Parameters
    ----------
    span
        Of the range, V or A.
    gain
        Relative.
    offset
        V or A.
    """

    span: float
    gain: float
    offset: float


@dataclass(frozen=True, slots=True)
class Accuracies:
    """Of both quantities that a model measures, ascending by range, and where they stand."""

    volts: Sequence[Accuracy]
    amperes: Sequence[Accuracy]
    source: str


def relative_uncertainty(
    limits: Sequence[Accuracy], readings: FloatArray, fixed: float | None = None
) -> float:
    """Standard uncertainty of the scale of these readings, relative: of the slope of a straight line.

    What a maker states is a bound, so that the error is taken as uniform within it: over the root of 3 (JCGM
    100:2008, 4.3.7). All of the gain's counts, that of several ranges as if they were off together.

    The offset's counts as far as it does not cancel. A range's zero is one number for all readings in it, as
    the instrument looks for it again before each (autozero): a line through readings of one range has it in
    its intercept, and the difference of a state and its mirror image is free of it. What the stated offset
    covers beside that, noise and drift from one reading to the next, shows as scatter and is within the
    uncertainties of what is fitted. Where readings are spread over several ranges each has a zero of its own,
    independent of the others, and the slope is off by them with the weights of the readings there.

    Parameters
    ----------
    fixed
        Range that the instrument stays in; None: the lowest that holds each reading. An instrument that
        lingers in a higher one before it changes down is not followed there.
    """
    spans = [limit.span for limit in limits]
    held = np.abs(readings) if fixed is None else np.full(readings.shape, fixed)
    ranges = np.minimum(np.searchsorted(spans, held), len(limits) - 1)
    away = readings - readings.mean()
    weights = away / (away @ away)
    gain, zeros = 0.0, 0.0
    for place, limit in enumerate(limits):
        there = ranges == place
        gain += limit.gain * abs(float(weights[there] @ readings[there]))
        zeros += (limit.offset * float(weights[there].sum())) ** 2
    return sqrt((gain**2 + zeros) / 3)


def accuracies_of(config: SourceMeterConfig) -> Accuracies | None:
    """Of a model; None: its data sheet is not known here."""
    return _KNOWN.get(config.model if isinstance(config, Keithley2600) else config.capabilities.title)


def _table(*rows: tuple[float, float, float]) -> tuple[Accuracy, ...]:
    """Rows of range, gain in per cent, and offset."""
    return tuple(Accuracy(span, percent / 100, offset) for span, percent, offset in rows)


_AMPERES_2400 = _table(
    (1e-6, 0.029, 300e-12), (1e-5, 0.027, 700e-12), (1e-4, 0.025, 6e-9), (1e-3, 0.027, 60e-9),
    (1e-2, 0.035, 600e-9), (0.1, 0.055, 6e-6), (1.0, 0.22, 570e-6),
)  # fmt: skip
_VOLTS_2400 = _table((0.2, 0.012, 300e-6), (2.0, 0.012, 300e-6), (20.0, 0.015, 1.5e-3), (200.0, 0.015, 10e-3))
_AMPERES_2450 = _table(
    (1e-8, 0.10, 50e-12), (1e-7, 0.060, 100e-12), (1e-6, 0.025, 300e-12), (1e-5, 0.025, 700e-12),
    (1e-4, 0.02, 6e-9), (1e-3, 0.02, 60e-9), (1e-2, 0.02, 600e-9), (0.1, 0.025, 6e-6), (1.0, 0.03, 500e-6),
)  # fmt: skip
_VOLTS_2450 = _table(
    (0.02, 0.1, 150e-6), (0.2, 0.012, 200e-6), (2.0, 0.012, 300e-6), (20.0, 0.015, 1e-3),
    (200.0, 0.015, 10e-3),
)  # fmt: skip
_AMPERES = (
    (1e-6, 0.025, 500e-12), (1e-5, 0.025, 1.5e-9), (1e-4, 0.02, 25e-9), (1e-3, 0.02, 200e-9),
    (1e-2, 0.02, 2.5e-6), (0.1, 0.02, 20e-6), (1.0, 0.03, 1.5e-3),
)  # fmt: skip
"""Common to Keysight B2902A and Keithley 2602B, by the data sheets of both."""
_VOLTS_B2902 = _table((0.2, 0.015, 225e-6), (2.0, 0.02, 350e-6), (20.0, 0.015, 5e-3), (200.0, 0.015, 50e-3))
_VOLTS_2602 = _table((0.1, 0.015, 150e-6), (1.0, 0.015, 200e-6), (6.0, 0.015, 1e-3), (40.0, 0.015, 8e-3))

_2602B = Accuracies(
    _VOLTS_2602, _table((1e-7, 0.05, 100e-12), *_AMPERES, (3.0, 0.05, 3.5e-3)), "SPEC-2602B Rev. B, page 2"
)
_KNOWN = {
    "Keithley 2400": Accuracies(_VOLTS_2400, _AMPERES_2400, "SPEC-2400 Rev. H, page 2"),
    "Keithley 2450": Accuracies(_VOLTS_2450, _AMPERES_2450, "SPEC-2450 Rev. A, page 2"),
    "Keysight B2902A": Accuracies(
        _VOLTS_B2902,
        _table((1e-7, 0.06, 100e-12), *_AMPERES, (1.5, 0.05, 3.5e-3), (3.0, 0.4, 7e-3)),
        "Keysight B2900A Series data sheet, page 16",
    ),
    "2601B": _2602B,
    "2602B": _2602B,
    "2604B": _2602B,
}
"""By title or, of the Keithley 2600 series, model: from transcripts of the sheets that each names. Not known
here: those of the 261xB and 263xB, and of the Yokogawa GS200's monitor."""
