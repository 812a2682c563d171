"""A board some of whose lines are on source meters: what they impose and read is what the circuit is."""

import math
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, cast

import numpy as np
import pytest

import labrig
from labrig.bench.assembly import open_bench
from labrig.bench.line_meter import Forced, LineMeter
from labrig.bench.metered_board import MeteredBoard
from labrig.boards.base import BoardReply, BoardRequest
from labrig.circuit.boundary import Boundary, TowardTarget
from labrig.circuit.build import build_topology
from labrig.circuit.network import Flag
from labrig.config.loading import load_rig
from labrig.config.rig import RigConfig
from labrig.errors import ConfigError, LimitExceeded
from labrig.instruments.base import Limited, Reading
from labrig.instruments.ramping import Ramp
from labrig.sim.build import build_board, simulation_of

RIG = """
network: {{kind: crossbar, inputs: 2, outputs: 2}}
board:
  kind: simulated
  elements: {{kind: digipot, part: MCP4351-104, tolerance: 0 %}}
  adc: {{bits: 16, span: 5 V}}
  dac: {{bits: 16, span: 5 V}}
source_meters:
  first: {{kind: keithley2400, node: in0, link: {{kind: visa, resource: A}}, {keys}}}
  second: {{kind: keysight_b2900, node: out1, link: {{kind: visa, resource: B}}, {keys}}}
limits: {{voltage: 5 V}}
"""
KEYS = "compliance_current: 10 mA, limits: {voltage: 5 V}"
NOISE = 3e-4
"""V: a step of the board's ADC, and ten standard deviations of a meter on its 2 V or 20 V range."""


def rig(folder: Path, keys: str = KEYS) -> RigConfig:
    path = folder / "rig.yaml"
    path.write_text(RIG.format(keys=keys))
    return load_rig(path)


