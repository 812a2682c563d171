"""What a source-measure unit is to labrig."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias

from labrig.arrays import Amperes, FloatArray, Seconds, Volts
from labrig.config.capabilities import OffMode, Terminals

Unit: TypeAlias = Literal["V", "A"]
"""What is sourced, limited or measured."""


class Limited(StrEnum):
    """Which limit held while a point was measured."""

    NO = ""
    SET = "compliance"
    """The limit that was set."""
    RANGE = "range"
    """The end of a fixed measurement range."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured point.

    Parameters
    ----------
    level
        What the source was told, V or A.
    volts, amperes
        As measured; NaN with a reason in `lost` where there is no value.
    time
        Of the measurement, by the host's monotonic clock, s.
    range
        Of the measured quantity, V or A; NaN where the instrument does not say.
    limited
        The limit that held.
    lost
        Why a value is NaN; empty where none is.
    """

    level: float
    volts: Volts
    amperes: Amperes
    time: Seconds
    range: float
    limited: Limited = Limited.NO
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Metering:
    """How a channel measures.

    Parameters
    ----------
    nplc
        Integration time in cycles of the power line.
    range
        Of the measured quantity, V or A; None: chosen by the instrument.
    """

    nplc: float = 1.0
    range: float | None = None
    four_wire: bool = False
    autozero: bool = True
    delay: Seconds = 0.0
    off_mode: OffMode = "normal"
    terminals: Terminals | None = None


@dataclass(frozen=True, slots=True)
class VoltageSource:
    """A voltage is forced, its current limited and measured.

    Parameters
    ----------
    compliance
        A, above 0.
    range
        Of the source, V; None: chosen by the instrument.
    """

    compliance: Amperes
    range: Volts | None = None
    metering: Metering = field(default_factory=Metering)


@dataclass(frozen=True, slots=True)
class CurrentSource:
    """A current is forced, its voltage limited and measured.

    Parameters
    ----------
    compliance
        V, above 0.
    range
        Of the source, A; None: chosen by the instrument.
    """

    compliance: Volts
    range: Amperes | None = None
    metering: Metering = field(default_factory=Metering)


Setup: TypeAlias = VoltageSource | CurrentSource


def unit_of(setup: Setup) -> Unit:
    """Of the level."""
    return "V" if isinstance(setup, VoltageSource) else "A"


def limited_unit_of(setup: Setup) -> Unit:
    """Of the compliance, and of what is measured."""
    return "A" if isinstance(setup, VoltageSource) else "V"


@dataclass(frozen=True, slots=True)
class SweepPoints:
    """Levels to be sourced one after the other, a reading at each.

    Parameters
    ----------
    levels
        Shape (P,), V or A.
    delay
        Between a level and its measurement, s.
    """

    levels: FloatArray
    delay: Seconds = 0.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers at the other end."""

    maker: str
    model: str
    serial_number: str
    firmware: str

    def __str__(self) -> str:
        return f"{self.maker} {self.model}, serial {self.serial_number}, firmware {self.firmware}"


class SourceMeter(Protocol):
    """One channel that sources and measures, within limits, and ends up off."""

    @property
    def identity(self) -> Identity:
        """Who it is."""
        ...

    def configure(self, setup: Setup) -> None:
        """Set everything up; the output is off afterwards."""
        ...

    def enable(self, *, level: float = 0.0) -> None:
        """Turn the output on and ramp; refused unless limit and function read back and no error waits."""
        ...

    def source_measure(self, level: float) -> Reading:
        """Ramp to a level and measure."""
        ...

    def sweep(self, points: SweepPoints) -> list[Reading]:
        """Source the levels one after the other in the instrument's own engine, and read them all."""
        ...

    def make_safe(self) -> None:
        """Ramp to zero, turn the output off, and see that it is."""
        ...

    def close(self) -> None:
        """Let go of the link; the output stays as it is."""
        ...
