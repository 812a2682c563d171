"""Memristors: presets by class of device, and how a pulse moves a conductance.

A device is told by one state x in [0, 1] between its ends, g = lowest + x (highest - lowest). Below its
threshold a pulse does nothing. Above, x goes toward its end at a rate that follows the overdrive, and slows
down as the end comes near (soft bounds):

    set    dx/dt = +rate (V / threshold - 1)^exponent (1 - x)^bound
    reset  dx/dt = -rate (|V| / threshold - 1)^exponent x^bound

The threshold rate is that of VTEAM (Kvatinsky, Ramadan, Friedman, Kolodny, IEEE Trans. Circuits Syst. II 62,
786 (2015)); the windows are soft bounds (Fusi, Abbott, Nature Neuroscience 10, 485 (2007)), one exponent each
way. Both are integrated exactly, so that two pulses of a width do what one of twice the width does.
"""

from dataclasses import dataclass

import numpy as np

from labrig.arrays import Amperes, FloatArray, Seconds, Siemens, Volts
from labrig.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Switching:
    """What pulses of one polarity do."""

    threshold: Volts
    """Magnitude below which nothing moves."""
    rate: float
    """1/s, at twice the threshold."""
    exponent: float
    """Of the overdrive."""
    bound: float
    """Of the window, at least 1: how much the end slows the way to it down."""
    start: Volts
    """Magnitude at which a write begins."""
    step: Volts
    """By which it is raised from pulse to pulse."""
    highest: Volts
    """Safe ceiling of a formed device."""


@dataclass(frozen=True, slots=True)
class Forming:
    """The first pulse of a device, without which it is almost open."""

    voltage: Volts
    """Mean, above which it forms."""
    spread: float
    """Relative, from device to device."""
    pristine: Siemens
    """What it conducts before."""
    step: Volts
    ceiling: Volts
    """No pulse is higher. Half of it is on the neighbours, which may be formed: twice their own ceiling."""
    width: Seconds


@dataclass(frozen=True, slots=True)
class MemristorPart:
    """A class of memristors. Spreads are standard deviations, relative where no unit is given."""

    name: str
    lowest: Siemens
    highest: Siemens
    """Between which it is used."""
    set: Switching
    reset: Switching
    width: Seconds
    """Of a pulse."""
    shortest: Seconds
    longest: Seconds
    read: Volts
    """At which it is read; far below the thresholds."""
    cycle_spread: float
    """Of the effect of one pulse."""
    device_spread: float
    """Of the rates, from device to device."""
    threshold_spread: float
    """Of the thresholds, from device to device."""
    range_spread: float
    """Of both ends of the conductance, from device to device."""
    read_noise: Siemens
    """From one exchange to the next."""
    relaxation: float
    """Of the conductance, that it is off by a while after a pulse."""
    relaxation_time: Seconds
    """In which that comes about."""
    drift: float
    """ν of (1 + t / 1 s)^-ν, mean over devices."""
    drift_spread: float
    """Of ν, absolute."""
    forming: Forming
    current: Amperes
    """Safe ceiling of a pulse's current."""
    endurance: int
    """Pulses that a device stands."""
    source: str

    @property
    def span(self) -> Siemens:
        """Highest minus lowest conductance."""
        return self.highest - self.lowest

    @property
    def formed(self) -> Siemens:
        """From which on a device has formed: half-way, in decades, from pristine to the least conductance."""
        return float(np.sqrt(self.forming.pristine * self.lowest))

    @property
    def undisturbed(self) -> Volts:
        """Up to which no device moves: four standard deviations below the lower threshold."""
        return (1 - 4 * self.threshold_spread) * min(self.set.threshold, self.reset.threshold)

    @property
    def most(self) -> Siemens:
        """What a device conducts at most: the end of its range, three standard deviations up."""
        return self.highest * (1 + 3 * self.range_spread)


def overdrive(volts: FloatArray, threshold: FloatArray, exponent: float) -> FloatArray:
    """Rate over that at twice the threshold; 0 below it. Magnitudes, V; any one shape."""
    return np.maximum(volts / threshold - 1, 0.0) ** exponent


def drawn_to_end(left: FloatArray, drive: FloatArray, bound: float) -> FloatArray:
    """What is left of the way to an end, in [0, 1], after a pulse.

    Parameters
    ----------
    left
        Before: 1 - x of a set, x of a reset.
    drive
        Rate times width, not negative.
    bound
        Exponent of the window.
    """
    if bound == 1:
        return left * np.exp(-drive)
    power = 1 - bound
    safe = np.maximum(left, 1e-12)
    return np.minimum(left, (safe**power - power * drive) ** (1 / power))


def nominal_state(part: MemristorPart, conductances: FloatArray) -> FloatArray:
    """State x of conductances by the nominal ends, kept within [0, 1]."""
    return np.clip((conductances - part.lowest) / part.span, 0.0, 1.0)


