"""How long a board takes over what exchanges are made of: states, readings and codes."""

import time
from collections.abc import Callable
from statistics import fmean

import numpy as np

from labrig.arrays import Seconds
from labrig.bench.bench import Bench
from labrig.circuit.boundary import Boundary
from labrig.config.calibration import PaceCalibration

Progress = Callable[[str, int, int], None]
_TIMES = 20
"""That each kind of exchange is timed; a training takes the sum, so that the mean counts, delays too."""
_PAUSE: Seconds = 0.003
"""Before each, about as long as a host works between exchanges: who has waited answers more slowly."""
_STATES = 5
"""Of an exchange of several."""


def read_pace(bench: Bench, progress: Progress) -> PaceCalibration:
    """Time exchanges of one state, of several, of several with the driver sides read, and of codes alone.

    What one of these takes over another is what its states and codes take. All lines of the drivers are at
    one potential, so that no branch carries a current. Each code is moved by one tap and back.

    Raises
    ------
    LimitExceeded, LinkError, ProtocolError, DeviceError
    """
    topology, held = bench.topology, bench.branch_values().astype(np.int64)
    most = 0 if bench.info.codes is None else bench.info.codes.maximum
    beside = np.where(bench.writable, np.where(held < most, held + 1, held - 1), held)
    volts = bench.level(min(bench.limits.voltage, 1.0) / 2)
    level = Boundary(dict.fromkeys([*topology.inputs, *topology.outputs], volts))
    ways: list[Callable[[], object]] = [
        lambda: bench.settle([level]),
        lambda: bench.settle([level] * _STATES),
        lambda: bench.scan([level] * _STATES),
        lambda: bench.write_codes(beside),
        lambda: bench.write_codes(held),
    ]
    took: list[list[Seconds]] = [[] for _ in ways]
    sent = 0
    bench.write_codes(held)  # from here on only changes are sent
    try:
        for turn in range(_TIMES):
            progress("pace", turn, _TIMES)
            for kind, way in enumerate(ways):
                time.sleep(_PAUSE)
                before, began = bench.counters.writes, bench.waiting.measured
                way()
                took[kind].append(bench.waiting.measured - began)
                sent = max(sent, bench.counters.writes - before)
    finally:
        bench.write_codes(held)
    one, several, sensed, there, back = (fmean(times) for times in took)
    state = max(several - one, 0.0) / (_STATES - 1)
    exchange = max(one - state, 0.0)
    return PaceCalibration(
        settle=bench.settling,
        averages=bench.averages,
        exchange=exchange,
        state=state,
        sensed=max((sensed - exchange) / _STATES, state),
        code=max((there + back) / 2 - exchange, 0.0) / max(sent, 1),
        payload=bench.info.payload,
    )
