"""A check finds what is broken, and only that; the board ends as it began."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from labrig.arrays import BoolArray, FloatArray
from labrig.boards.base import BoardReply, BoardRequest, Health
from labrig.circuit.boundary import Boundary
from labrig.errors import LimitExceeded
from labrig.procedures.board_check.report import Report, report
from labrig.procedures.board_check.verdicts import State
from labrig.procedures.check_board import check_board
from labrig.sim.board import SimulatedBoard
from labrig.sim.channels import BadChannels
from labrig.sim.converters import Driver, Reader
from labrig.sim.hardware import Hardware
from labrig.sim.world import CircuitWorld
from tests.support.checks import bench_of, check, found, quiet, random_board, swapped
from tests.support.firmware import GRAPH, Circuit, crossbar


@pytest.mark.parametrize("seed", range(3))
def test_no_broken_branch_is_missed_and_no_sound_one_is_blamed(seed: int) -> None:
    rng = np.random.default_rng([2024, seed])
    for board in (random_board(rng, 100 * seed + k) for k in range(12)):
        result = check(board.circuit)
        assert found(result) == board.states, board.circuit.faults
        assert report(result).passed == (not board.states)


def test_a_12_bit_converter_tells_less_and_nothing_false() -> None:
    rng = np.random.default_rng(31)
    for board in (random_board(rng, seed) for seed in range(15)):
        result = check(replace(board.circuit, adc=(12, 5.0)))
        told = {k: s for k, s in found(result).items() if s != State.UNKNOWN}
        assert told.items() <= board.states.items(), board.circuit.faults


def test_a_stuck_branch_is_placed_near_its_code_and_all_faults_have_their_names() -> None:
    faults = ("fault 3 open", "fault 10 short", "fault 21 stuck 40")
    told = report(check(replace(crossbar(6, 5, 100.0), faults=faults, seed=3)))
    assert not told.passed
    kinds = dict(fault.split(": ") for fault in told.faults)
    assert kinds["in0-out3"].startswith("open")
    assert kinds["in2-out0"].startswith("short")
    near = int(kinds["in4-out1"].removeprefix("stuck near code ").split(",")[0])
    assert 40 / 1.5 <= near <= 40 * 1.5, "±20 % of it, ±20 % of its neighbours"


def test_a_part_of_another_kind_stands_out() -> None:
    @dataclass(frozen=True)
    class OtherPart(Circuit):
        @property
        def resistances(self) -> FloatArray:
            usual = np.full(len(self.branches), 100e3)
            usual[7] = 50e3
            return usual

    usual = crossbar(4, 4, 0.0)
    result = check(OtherPart(4, 4, 0, usual.branches, 0.0))
    assert found(result) == {7: State.OFF}
    assert result.branches[7].ratio == pytest.approx(2.0, rel=0.01)


def test_branches_between_hidden_nodes_are_checked_too() -> None:
    faults = ("fault 2 open", "fault 5 stuck 60")
    assert found(check(GRAPH)) == {}
    assert found(check(replace(GRAPH, faults=faults))) == {2: State.OPEN, 5: State.STUCK}


def test_what_cannot_be_told_is_said_and_does_not_pass() -> None:
    chain = Circuit(1, 1, 1, [(0, 2), (2, 1)], 0.0)
    told = report(check(chain))
    assert "could not be told from their neighbours" in told.not_checked[0] or told.passed
    ends = report(check(Circuit(1, 1, 0, [(0, 1)], 0.0)))
    (line,) = [line for line in ends.lines if line.name == "conductances follow codes"]
    assert line.passed is None
    assert "1 branches (in0-out0) could not be told" in ends.not_checked[0]


@pytest.mark.parametrize("drive", [0.0, 100.0])
@pytest.mark.parametrize(
    ("lines", "names"),
    [
        ((0, 2), "in0 (dac0) and in2 (dac2) are swapped: in the rig's wiring give in0 dac2 and in2 dac0"),
        ((5, 7), "out1 (adc1) and out3 (adc3) are swapped: in the rig's wiring give out1 adc3 and out3 adc1"),
    ],
)
def test_swapped_wires_are_named(drive: float, lines: tuple[int, int], names: str) -> None:
    told = report(check(crossbar(4, 4, drive), swapped(*lines)))
    assert not told.passed
    (fault,) = told.faults
    assert fault.startswith(names)


def test_the_wiring_that_a_check_proposes_is_the_right_one() -> None:
    wiring = {"inputs": {"in0": "dac2", "in1": "dac1", "in2": "dac0", "in3": "dac3"}}
    # The rig's branches keep their wipers, so swapped lines and a rig that says so are a sound board.
    assert report(check(crossbar(4, 4, 0.0), swapped(0, 2), wiring=wiring)).passed


@pytest.mark.parametrize(("first", "second"), [(1, 3), (1, 5), (1, 10)])
def test_two_swapped_wipers_are_named(first: int, second: int) -> None:
    circuit = crossbar(4, 4, 0.0)
    branches = list(circuit.branches)
    branches[first], branches[second] = branches[second], branches[first]
    result = check(replace(circuit, branches=branches), rig=circuit)
    assert found(result) == {first: State.MISWIRED, second: State.MISWIRED}
    assert (result.branches[first].wiper_of, result.branches[second].wiper_of) == (second, first)
    names = [result.topology.branch_name(branch) for branch in (first, second)]
    assert report(result).faults == [
        f"{names[0]}: answers to wiper {second}, which the wiring gives to {names[1]}",
        f"{names[1]}: answers to wiper {first}, which the wiring gives to {names[0]}",
    ]


@dataclass(frozen=True)
class Crooked(Reader):
    """Reads one line off by an offset."""

    line: int = 0
    offset: float = 0.0

    def read(self, volts: FloatArray, **others: Any) -> tuple[FloatArray, BoolArray]:
        shifted = volts.copy()
        shifted[:, self.line] += self.offset
        return super().read(shifted, **others)


@dataclass(frozen=True)
class Welded(Driver):
    """One line's switch is open, or closed, whatever it is told."""

    line: int = 0
    closed: bool = False

    def impose(self, boundary: Boundary) -> Boundary:
        voltages = dict(boundary.voltages)
        if self.closed:
            voltages.setdefault(self.line, 0.0)
        else:
            voltages.pop(self.line, None)
        return super().impose(replace(boundary, voltages=voltages))