def expected(volts: dict[str, float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """All wipers are alike at power-up: a free output is at the mean of its inputs."""
    mean = (volts["in0"] + volts["in1"]) / 2
    return np.array([volts["in0"], volts["in1"], volts.get("out0", mean), volts.get("out1", mean)])


def test_free_and_clamped_states_are_read_by_board_and_meters_together(tmp_path: Path) -> None:
    with open_bench(rig(tmp_path)) as bench:
        free, clamped = Boundary({0: 1.0, 1: 2.0}), Boundary({0: 1.0, 1: 2.0, 3: 1.2})
        states = bench.settle([free, clamped, free])
    wanted = [
        expected({"in0": 1, "in1": 2}),
        expected({"in0": 1, "in1": 2, "out1": 1.2}),
        expected({"in0": 1, "in1": 2}),
    ]
    assert np.abs(states.node_voltages - wanted).max() < NOISE
    assert not states.flags.any()


def test_a_pull_toward_a_target_starts_from_what_was_read(tmp_path: Path) -> None:
    pull = TowardTarget(2.5, 0.5, reference=0)
    with open_bench(rig(tmp_path)) as bench:
        states = bench.settle(
            [Boundary({0: 1.0, 1: 2.0}), Boundary({0: 1.0, 1: 2.0}, {}, {3: pull, 2: pull})]
        )
    assert states.node_voltages[1, 2:] == pytest.approx([2.0, 2.0], abs=2 * NOISE)


def test_a_meter_that_changes_its_function_says_how_often(tmp_path: Path) -> None:
    with open_bench(rig(tmp_path)) as bench:
        free, clamped = Boundary({0: 1.0, 1: 2.0}), Boundary({0: 1.0, 1: 2.0, 3: 1.2})
        bench.settle([free, clamped, clamped, free])
        assert bench.function_changes.count == 2


def test_a_reading_at_a_limit_counts_as_none(tmp_path: Path) -> None:
    keys = "compliance_current: 1 uA, limits: {voltage: 5 V}"
    with open_bench(rig(tmp_path, keys)) as bench:
        states = bench.settle([Boundary({0: 4.0, 1: 1.0})])
    assert states.flags[0, 0] == Flag.SATURATED


def test_a_level_above_the_meters_own_limit_is_refused(tmp_path: Path) -> None:
    keys = "compliance_current: 10 mA, limits: {voltage: 2 V}"
    with open_bench(rig(tmp_path, keys)) as bench, pytest.raises(LimitExceeded, match="2 V"):
        bench.settle([Boundary({0: 3.0, 1: 1.0})])


def test_a_rig_without_a_compliance_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="compliance_current"), open_bench(rig(tmp_path, "slew: 1 V/s")):
        pass


@dataclass
class SlowMeter:
    """A `LineMeter` whose readings take a while; `talking` counts those at once, link by link."""

    link: str
    talking: Counter[str]
    most: Counter[str]

    def impose(self, forced: Forced) -> Ramp:
        del forced
        return iter(())

    def arrive(self) -> None:
        """At once."""

    def read(self) -> Reading:
        for key in (self.link, "any"):
            self.talking[key] += 1
            self.most[key] = max(self.most[key], self.talking[key])
        time.sleep(0.05)
        for key in (self.link, "any"):
            self.talking[key] -= 1
        return Reading(0.0, 1.0, 0.0, 0.0, math.nan, Limited.NO, "")

    def make_safe(self) -> None:
        assert not self.talking[self.link], "a unit is turned off while somebody reads it"


def metered(folder: Path, links: str, talking: Counter[str], most: Counter[str]) -> MeteredBoard:
    """A unit on each of four lines, on the link of its letter."""
    config = rig(folder)
    board = build_board(simulation_of(config.board)[0], build_topology(config.network))
    meters = {line: SlowMeter(link, talking, most) for line, link in enumerate(links)}
    return MeteredBoard(board, cast("dict[int, LineMeter]", meters), NoLease())


def test_the_board_scans_once_every_unit_has_taken_its_level(tmp_path: Path) -> None:
    """What was written to a unit may still be on its way, while the board answers already."""
    config, order = rig(tmp_path), list[str]()
    board = build_board(simulation_of(config.board)[0], build_topology(config.network))

    @dataclass
    class Late(SlowMeter):
        def arrive(self) -> None:
            time.sleep(0.02)
            order.append("unit")

    class Watched(MeteredBoard):
        def _scan(self, boundary: Boundary, request: BoardRequest) -> BoardReply | None:
            order.append("board")
            return super()._scan(boundary, request)

    meters = {line: Late(link, Counter(), Counter()) for line, link in enumerate("AB")}
    Watched(board, cast("dict[int, LineMeter]", meters), NoLease()).exchange(DRIVEN)
    assert order == ["unit", "unit", "board"]


DRIVEN = BoardRequest([Boundary({0: 1.0, 1: 1.0})])


def test_units_read_at_once_but_those_on_one_link_in_turn(tmp_path: Path) -> None:
    talking, most = Counter[str](), Counter[str]()
    board = metered(tmp_path, "AABB", talking, most)
    assert board.exchange(DRIVEN).voltages.tolist() == [[1.0] * 4]
    board.close()
    assert most == {"A": 1, "B": 1, "any": 2}


def test_a_signal_in_the_middle_of_readings_waits_for_them(tmp_path: Path) -> None:
    talking = Counter[str]()
    board = metered(tmp_path, "AAAA", talking, Counter())
    before = signal.signal(signal.SIGALRM, _terminate)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(SystemExit):
            board.exchange(DRIVEN)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not talking["A"]
    board.close()


def _terminate(number: int, frame: object) -> NoReturn:
    raise SystemExit(number)


class NoLease:
    def renew(self, seconds: float = 0.0) -> None: ...


def test_a_training_converges_with_meters_on_an_input_and_an_output(tmp_path: Path) -> None:
    rig(tmp_path)
    (tmp_path / "experiment.yaml").write_text(
        """
rig: rig.yaml
task: {samples: [{inputs: {in0: 1 V, in1: 2 V}, targets: {out0: 1.4 V, out1: 1.6 V}}]}
learning:
  rule: {kind: contrastive}
  step: {kind: fixed, rate: 3e-5}
  bounds: {floor: 12 uS}
  initial: {kind: constant, conductance: 30 uS}
stop: {error: 5 mV, steps: 100}
"""
    )
    experiment = labrig.load_experiment(tmp_path / "experiment.yaml")
    with labrig.open_bench(experiment.rig) as bench:
        ending = labrig.train(bench, experiment, runs=tmp_path / "runs").finish()
    assert ending.outcome == "converged"
