"""A simulated Keysight B2902A (*B2900 Series SCPI Command Reference*, B2910-90030; "p." are its pages).

Both channels: source, limits, meter, staircase and list sweeps, the trigger model as far as counts and
delays, arrays of results in all formats. Not simulated, and answered with -113: pulses, limit tests,
mathematics, the trace buffer, digital I/O, external triggers, macros. ``:INITiate`` is carried out before the
next message is; only ``:ABORt`` and a device clear come in between. Not verified: the overhead of a reading,
its noise, and what a source is left at by ``:ABORt``.
"""

from collections.abc import Sequence

from labrig.sim.instruments.analogue import Meter, Terminals
from labrig.sim.instruments.base import Clock, Instrument, Watch
from labrig.sim.instruments.keysight_b2900.channel import CHANNEL_MODEL, LIMITS, Channel
from labrig.sim.instruments.keysight_b2900.instrument import KeysightB2900
from labrig.sim.instruments.unit import Unit


def build(terminals: Sequence[Terminals], clock: Clock, watch: Watch, seed: int = 0) -> Instrument:
    """One with these terminals at channels 1 and 2, just switched on.

    Parameters
    ----------
    watch
        Told at every change of an output.
    seed
        Of the noise.
    """
    channels = [
        Channel(Unit(k + 1, CHANNEL_MODEL, ends, watch, Meter(2 * seed + k), dict(LIMITS)))
        for k, ends in enumerate(terminals)
    ]
    return KeysightB2900(channels, clock)
