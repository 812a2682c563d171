"""The analogue side of a source-measure unit: a source with a limit, a meter, and what the terminals see."""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np

from labrig.arrays import Amperes, Ohms, Volts


class Quantity(Enum):
    """What is sourced, limited or measured."""

    VOLTAGE = "V"
    CURRENT = "A"

    @property
    def other(self) -> "Quantity":
        """The one that is limited while this one is sourced."""
        return Quantity.CURRENT if self is Quantity.VOLTAGE else Quantity.VOLTAGE


@dataclass(frozen=True, slots=True)
class Thevenin:
    """A circuit as two terminals see it: a voltage behind a resistance; infinite: nothing is connected."""

    volts: Volts
    ohms: Ohms


class Terminals(Protocol):
    """What a source-measure unit is connected to."""

    def seen(self) -> Thevenin:
        """The circuit as it is now, without the unit itself."""
        ...

    def force(self, point: "OperatingPoint | None") -> None:
        """The unit's output has settled here, or is off: whoever shares the circuit sees it."""
        ...


class Load:
    """A resistor between the terminals, and nobody else.

    Parameters
    ----------
    ohms
        Infinite: nothing is connected.
    """

    def __init__(self, ohms: Ohms) -> None:
        self._ohms = ohms

    def seen(self) -> Thevenin:
        """The resistor."""
        return Thevenin(0.0, self._ohms)

    def force(self, point: "OperatingPoint | None") -> None:
        """Nobody else is there."""


@dataclass(frozen=True, slots=True)
class Drive:
    """What the source is told: a level of one quantity, and the most magnitude of the other."""

    source: Quantity
    level: float
    limit: float


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Where source and circuit agree."""

    volts: Volts
    amperes: Amperes
    limited: bool
    """The limit holds, and not the level."""
    drive: Drive
    """What the source was told."""

    def of(self, quantity: Quantity) -> float:
        """One of the two."""
        return self.volts if quantity is Quantity.VOLTAGE else self.amperes


_SHORT: Ohms = 1e-3
"""Of leads and contacts, which no circuit is without."""


def operate(circuit: Thevenin, drive: Drive) -> OperatingPoint:
    """Where a source with a limit comes to rest on a circuit (constant voltage, or constant current)."""
    ohms = max(circuit.ohms, _SHORT)
    if drive.source is Quantity.VOLTAGE:
        amperes = 0.0 if math.isinf(ohms) else (drive.level - circuit.volts) / ohms
        if abs(amperes) <= drive.limit:
            return OperatingPoint(drive.level, amperes, limited=False, drive=drive)
        amperes = math.copysign(drive.limit, amperes)
        return OperatingPoint(circuit.volts + amperes * ohms, amperes, limited=True, drive=drive)
    if math.isinf(ohms):
        if drive.level == 0.0:
            return OperatingPoint(0.0, 0.0, limited=False, drive=drive)
        return OperatingPoint(math.copysign(drive.limit, drive.level), 0.0, limited=True, drive=drive)
    volts = circuit.volts + drive.level * ohms
    if abs(volts) <= drive.limit:
        return OperatingPoint(volts, drive.level, limited=False, drive=drive)
    volts = math.copysign(drive.limit, volts)
    return OperatingPoint(volts, (volts - circuit.volts) / ohms, limited=True, drive=drive)


@dataclass(slots=True)
class Meter:
    """Readings with noise that falls with the square root of the integration time.

    Noise is a function of seed and count of readings: a simulation that is run again reads the same.
    """

    seed: int = 0
    noise: float = 1e-5
    """Standard deviation of a reading of one power-line cycle, as a share of its range."""
    offset: float = 0.0
    """As a share of the range."""
    count: int = 0

    def read(self, true: float, span: float, nplc: float) -> float:
        """One reading.

        Parameters
        ----------
        span
            Of the range, in the unit of the reading.
        nplc
            Integration time in power-line cycles.
        """
        stream = np.random.SeedSequence(self.seed, spawn_key=(self.count,))
        self.count += 1
        noise = self.noise / math.sqrt(nplc) * float(np.random.default_rng(stream).normal())
        return true + span * (self.offset + noise)
