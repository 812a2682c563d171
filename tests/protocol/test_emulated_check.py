"""A check of a board on the emulated microcontroller: its parts as in their datasheets, its own clock."""

from dataclasses import replace
from pathlib import Path

import pytest

from labrig.bench.assembly import assemble
from labrig.boards.wired import open_wired
from labrig.circuit.build import build_topology
from labrig.links.serial import open_serial
from labrig.procedures.board_check.report import report
from labrig.procedures.board_check.verdicts import State
from labrig.procedures.check_board import check_board
from tests.support.checks import found, quiet, rig_of
from tests.support.emulator import EmulatedStarter
from tests.support.firmware import crossbar

CLOCK = 16_000_000
FAULTS = ("fault 3 open", "fault 21 short", "fault 42 stuck 40")


@pytest.mark.parametrize("baud", ["115200", "1000000"])
def test_64_branches_are_checked_within_a_minute_of_the_boards_time(
    emulated: EmulatedStarter, tmp_path: Path, baud: str
) -> None:
    circuit = replace(crossbar(8, 8, 100.0), faults=FAULTS, seed=2)
    process = emulated.board(circuit, "--baud", baud)
    emulated.hang_up()
    rig = rig_of(circuit)
    board = open_wired(open_serial(str(tmp_path / "port"), int(baud)))
    try:
        result = check_board(assemble(rig, board, build_topology(rig.network)), quiet)
    finally:
        board.close()
    assert found(result) == {3: State.OPEN, 21: State.SHORT, 42: State.STUCK}
    lines = {line.name: line.passed for line in report(result).lines}
    assert [name for name, passed in lines.items() if not passed] == ["conductances follow codes"]
    statistics = emulated.statistics(process)
    assert statistics.cycles < 60 * CLOCK
    assert statistics.misuses == {}
