"""A simulated Yokogawa GS200 with the monitor option (*GS200 User's Manual*, IM GS210-01EN, chapter 13).

Simulated are source, limiter, monitor, program memory, conditions and errors. The monitor measures what is
not sourced. Not simulated, and answered with -113: storage (``:TRACe``), BNC terminals, files. Not verified:
the duration of a measurement beyond its integration, how finely a slope is stepped, and the number of the
error for a measurement without the monitor being on.
"""

from labrig.sim.instruments.analogue import Meter, Terminals
from labrig.sim.instruments.base import Clock, Instrument, Watch
from labrig.sim.instruments.unit import A, Model, Unit, V
from labrig.sim.instruments.yokogawa_gs200.instrument import YokogawaGS200

_MODEL = Model(
    nominal={V: (0.01, 0.1, 1.0, 10.0, 30.0), A: (1e-3, 1e-2, 0.1, 0.2)},
    headroom=1.2,
    most={V: 32.0, A: 0.2},
    overhead=2e-2,
)
"""Ranges go to 120 % but the last ones, 32 V and 200 mA (specifications, from memory)."""
_LIMITS = {V: 30.0, A: 0.2}


def build(terminals: Terminals, clock: Clock, watch: Watch, seed: int = 0) -> Instrument:
    """One at these terminals, just switched on.

    Parameters
    ----------
    watch
        Told at every change of the output.
    seed
        Of the noise.
    """
    return YokogawaGS200(Unit(1, _MODEL, terminals, watch, Meter(seed), dict(_LIMITS)), clock)
