"""Echoes tell a good line from one that damages what it carries."""

from labrig.bench.assembly import assemble
from labrig.boards.wired import open_wired
from labrig.circuit.build import build_topology
from labrig.links.base import Link
from labrig.procedures.board_check.report import Report, report
from labrig.procedures.check_board import check_board
from labrig.sim.build import simulation_of
from tests.support.benches import rig, serve
from tests.support.checks import quiet
from tests.support.links import DamagedLink, ServedLink


def told_over(damage: float) -> Report:
    config = rig(inputs=3, outputs=3)
    topology = build_topology(config.network)
    link: Link = ServedLink(serve(simulation_of(config.board)[0], topology))
    board = open_wired(DamagedLink(link, damage, seed=4) if damage else link)
    try:
        return report(check_board(assemble(config, board, topology), quiet))
    finally:
        board.close()


def test_a_good_line_has_no_errors() -> None:
    line = told_over(0.0).lines[0]
    assert (line.passed, line.numbers["damaged"], line.numbers["wrong"]) == (True, 0, 0)


def test_a_bad_line_is_named_and_no_branch_is_blamed_for_it() -> None:
    told = told_over(2e-3)
    assert [line.name for line in told.lines if line.passed is False] == ["link"]
    (fault,) = told.faults
    assert fault.startswith("link:")
    assert fault.endswith("0 echoes wrong; check cable and baud rate")
    assert 20 <= told.lines[0].numbers["damaged"] <= 200, "some 50 bytes an echo, of which 2e-3 are damaged"
