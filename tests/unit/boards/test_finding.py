"""Boards are found by what they say of themselves, not by the name of their port."""

import os
import pty
from pathlib import Path

import pytest

from labrig.bench.assembly import open_bench
from labrig.boards import finding
from labrig.boards.finding import find_board, identify, search
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel, FirmwareBoard
from labrig.config.network import CrossbarNetwork
from labrig.config.rig import RigConfig
from labrig.errors import LinkOpenError
from tests.support.boards import RunningBoard, StartBoard, start_firmware

BAUDRATE = 1_000_000
SHORT = 0.3
"""Seconds for which a port on which nobody listens is asked."""


@pytest.fixture
def small() -> Topology:
    return Topology.crossbar(3, 2)


@pytest.fixture
def boards(start_board: StartBoard, model: BoardModel, small: Topology) -> list[RunningBoard]:
    return [start_board(model, small, name) for name in ("A7F3", "B200")]


def test_the_port_of_a_serial_number(boards: list[RunningBoard]) -> None:
    ports = [board.resource for board in boards]
    assert find_board("B200", BAUDRATE, ports) == ports[1]
    assert find_board("A7F3", BAUDRATE, ports) == ports[0]


def test_what_a_board_says_of_itself(boards: list[RunningBoard]) -> None:
    found = identify(boards[0].resource, BAUDRATE)
    assert (found.serial_number, found.part, found.boot_count) == ("A7F3", "MCP4351-104", 1)
    assert found.same_protocol
    assert found.problem == ""


def test_a_board_that_is_not_there_is_said_with_what_each_port_has(
    boards: list[RunningBoard], tmp_path: Path
) -> None:
    ports = [*(board.resource for board in boards), str(tmp_path / "nothing")]
    with pytest.raises(LinkOpenError) as missing:
        find_board("C300", BAUDRATE, ports)
    said = str(missing.value)
    assert said.startswith("no board C300 was found: ")
    assert f"{ports[0]} has board A7F3; {ports[1]} has board B200; {ports[2]} does not exist" in said


def test_two_boards_of_one_serial_number_are_not_chosen_from(
    start_board: StartBoard, firmware: Path, model: BoardModel, small: Topology, tmp_path: Path
) -> None:
    ports = [start_board(model, small, "SAME").resource]
    (tmp_path / "other").mkdir()
    second = start_firmware(firmware, tmp_path / "other", model, small, "SAME")
    try:
        ports.append(second.resource)
        with pytest.raises(LinkOpenError, match=r"board SAME answers on several ports \(.*\): name one"):
            find_board("SAME", BAUDRATE, ports)
    finally:
        second.stop()


def usb_ports(monkeypatch: pytest.MonkeyPatch, *ports: str) -> None:
    """Let this machine have these ports, whatever USB serial number they are asked for by."""

    def listed(serial_number: str | None = None) -> list[str]:
        return list(ports)

    monkeypatch.setattr(finding, "usb_ports", listed)


def test_without_any_port_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    usb_ports(monkeypatch)
    with pytest.raises(LinkOpenError, match="no board A7F3 was found: there is no USB serial port"):
        find_board("A7F3", BAUDRATE)
    assert search([], BAUDRATE) == []


def test_a_rig_that_names_a_serial_number_opens_that_board_wherever_it_is(
    boards: list[RunningBoard], monkeypatch: pytest.MonkeyPatch
) -> None:
    usb_ports(monkeypatch, *(board.resource for board in boards))
    rig = RigConfig(network=CrossbarNetwork(inputs=3, outputs=2), board=FirmwareBoard(serial_number="B200"))
    with open_bench(rig) as bench:
        assert bench.info.serial_number == "B200"


def test_a_port_that_says_nothing_is_a_finding() -> None:
    master, slave = pty.openpty()
    try:
        found = identify(os.ttyname(slave), BAUDRATE, SHORT)
        assert found.serial_number is None
        assert "did not answer IDENTIFY within 0.3 s" in found.problem
    finally:
        os.close(master)
        os.close(slave)