def test_a_converter_that_is_off_is_named() -> None:
    def crooked(chips: Hardware) -> Hardware:
        return replace(
            chips, reader=Crooked(chips.reader.converter, 0.0, 0, BadChannels(), line=5, offset=0.06)
        )

    told = report(check(crossbar(4, 4, 0.0), change=crooked))
    assert [line.name for line in told.lines if line.passed is False] == ["DAC and ADC, zero"]
    assert told.faults[0].startswith("out1 (adc1): DAC and ADC disagree by 60")


@pytest.mark.parametrize("drive", [0.0, 100.0])
@pytest.mark.parametrize(("line", "name"), [(1, "in1 (dac1)"), (6, "out2 (adc2)")])
@pytest.mark.parametrize(
    ("closed", "says", "failed"),
    [
        (False, "does not follow its driver", "driven lines follow"),
        (True, "does not float when it is released", "released lines float"),
    ],
)
def test_a_switch_that_does_not_switch_is_named(
    drive: float, line: int, name: str, closed: bool, says: str, failed: str
) -> None:
    def welded(chips: Hardware) -> Hardware:
        return replace(chips, driver=Welded(chips.driver.converter, drive, line=line, closed=closed))

    told = report(check(crossbar(4, 4, drive), change=welded))
    assert failed in [each.name for each in told.lines if each.passed is False]
    assert [fault for fault in told.faults if says in fault] == [
        f"{name}: the line {says}; check the switch" + ("" if closed else " and the DAC")
    ]
    assert all(fault.startswith(name) for fault in told.faults), "its branches are not to blame"


