"""A simulated Keithley 2450 in its SCPI command set (*Model 2450 Reference Manual*, 2450-901-01, section 6).

Simulated are source with limit, meter, reading buffers, source lists, the sweep commands, a trigger model of
the blocks that sweeps need, formats, status and errors. Not simulated, and answered with -113: mathematics,
limit tests, digital I/O, configuration lists made by hand, scripts. ``:INITiate`` is carried out before the
next message is; only ``:ABORt`` and a device clear come in between. Not verified: the overhead of a reading,
which bits of the status beyond the source's are set, and that the sweep commands turn the output off at the
end.
"""

from labrig.sim.instruments.analogue import Meter, Terminals
from labrig.sim.instruments.base import Clock, Instrument, Watch
from labrig.sim.instruments.keithley2450.instrument import Keithley2450
from labrig.sim.instruments.unit import A, Model, Unit, V

_MODEL = Model(
    nominal={V: (0.02, 0.2, 2.0, 20.0, 200.0), A: (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)},
    headroom=1.05,
    most={V: 210.0, A: 1.05},
    overhead=2e-3,
)
_LIMITS = {V: 21.0, A: 1.05e-4}
"""After a reset (section 6, from memory)."""


def build(terminals: Terminals, clock: Clock, watch: Watch, seed: int = 0) -> Instrument:
    """One at these terminals, just switched on.

    Parameters
    ----------
    watch
        Told at every change of the output.
    seed
        Of the noise.
    """
    return Keithley2450(Unit(1, _MODEL, terminals, watch, Meter(seed), dict(_LIMITS)), clock)