def nominal_pulse(
    part: MemristorPart, states: FloatArray, volts: FloatArray, width: Seconds, count: FloatArray | int = 1
) -> FloatArray:
    """States x after equal pulses on nominal devices; above 0 V they set, below they reset. One shape."""
    up, down = part.set, part.reset
    times = width * np.asarray(count, dtype=np.float64)
    risen = up.rate * times * overdrive(volts, np.asarray(up.threshold), up.exponent)
    fallen = down.rate * times * overdrive(-volts, np.asarray(down.threshold), down.exponent)
    return np.where(
        volts > 0,
        1 - drawn_to_end(1 - states, risen, up.bound),
        drawn_to_end(states, fallen, down.bound),
    )


def symmetry_point(part: MemristorPart, set_volts: Volts, reset_volts: Volts) -> Siemens:
    """Where a set and a reset of these magnitudes undo each other on a nominal device, S.

    There alternating pulses end, from wherever they start (Kim et al., arXiv:1907.10228). Small pulses are
    taken, equally wide: rates are compared, not finite steps.
    """
    up = part.set.rate * float(
        overdrive(np.array(set_volts), np.array(part.set.threshold), part.set.exponent)
    )
    down = part.reset.rate * float(
        overdrive(np.array(reset_volts), np.array(part.reset.threshold), part.reset.exponent)
    )
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        rising = up * (1 - middle) ** part.set.bound > down * middle**part.reset.bound
        low, high = (middle, high) if rising else (low, middle)
    return part.lowest + part.span * (low + high) / 2


_CMO_HFOX = MemristorPart(
    name="CMO-HFOX",
    lowest=10e-6,
    highest=100e-6,
    set=Switching(0.70, 1.0e6, 3.0, 1.0, start=0.60, step=0.02, highest=1.4),
    reset=Switching(0.60, 1.0e6, 3.0, 1.5, start=0.50, step=0.02, highest=1.4),
    width=2.5e-6,
    shortest=100e-9,
    longest=10e-3,
    read=0.2,
    cycle_spread=0.1,
    device_spread=0.2,
    threshold_spread=0.03,
    range_spread=0.05,
    read_noise=20e-9,
    relaxation=0.002,
    relaxation_time=1.0,
    drift=0.0005,
    drift_spread=0.0005,
    forming=Forming(2.4, 0.05, 10e-9, step=0.05, ceiling=2.8, width=1e-3),
    current=1e-3,
    endurance=10_000_000,
    source=(
        "Analogue filamentary ReRAM of conductive metal oxide on HfOx, arXiv:2502.04524: switching below"
        " 1.5 V, more than 32 states, programming noise down to 10 nS (abstract); 10 … 100 µS with a symmetry"
        " point of 20 … 40 µS as a description of its figure of open-loop pulses has it. Not checked: all"
        " thresholds, rates, exponents, spreads, relaxation, drift, forming, ceilings and endurance, which"
        " are chosen so that the figures above come out"
    ),
)
_OXIDE_40U = MemristorPart(
    name="OXIDE-40U",
    lowest=1e-6,
    highest=40e-6,
    set=Switching(0.80, 1.0e6, 3.0, 1.0, start=0.66, step=0.02, highest=1.6),
    reset=Switching(0.80, 1.0e6, 3.0, 1.0, start=0.66, step=0.02, highest=1.6),
    width=2.5e-6,
    shortest=50e-9,
    longest=10e-3,
    read=0.2,
    cycle_spread=0.15,
    device_spread=0.25,
    threshold_spread=0.04,
    range_spread=0.05,
    read_noise=20e-9,
    relaxation=0.003,
    relaxation_time=1.0,
    drift=0.001,
    drift_spread=0.001,
    forming=Forming(2.7, 0.06, 10e-9, step=0.05, ceiling=3.2, width=1e-3),
    current=0.2e-3,
    endurance=1_000_000,
    source="A class of low-conductance oxide devices, 1 … 40 µS; not checked, every number of it",
)
_OXIDE_900U = MemristorPart(
    name="OXIDE-900U",
    lowest=100e-6,
    highest=900e-6,
    set=Switching(0.70, 2.0e6, 3.0, 1.5, start=0.58, step=0.02, highest=1.5),
    reset=Switching(0.75, 2.0e6, 3.0, 1.0, start=0.62, step=0.02, highest=1.6),
    width=1e-6,
    shortest=50e-9,
    longest=10e-3,
    read=0.1,
    cycle_spread=0.15,
    device_spread=0.2,
    threshold_spread=0.04,
    range_spread=0.05,
    read_noise=500e-9,
    relaxation=0.003,
    relaxation_time=1.0,
    drift=0.001,
    drift_spread=0.001,
    forming=Forming(2.5, 0.06, 50e-9, step=0.05, ceiling=3.0, width=1e-3),
    current=4e-3,
    endurance=1_000_000,
    source="A class of filamentary oxide devices of high conductance, 100 … 900 µS; not checked, all of it",
)

MEMRISTORS = {part.name: part for part in (_CMO_HFOX, _OXIDE_40U, _OXIDE_900U)}


def memristor(name: str) -> MemristorPart:
    """The preset of this name.

    Raises
    ------
    ConfigError
        No such part.
    """
    try:
        return MEMRISTORS[name]
    except KeyError:
        msg = f"memristor {name!r} is not known; labrig knows {', '.join(MEMRISTORS)}"
        raise ConfigError(msg) from None
