"""What surrounds a simulated board and does not stay as it is."""

from labrig.config.model import Model
from labrig.config.quantities import Celsius, Count, Kelvins


class EnvironmentConfig(Model):
    """Temperature of a board as a function of the exchange: start, slow rise, and a swing about that.

    T(n) = temperature + ramp n / 1000 + swing sin(2π n / period) in exchange n of a run.
    """

    temperature: Celsius = 25.0
    """In the first exchange of a run; parts are what their data sheets say at 25 °C."""
    ramp: Kelvins = 0.0
    """Rise in 1000 exchanges."""
    swing: Kelvins = 0.0
    """Amplitude, as of a room that is heated and aired."""
    period: Count = 10_000
    """Exchanges of one swing."""
