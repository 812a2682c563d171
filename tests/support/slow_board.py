"""A simulated board that takes time, on a clock that only it moves."""

import dataclasses

import pytest

from labrig.bench.assembly import assemble
from labrig.bench.bench import Bench
from labrig.boards.base import BoardReply, BoardRequest
from labrig.circuit.build import build_topology
from labrig.config.rig import RigConfig
from labrig.sim.board import SimulatedBoard
from labrig.sim.build import build_hardware, simulation_of

EXCHANGE, STATE, SENSED, CODE = 2e-3, 5e-4, 8e-4, 1e-5
"""Seconds."""


class StandingClock:
    """In place of the module `time`."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class SlowBoard(SimulatedBoard):
    """Takes its time over exchanges, states and codes."""

    clock: StandingClock

    def exchange(self, request: BoardRequest) -> BoardReply:
        before = self.counters.writes
        reply = super().exchange(request)
        codes = self.counters.writes - before + (self.info.branches if request.read_back else 0)
        state = (SENSED if request.sources else STATE) + request.settle
        self.clock.now += EXCHANGE + len(request.boundaries) * state + codes * CODE
        return reply


def slow_bench(config: RigConfig, monkeypatch: pytest.MonkeyPatch) -> tuple[Bench, StandingClock]:
    """A bench with such a board behind a line, and the clock."""
    topology = build_topology(config.network)
    chips = build_hardware(simulation_of(config.board)[0], topology)
    board = SlowBoard(dataclasses.replace(chips, info=dataclasses.replace(chips.info, payload=202)))
    board.clock = StandingClock()
    for module in ("bench.waiting", "procedures.calibrating.pace"):
        monkeypatch.setattr(f"labrig.{module}.time", board.clock)
    return assemble(config, board, topology), board.clock