@pytest.mark.parametrize(
    ("volts", "passed"), [(5.0, True), (4.75, True), (4.6, False), (5.6, False), (0.0, False)]
)
def test_a_supply_must_suit_the_part_and_the_voltages_on_its_pins(volts: float, passed: bool) -> None:
    health = Health(
        boot_count=1, uptime=1.0, armed=False, driven=0, fault="", heartbeat_expired=0, frames_good=1,
        frames_bad=0, overruns=0, states=0, codes_written=0, supply=volts, temperature=25.0,
    )  # fmt: skip
    told = report(replace(check(crossbar(2, 2, 0.0)), health=health))
    assert verdicts(told)["supply"] is passed


def verdicts(told: Report) -> dict[str, bool | None]:
    return {line.name: line.passed for line in told.lines}


def test_masked_branches_are_never_written_and_hide_no_others() -> None:
    circuit = replace(crossbar(4, 4, 0.0), faults=("fault 5 open", "fault 9 stuck 30"))
    bench, board = bench_of(circuit, mask=["in1-out1"])
    written: list[int] = []
    exchange = board.exchange

    def watched(request: BoardRequest) -> BoardReply:
        if request.program is not None:
            written.append(int(request.program.values[5]))
        return exchange(request)

    board.exchange = watched  # type: ignore[method-assign]
    result = check_board(bench, quiet)
    assert found(result) == {5: State.MASKED, 9: State.STUCK}
    assert set(written) == {128}


@pytest.mark.parametrize("drive", [0.0, 100.0])
def test_nothing_exceeds_the_limits_of_the_rig(drive: float) -> None:
    limits = {"voltage": "2 V", "branch_current": "60 uA"}
    worlds: list[CircuitWorld] = []

    def noted(chips: Hardware) -> Hardware:
        worlds.append(chips.world)
        return chips

    bench, board = bench_of(crossbar(5, 4, drive), change=noted, limits=limits)
    (world,), exchange = worlds, board.exchange
    asked: list[float] = []

    def watched(request: BoardRequest) -> BoardReply:
        reply = exchange(request)
        states = world.settle([Boundary(boundary.voltages) for boundary in request.boundaries])
        for boundary, volts in zip(request.boundaries, states, strict=True):
            asked.extend(boundary.voltages.values())
            currents = np.abs(world.topology.branch_voltages(volts)) * world.conductances
            assert currents.max() <= 60e-6
        return reply

    board.exchange = watched  # type: ignore[method-assign]
    assert found(check_board(bench, quiet)) == {}
    assert max(asked) <= 2.0
    assert max(asked) > 1.9, "a check of nothing would pass as well"


class Stop(BaseException):
    """Ctrl-C, at a moment that a test chooses."""


def was_put_back(board: SimulatedBoard, codes: np.ndarray[Any, Any]) -> bool:
    reply = board.exchange(BoardRequest([], read_back=True))
    assert reply.program is not None
    return np.array_equal(reply.program.values, codes) and not board.imposed.voltages


@pytest.mark.parametrize("part", ["lines", "read back", "wipers", "wiring", "nothing"])
def test_the_board_gets_its_codes_back_and_is_released_whatever_happens(part: str) -> None:
    bench, board = bench_of(crossbar(4, 4, 0.0), swapped(0, 1))
    codes = np.random.default_rng(1).integers(40, 257, 16)
    bench.write_codes(codes)
    bench.settle([Boundary({0: 1.0, 1: 2.0})])
    seen: list[str] = []

    def interrupted(what: str, done: int, total: int) -> None:
        seen.append(what)
        if what == part and done == total - 1:
            raise Stop

    if part == "nothing":
        check_board(bench, interrupted)
        assert {"lines", "read back", "wipers", "wiring"} <= set(seen)
    else:
        with pytest.raises(Stop):
            check_board(bench, interrupted)
    assert was_put_back(board, codes)


def test_limits_that_leave_nothing_to_measure_with_are_refused_and_the_board_is_left_alone() -> None:
    bench, board = bench_of(crossbar(3, 3, 0.0), limits={"slew": "1 V/s"})
    with pytest.raises(LimitExceeded, match="V/s"):
        check_board(bench, quiet)
    assert was_put_back(board, np.full(9, 128))
