"""Source-measure units on the nodes of a rig, around its board."""

import math
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from labrig.bench.endings import afterwards
from labrig.bench.line_meter import LineMeter
from labrig.bench.metered_board import Lease, MeteredBoard
from labrig.bench.metering import metered
from labrig.bench.wiring import resolve_wiring
from labrig.boards.base import Board
from labrig.circuit.topology import Topology
from labrig.config.instruments import AnySourceMeter
from labrig.config.rig import RigConfig
from labrig.instruments.opening import meter_behind
from labrig.instruments.safe import SafeSourceMeter
from labrig.sim.board import SimulatedBoard
from labrig.sim.instruments.building import build_instrument
from labrig.sim.instruments.in_process import InProcessLink, OwnTime
from labrig.sim.world import CircuitWorld, LineTerminals


@contextmanager
def on_source_meters(
    rig: RigConfig, meters: Mapping[str, AnySourceMeter], board: Board, topology: Topology
) -> Generator[Board]:
    """The board with units on some of its lines; leaving turns every output off.

    On a simulated board the units are simulated as well, on the board's own circuit.

    Raises
    ------
    ConfigError
        A rig names no compliance for a unit.
    LinkOpenError
        A unit cannot be reached.
    """
    wiring = resolve_wiring(rig.wiring, topology, board.info)
    lines = {
        name: int(wiring.line_of_node[topology.nodes.index(meter.node or "")])
        for name, meter in meters.items()
    }
    if isinstance(board, SimulatedBoard):
        opened = {name: _simulated(meter, board.world, lines[name]) for name, meter in meters.items()}
        with _around(board, meters, opened, lines, _NoLease()) as joined:
            yield joined
        return
    with metered(meters) as real, _around(board, meters, real.meters, lines, real.guard) as joined:
        yield joined


@contextmanager
def _around(
    board: Board,
    configs: Mapping[str, AnySourceMeter],
    meters: Mapping[str, SafeSourceMeter],
    lines: Mapping[str, int],
    lease: Lease,
) -> Generator[Board]:
    by_line = {lines[name]: LineMeter(meters[name], configs[name]) for name in configs}
    joined = MeteredBoard(board, by_line, lease)
    with afterwards(joined.close):
        yield joined


def _simulated(config: AnySourceMeter, world: CircuitWorld, line: int) -> SafeSourceMeter:
    time = OwnTime()
    nothing = LineTerminals(world, line)
    instrument = build_instrument(config.kind, [nothing], time, lambda _: None, line)
    return meter_behind(config, InProcessLink(instrument, time), slew=math.inf)


class _NoLease:
    """For units that end with this process."""

    def renew(self, seconds: float = 0.0) -> None:
        """Nothing to renew."""
