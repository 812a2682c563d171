"""A source-measure unit on a line of the board: what it imposes there, and what it reads."""

import time
from dataclasses import dataclass

from labrig.arrays import Amperes, Seconds, Volts
from labrig.config.instruments import SourceMeterConfig
from labrig.instruments.base import Identity, Reading, Setup
from labrig.instruments.opening import setup_of
from labrig.instruments.ramping import Ramp
from labrig.instruments.safe import SafeSourceMeter

MESSAGES_A_CHANGE = 40
"""At most, for a change of function on any of the models; a test counts them."""
_A_MESSAGE: Seconds = 0.01
"""About what one takes over LAN or GPIB with the instrument's time to carry it out; an estimate."""


def function_change_seconds(ramp: Seconds) -> Seconds:
    """About what a change of function takes: messages, and a ramp down and up again of `ramp` each."""
    return MESSAGES_A_CHANGE * _A_MESSAGE + 2 * ramp


@dataclass(frozen=True, slots=True)
class Forced:
    """What a unit holds at its line: a voltage, or a current into it; 0 A leaves the line to the network."""

    volts: Volts | None = None
    amperes: Amperes = 0.0


@dataclass(frozen=True, slots=True)
class FunctionChanges:
    """Times that an output had to be off so that its unit could source another quantity."""

    count: int = 0
    seconds: Seconds = 0.0

    def and_one_of(self, seconds: Seconds) -> "FunctionChanges":
        """One more."""
        return FunctionChanges(self.count + 1, self.seconds + seconds)

    def and_all_of(self, other: "FunctionChanges") -> "FunctionChanges":
        """Those of another unit too."""
        return FunctionChanges(self.count + other.count, self.seconds + other.seconds)


class LineMeter:
    """Keeps its unit in the function that is needed, and changes it only where it must.

    Parameters
    ----------
    meter
        Open, with its output off.
    config
        Ranges, limits and how it measures, from the rig.

    Raises
    ------
    ConfigError
        The rig names no compliance for a source of voltage.
    """

    def __init__(self, meter: SafeSourceMeter, config: SourceMeterConfig) -> None:
        self._meter = meter
        self.link = config.link
        self._voltage = setup_of(config, source="voltage")
        self._current = setup_of(config, source="current")
        self._setup: Setup | None = None
        self._level = 0.0
        self.changes = FunctionChanges()

    @property
    def identity(self) -> Identity:
        """Who the instrument is."""
        return self._meter.identity

    def impose(self, forced: Forced) -> Ramp:
        """The way to what is to be held; where the function changes, the output has been off meanwhile."""
        setup = self._current if forced.volts is None else self._voltage
        self._level = forced.amperes if forced.volts is None else forced.volts
        if setup is not self._setup:
            begun, before = time.monotonic(), self._setup
            self._setup = None
            self._meter.configure(setup)
            self._meter.enable()
            self._setup = setup
            if before is not None:
                self.changes = self.changes.and_one_of(time.monotonic() - begun)
        return self._meter.ramp(self._level)

    def arrive(self) -> None:
        """Wait until the unit has taken the level that it was sent."""
        self._meter.arrive()

    def read(self) -> Reading:
        """Measure where it is."""
        return self._meter.source_measure(self._level)

    def make_safe(self) -> None:
        """Ramp down, turn off, and see that it is."""
        self._setup = None
        self._meter.make_safe()
