"""A simulated Keithley 2400 (*Series 2400 SourceMeter User's Manual*, 2400S-900-01, section 18).

Simulated are source, limits, meter, staircase and list sweeps, the buffer with its statistics, formats,
status and errors. Not simulated, and answered with -113: limit tests (``:CALCulate2``), mathematics
(``:CALCulate1``), source memory, digital ports, trigger links and the ohms function with its own source.
"""

from labrig.sim.instruments.analogue import Meter, Terminals
from labrig.sim.instruments.base import Clock, Instrument, Watch
from labrig.sim.instruments.keithley2400.instrument import Keithley2400


def build(terminals: Terminals, clock: Clock, watch: Watch, seed: int = 0) -> Instrument:
    """One at these terminals, just switched on.

    Parameters
    ----------
    watch
        Told at every change of the output.
    seed
        Of the noise.
    """
    return Keithley2400(terminals, clock, watch, Meter(seed))
