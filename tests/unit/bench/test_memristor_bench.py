"""A bench of memristors: read as an array, moved by pulses, written by write-verify."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from labrig.bench.assembly import assemble, open_bench
from labrig.bench.ispp_prediction import predicted_pulses
from labrig.bench.memristor_bench import MemristorBench
from labrig.bench.open_loop import OpenLoop
from labrig.boards.base import BoardReply, BoardRequest
from labrig.boards.wired import open_wired
from labrig.circuit.boundary import Boundary
from labrig.circuit.build import build_topology
from labrig.config.boards import SimulatedBoard
from labrig.config.rig import RigConfig
from labrig.errors import BoardFault, BoardReset, ConfigError, LimitExceeded
from labrig.sim.build import build_hardware
from labrig.sim.hardware import Hardware
from labrig.sim.memristor_board import MemristorBoard
from labrig.sim.memristors import TrueMemristors
from labrig.sim.serving.device import Device
from labrig.sim.serving.dispatcher import Dispatcher
from tests.support.links import ServedLink
from tests.support.memristors import memristor_rig, opened

QUIET: dict[str, Any] = {"vices": {"read_noise": "0 S", "relaxation": 0.0}}
RESOLUTION = 0.5 / 65535 / 1000 / 0.2
"""S: a step of the converter over drive resistor and read voltage."""


def test_the_array_is_read_as_it_is_but_for_the_steps_of_its_converters() -> None:
    with opened(rows=16, columns=16, **QUIET) as (bench, true):
        found = bench.read_array()
        # Two readings are off by half a step each, one of them the same way in all states; and the voltages
        # over the branches by as much, which counts for the whole column.
        np.testing.assert_allclose(found, true.at_rest(0), atol=4 * RESOLUTION)
        np.testing.assert_array_equal(bench.realised(), found)


def test_reading_moves_nothing_and_leaves_every_line_released() -> None:
    with opened() as (bench, true):
        before = true.at_rest(0)
        for _ in range(5):
            bench.read_array()
        np.testing.assert_array_equal(true.at_rest(0), before)
        assert bench.pulses.sum() == 0


def test_a_write_reaches_one_per_cent_within_the_predicted_pulses() -> None:
    with opened(rows=16, columns=16) as (bench, true):
        targets = np.random.default_rng(3).uniform(20e-6, 60e-6, 256)
        start = true.at_rest(0)
        predicted = predicted_pulses(bench.part, bench.scheme, start, targets, 0.01, bench.uncertainty)
        found = bench.write(targets)
        assert found.reached.all()
        # The true devices, each of them, without anything for noise and converters.
        np.testing.assert_allclose(true.at_rest(0), targets, rtol=0.01)
        # What it says of them is off by no more than it says: 4 deviations, of 256.
        assert np.all(np.abs(true.at_rest(0) - found.conductances) <= 4 * found.uncertainty)
        assert predicted.fastest.mean() < found.pulses.mean() < predicted.slowest.mean()
        assert found.pulses.max() <= predicted.slowest.max()
        # The mean over 256 devices is known to their scatter over 16.
        doubt = 4 * float(np.std(found.pulses)) / 16
        assert found.pulses.mean() == pytest.approx(predicted.nominal.mean(), abs=doubt)
        assert true.pulses.sum() == found.pulses.sum() == bench.pulses.sum()


def test_a_program_is_written_before_its_states_are_imposed() -> None:
    with opened() as (bench, _):
        targets = np.full(12, 40e-6)
        levels = dict.fromkeys(bench.topology.inputs, 0.1)
        states = bench.settle([Boundary(levels)], program=targets)
        # Branches that were done were read again with the others: 4 deviations of noise come on top.
        np.testing.assert_allclose(states.conductances, targets, rtol=0.01, atol=4 * 20e-9 + 4 * RESOLUTION)
        np.testing.assert_allclose(bench.branch_values(), states.conductances)
        again = bench.pulses.sum()
        bench.settle([Boundary(levels)])
        assert bench.pulses.sum() == again


def test_masked_branches_are_not_pulsed() -> None:
    with opened(mask=["in0-out0", "in2-out1"]) as (bench, true):
        bench.write(np.full(12, 50e-6))
        assert true.pulses[[0, 7]].tolist() == [0, 0]
        assert (true.pulses > 0).sum() == 10
        assert bench.masked == dict.fromkeys(["in0-out0", "in2-out1"], "masked by the rig")


def test_a_stuck_branch_is_given_up_and_named() -> None:
    faults = [{"kind": "stuck-off", "branch": "in1-out1"}, {"kind": "stuck-on", "branch": "in3-out2"}]
    with opened(faults=faults) as (bench, true):
        found = bench.write(np.full(12, 50e-6))
        assert np.flatnonzero(~found.reached).tolist() == [4, 11]
        assert set(bench.masked) == {"in1-out1", "in3-out2"}
        assert bench.missed == 2
        assert bench.masked["in1-out1"].startswith("stuck: 200 pulses left it at")
        spent = true.pulses[[4, 11]].copy()
        bench.write(np.full(12, 30e-6))
        np.testing.assert_array_equal(true.pulses[[4, 11]], spent)


def test_devices_at_the_ends_of_their_own_ranges_are_not_taken_for_stuck() -> None:
    with opened(rows=8, columns=8) as (bench, true):
        bench.write(np.full(64, 10.3e-6))
        found = bench.write(np.full(64, bench.part.lowest))
        assert not found.reached.all(), "some cannot conduct so little"
        assert bench.stuck == {}
        assert bench.write(np.full(64, 50e-6)).reached.all()
        assert true.pulses.min() > 0


def test_few_pulses_that_do_not_get_there_make_nobody_stuck() -> None:
    with opened() as (bench, _):
        bench.scheme = replace(bench.scheme, most_pulses=5)
        found = bench.write(np.full(12, 75e-6))
        assert not found.reached.any()
        assert bench.stuck == {}


def test_pulses_that_nobody_reads_back_are_not_believed_after_a_reset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with opened() as (bench, true):
        exchange, states = MemristorBoard.exchange, true.pulses.copy()

        def reset_once(_: MemristorBoard, request: BoardRequest) -> BoardReply:
            monkeypatch.setattr(MemristorBoard, "exchange", exchange)
            msg = f"the board was reset before {len(request.boundaries)} states"
            raise BoardReset(msg)

        monkeypatch.setattr(MemristorBoard, "exchange", reset_once)
        with pytest.raises(BoardFault, match="nobody knows what its memristors conduct"):
            bench.pulse_surely(np.arange(3), np.full(3, 0.8))
        np.testing.assert_array_equal(true.pulses, states)


def test_a_target_out_of_reach_is_tried_once() -> None:
    with opened() as (bench, true):
        targets = np.full(12, 40e-6)
        targets[5] = 200e-6  # no device of this part conducts so much
        found = bench.write(targets)
        assert not found.reached[5]
        spent = true.pulses[5]
        bench.write(targets)
        assert true.pulses[5] == spent
        assert 5 not in bench.stuck
        targets[5] = 40e-6
        assert bench.write(targets).reached[5]


@pytest.mark.parametrize(("volts", "limit"), [(1.45, "1.4 V"), (-1.45, "1.4 V"), (float("nan"), "1.4 V")])
def test_a_pulse_above_the_ceiling_of_the_part_is_refused_and_nothing_is_sent(
    volts: float, limit: str
) -> None:
    with opened() as (bench, true):
        with pytest.raises(LimitExceeded, match=f"for branch in0-out1, the limit is {limit}"):
            bench.pulse(np.array([0, 1]), np.array([0.7, volts]))
        assert true.pulses.sum() == bench.pulses.sum() == 0


def test_the_limits_of_the_rig_hold_for_pulses() -> None:
    with opened(limits={"voltage": "0.9 V"}) as (bench, true):
        assert bench.scheme.set_highest == pytest.approx(0.9)
        bench.write(np.full(12, 80e-6))
        assert true.pulses.sum() > 0
    # 115 uS at most, so that 0.1 mA is 0.87 V.
    with opened(limits={"branch_current": "0.1 mA"}) as (bench, _):
        assert bench.scheme.set_highest == pytest.approx(0.869)
        assert bench.scheme.set_highest <= 0.1e-3 / bench.part.most
    with (
        pytest.raises(ConfigError, match="pulses may go to 400 mV, but CMO-HFOX needs 600 mV"),
        open_bench(memristor_rig(limits={"voltage": "0.4 V"})),
    ):
        pass


def test_no_level_that_could_move_a_device_is_imposed() -> None:
    with opened() as (bench, _):
        # Four deviations of 3 % below the threshold of 0.6 V; the converters of this board end below that.
        assert bench.part.undisturbed == pytest.approx(0.528)
        assert bench.limits.voltage == pytest.approx(0.5)
    described = memristor_rig().model_dump(mode="json")
    described["board"] |= {"adc": None, "dac": None}
    with (
        open_bench(RigConfig.model_validate(described)) as bench,
        pytest.raises(LimitExceeded, match=r"node in0 to 600 mV, the limit is 528 mV"),
    ):
        bench.settle([Boundary({0: 0.6})])


def again(device: Device) -> MemristorBench:
    """A bench on devices that have kept what they conduct, as real ones do."""
    rig = memristor_rig()
    bench = assemble(rig, open_wired(ServedLink(Dispatcher(device))), build_topology(rig.network))
    assert isinstance(bench, MemristorBench)
    return bench


def served() -> Device:
    rig = memristor_rig(**QUIET)
    assert isinstance(rig.board, SimulatedBoard)
    return Device(build_hardware(rig.board, build_topology(rig.network)), lambda: 0.0)


def test_devices_that_are_where_they_should_be_are_not_written_anew() -> None:
    device, targets = served(), np.linspace(20e-6, 60e-6, 12)
    first = again(device)
    first.write(targets)
    assert first.pulses.min() > 0
    first.make_safe()
    second = again(device)
    second.restore(first.state(), anew=False)
    second.write(targets)
    # A device that is next to the edge of what counts as inside may be found beyond it.
    assert np.count_nonzero(second.pulses) <= 1


@pytest.mark.parametrize("anew", [False, True])
def test_devices_are_shifted_to_symmetry_once_in_a_run(*, anew: bool) -> None:
    device = served()

    def unread() -> MemristorBench:
        bench = again(device)
        loop = OpenLoop(
            bench.part, 12, symmetry=40e-6, step=0.005, highest_set=1.4, highest_reset=1.4, cycles=30
        )
        bench.write_unread(loop)
        return bench

    first = unread()
    first.settle([], program=np.full(12, 45e-6))
    assert first.pulses.min() > 2 * 30
    first.make_safe()
    second = unread()
    second.restore(first.state(), anew=anew)
    if not anew:
        np.testing.assert_array_equal(second.realised(), first.realised())
    second.settle([], program=np.full(12, 45e-6))
    assert set(second.pulses.tolist()) == (set(first.pulses.tolist()) if anew else {0})


def test_codes_are_refused() -> None:
    with opened() as (bench, true):
        for attempt in (
            lambda: bench.write_codes(np.zeros(12, dtype=np.int64)),
            lambda: bench.scan([], codes=np.zeros(12, dtype=np.int64)),
        ):
            with pytest.raises(ConfigError, match="is of memristors: it has no codes"):
                attempt()
        assert true.pulses.sum() == 0


class Resetting(MemristorBoard):
    """It is reset after it has carried out the first pulses, and says so."""

    def __init__(self, chips: Hardware, memristors: TrueMemristors) -> None:
        super().__init__(chips, memristors)
        self.pulsed: list[bool] = []

    def exchange(self, request: BoardRequest) -> BoardReply:
        self.pulsed.append(request.pulses is not None)
        reply = super().exchange(request)
        if self.pulsed.count(True) == 1 and self.pulsed[-1]:
            raise BoardReset("it was reset")
        return reply


def test_a_board_that_was_reset_gets_no_pulse_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labrig.sim.build.MemristorBoard", Resetting)
    with opened() as (bench, true):
        found = bench.write(np.full(12, 50e-6))
        assert bench.resets == 1
        assert found.reached.all()
        assert true.pulses.sum() == found.pulses.sum()


def test_bounds_are_also_those_of_the_part() -> None:
    with opened() as (bench, _):
        found = bench.restrict((1e-6, None), span=0.2)
        assert found.bounds.floor.max() == bench.part.lowest
        assert found.bounds.ceiling.min() == bench.part.highest
        assert str(found) == "10 µS (part) to 100 µS (part)"
        tighter = bench.restrict((20e-6, 60e-6), span=0.2)
        assert str(tighter) == "20 µS (experiment) to 60 µS (experiment)"


def test_what_cannot_be_read_is_refused_when_it_is_opened() -> None:
    with pytest.raises(ConfigError, match="has no drive resistors"), open_bench(memristor_rig(drive="0 ohm")):
        pass
    graph = memristor_rig().model_dump(mode="json")
    graph["network"] = {
        "kind": "graph",
        "nodes": ["a", "b", "x", "y"],
        "branches": [["a", "x"], ["b", "x"], ["a", "y"]],
        "inputs": ["a", "b"],
        "outputs": ["x", "y"],
    }
    with pytest.raises(ConfigError, match="must be a crossbar"), open_bench(RigConfig.model_validate(graph)):
        pass
