"""A simulated Keithley 2602B (*Series 2600B Reference Manual*, 2600BS-901-01), whose scripts run in Lua.

TSP is Lua 5.0.2 with tables for the instrument (section 6 of the manual); here Lua 5.1 runs it. Simulated
are both channels with source, limits, meter, buffers, the trigger model's sweeps, the factory sweep scripts,
formats, the error queue, loading and running of scripts, and what drivers touch of display, beeper, status
and localnode. Not simulated, so that Lua's own errors answer: digital I/O, TSP-Link, timers and blenders,
filters, contact checks, calibration, files. Not verified against the manual: the numbers of errors but -285,
-286 and those of SCPI, and how long a measurement takes beyond its integration.
"""

from collections.abc import Sequence

from labrig.sim.instruments.analogue import Meter, Terminals
from labrig.sim.instruments.base import Clock, Instrument, Watch
from labrig.sim.instruments.keithley2600.instrument import Keithley2600
from labrig.sim.instruments.keithley2600.smu import Smu


def build(terminals: Sequence[Terminals], clock: Clock, watch: Watch, seed: int = 0) -> Instrument:
    """One with these terminals at smua and smub, just switched on.

    Parameters
    ----------
    watch
        Told at every change of an output; smua is channel 1.
    seed
        Of the noise.
    """
    units = [Smu(k + 1, ends, watch, Meter(2 * seed + k)) for k, ends in enumerate(terminals)]
    return Keithley2600(units, clock)
