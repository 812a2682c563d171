"""The firmware on an emulated ATmega2560, and what its models counted."""

import json
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.support.firmware import FIRMWARE, SECONDS, Board, Circuit, Starter

BUILT = FIRMWARE / "build/atmega2560"
PROGRAM = BUILT / "labrig-board-atmega2560"


@dataclass(frozen=True, slots=True)
class Statistics:
    """What an emulated board reports when it ends."""

    cycles: int
    bytes_down: int
    bytes_up: int
    receive_overruns: int
    mishap_overruns: int
    spi_bytes: int
    spi_collisions: int
    select_faults: int
    select_cuts: int
    nobody_selected: int
    parallel_switches: int
    parts: dict[str, int]
    resets: int
    watchdog_resets: int
    driving: int
    release_cycle: int
    heard_cycle: int

    @property
    def misuses(self) -> dict[str, int]:
        """Everything that a datasheet does not allow and that happened."""
        counts = {
            "receive overruns": self.receive_overruns,
            "SPI collisions": self.spi_collisions,
            "select faults": self.select_faults,
            "select cuts": self.select_cuts,
            "nobody selected": self.nobody_selected,
            "parallel switches": self.parallel_switches,
            **self.parts,
        }
        return {what: count for what, count in counts.items() if count}


class EmulatedStarter(Starter):
    """Starts emulated boards in a folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.report = folder / "statistics.json"
        super().__init__(PROGRAM, folder, "--statistics", str(self.report), *options)

    def board(self, circuit: Circuit, *options: str) -> Board:
        """On a pseudo-terminal."""
        link = self.folder / "port"
        process, _ = self.start(circuit, "--pty", str(link), *options)
        return Board(process, self.open(str(link)), circuit)

    def statistics(self, board: Board) -> Statistics:
        """End the board and read its report."""
        board.process.send_signal(signal.SIGTERM)
        assert board.process.wait(SECONDS) == 0
        return Statistics(**json.loads(self.report.read_text()))
