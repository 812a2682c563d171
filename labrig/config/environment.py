"""What surrounds a simulated board and does not stay as it is."""

from typing import Literal

from labrig.config.model import Model
from labrig.config.quantities import Celsius, Count, Kelvins, NoiseVolts, PositiveSeconds, Tolerance


class EnvironmentConfig(Model):
    """Temperature, supply and mains of a board as functions of the exchange.

    In exchange n of a run T = temperature + ramp n / 1000 + swing sin(2π n / period), and the supply is
    1 - droop n / 1000 of what it was, at least a half. DACs give as much less; wipers, whose switches conduct
    in proportion to the supply above a threshold of a fifth of it, resist more.
    """

    temperature: Celsius = 25.0
    """In the first exchange of a run; parts are what their data sheets say at 25 °C."""
    ramp: Kelvins = 0.0
    """Rise in 1000 exchanges."""
    swing: Kelvins = 0.0
    """Amplitude, as of a room that is heated and aired."""
    period: Count = 10_000
    """Exchanges of one swing."""
    droop: Tolerance = 0.0
    """Relative fall of the supply in 1000 exchanges, as of a battery."""
    pickup: NoiseVolts = 0.0
    """Amplitude of the mains on all lines alike, as by a loop of grounds."""
    mains: Literal[50, 60] = 50
    """Hertz."""
    exchange: PositiveSeconds = 0.0113
    """From one exchange to the next, for the phase of the mains."""
    conversion: PositiveSeconds = 1e-4
    """From one conversion of an ADC to the next, state after state."""
