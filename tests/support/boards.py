"""Firmware processes that tests start, and what they can be asked from outside."""

import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrig.boards.session import Session
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel
from labrig.links.serial import open_serial
from labrig.sim.circuit_file import circuit_text
from labrig.wire.definition import Message, StatusReply


@dataclass
class RunningBoard:
    """A firmware process that outlives whoever talks to it."""

    process: subprocess.Popen[str]
    resource: str
    serial_number: str

    def status(self) -> StatusReply:
        """What the board says of itself."""
        return ask_status(self.resource)

    def stop(self) -> None:
        """End the process, as pulling the plug does."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def ask_status(resource: str) -> StatusReply:
    """Ask a board what it says of itself, outside any session: nothing changes by asking."""
    link = open_serial(resource, 1_000_000)
    try:
        return Session(link).query(Message.STATUS, StatusReply, 2.0)
    finally:
        link.close()


StartBoard = Callable[..., RunningBoard]
"""``start_board(model, topology, serial_number="B1", tcp=False, name="B1.port")``."""


def start_firmware(
    program: Path,
    folder: Path,
    model: BoardModel,
    topology: Topology,
    serial_number: str = "B1",
    *,
    tcp: bool = False,
    name: str | None = None,
) -> RunningBoard:
    """Start a program that runs the firmware on a circuit; its EEPROM outlives it in the folder."""
    circuit = folder / f"{serial_number}.circuit"
    circuit.write_text(circuit_text(model, topology, ()), encoding="ascii")
    port = folder / (name or f"{serial_number}.port")
    where = ["--tcp", "127.0.0.1:0"] if tcp else ["--pty", str(port)]
    command = [str(program), *where, "--serial", serial_number, "--circuit", str(circuit)]
    process = subprocess.Popen(
        [*command, "--eeprom", str(folder / f"{serial_number}.eeprom")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    ready, resource = process.stdout.readline().split()
    assert ready == "ready"
    return RunningBoard(process, resource.replace("tcp://", "socket://") if tcp else str(port), serial_number)


@contextmanager
def board_starter(program: Path, folder: Path) -> Generator[StartBoard]:
    """Start boards of a program in a folder, and stop them at the end."""
    started: list[RunningBoard] = []

    def start(*arguments: Any, **options: Any) -> RunningBoard:
        board = start_firmware(program, folder, *arguments, **options)
        started.append(board)
        return board

    yield start
    for board in started:
        board.stop()
