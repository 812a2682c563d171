"""All that a check of a board finds out."""

from collections.abc import Sequence
from dataclasses import dataclass

from labrig.arrays import BoolArray, IntArray
from labrig.boards.base import Health
from labrig.circuit.topology import Topology
from labrig.procedures.board_check.levels import Drive, Ladder
from labrig.procedures.board_check.lines import LineReadings
from labrig.procedures.board_check.link import LinkCheck
from labrig.procedures.board_check.verdicts import BranchVerdict
from labrig.procedures.board_check.wiring import Moved


@dataclass(frozen=True, slots=True)
class BoardCheck:
    """All that was found. N nodes, B branches."""

    topology: Topology
    line_names: Sequence[str]
    """The board's line at each node."""
    wipers: IntArray
    """Number of each branch's wiper, shape (B,)."""
    serial_number: str
    part: str
    link: LinkCheck | None
    """None: there is no link."""
    health: Health | None
    """None: the board measures nothing of itself."""
    drive: Drive
    lines: LineReadings
    apart: BoolArray
    """Nodes that nothing conducts to, shape (N,)."""
    ladder: Ladder
    branches: Sequence[BranchVerdict]
    moved: Sequence[Moved]
    """Nodes whose lines are joined to where others belong."""
