"""A source-measure unit on a line of the board: what it imposes there, and what it reads."""

from dataclasses import dataclass

from labrig.arrays import Amperes, Volts
from labrig.config.instruments import SourceMeterConfig
from labrig.instruments.base import Reading, Setup
from labrig.instruments.opening import setup_of
from labrig.instruments.safe import SafeSourceMeter


@dataclass(frozen=True, slots=True)
class Forced:
    """What a unit holds at its line: a voltage, or a current into it; 0 A leaves the line to the network."""

    volts: Volts | None = None
    amperes: Amperes = 0.0


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
        self._voltage = setup_of(config, source="voltage")
        self._current = setup_of(config, source="current")
        self._setup: Setup | None = None
        self._level = 0.0
        self.turned_off = 0
        """Times the output had to be off for a change of function."""

    def impose(self, forced: Forced) -> None:
        """Ramp to what is to be held; where the function changes, the output is off meanwhile."""
        setup = self._current if forced.volts is None else self._voltage
        self._level = forced.amperes if forced.volts is None else forced.volts
        if setup is self._setup:
            self._meter.source(self._level)
            return
        self.turned_off += self._setup is not None
        self._setup = None
        self._meter.configure(setup)
        self._meter.enable(level=self._level)
        self._setup = setup

    def read(self) -> Reading:
        """Measure where it is."""
        return self._meter.source_measure(self._level)

    def make_safe(self) -> None:
        """Ramp down, turn off, and see that it is."""
        self._setup = None
        self._meter.make_safe()
