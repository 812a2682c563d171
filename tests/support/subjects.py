"""Boards of every kind on one network, for the contract."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import inf

import numpy as np
import pytest

from labrig.arrays import BranchArray
from labrig.boards.base import BoardInfo, CodeRange, Converter, Program
from labrig.boards.wired import WiredBoard, open_wired
from labrig.circuit.network import Nudging
from labrig.config.boards import (
    AdcConfig,
    BoardModel,
    DacConfig,
    DigipotElements,
    IdealElements,
    NudgeConfig,
)
from labrig.config.links import LinkConfig, SerialLink, VisaLink
from labrig.config.plugins import load_plugin
from labrig.errors import LinkClosed
from labrig.links.opening import open_link
from labrig.sim.branches import draw_branches
from labrig.sim.build import build_board
from labrig.wire.definition import FINGERPRINT
from tests.support.boards import RunningBoard, StartBoard
from tests.support.contract import Subject
from tests.support.network import as_described, on_lines

WITH_CHIPS = BoardModel(
    elements=DigipotElements(part="MCP4351-104"),
    adc=AdcConfig(bits=16, span=4.096),
    dac=DacConfig(bits=14, span=5.0),
    drive=100.0,
    seed=7,
)
IDEAL = BoardModel(elements=IdealElements(tolerance=0.2), seed=7)
NO_NUDGES = WITH_CHIPS.model_copy(update={"nudge": NudgeConfig(toward=False, through=False, inject=False)})

TOLD = BoardInfo(
    kind="simulated",
    serial_number="SIM7",
    firmware="",
    fingerprint=None,
    inputs=4,
    outputs=3,
    hidden=3,
    branches=33,
    codes=CodeRange(0, 256, 9),
    part="MCP4351-104",
    adc=Converter(16, 4.096),
    dac=Converter(14, 5.0),
    drive=100.0,
    nudging=Nudging(toward_target=True, through=(1e-9, 4.0), inject=True),
    heartbeat=None,
)
"""By the simulated board with chips; the others differ from it."""
TOLD_IDEAL = replace(
    TOLD, codes=None, part="ideal", adc=None, dac=None, drive=0.0, nudging=Nudging(True, (0.0, inf), True)
)
NO_NUDGING = Nudging(toward_target=False, through=None, inject=False)

Make = Callable[[pytest.FixtureRequest], Subject]


def simulated(model: BoardModel, told: BoardInfo, _: pytest.FixtureRequest) -> Subject:
    board = build_board(model, as_described())

    def driven() -> int:
        return sum(map(len, (board.imposed.voltages, board.imposed.currents, board.imposed.nudges)))

    return Subject(board, told, truth(model), driven)


def truth(model: BoardModel) -> Callable[[Program], BranchArray]:
    return draw_branches(model.elements, len(on_lines().branches), model.seed).conductances


def by_pty(request: pytest.FixtureRequest, model: BoardModel) -> tuple[RunningBoard, str]:
    start: StartBoard = request.getfixturevalue("start_board")
    process = start(model, as_described())
    return process, os.path.realpath(process.resource)


def by_tcp(request: pytest.FixtureRequest, model: BoardModel) -> tuple[RunningBoard, str]:
    start: StartBoard = request.getfixturevalue("start_board")
    process = start(model, as_described(), tcp=True)
    return process, process.resource.removeprefix("socket://")


def serial_port(model: BoardModel, nudging: Nudging, request: pytest.FixtureRequest) -> Subject:
    process, path = by_pty(request, model)
    return wired(process, SerialLink(port=path), nudging)


def socket_url(request: pytest.FixtureRequest) -> Subject:
    process, address = by_tcp(request, WITH_CHIPS)
    return wired(process, SerialLink(port=f"socket://{address}"))


def visa_serial(request: pytest.FixtureRequest) -> Subject:
    process, path = by_pty(request, WITH_CHIPS)
    return wired(process, VisaLink(resource=f"ASRL{path}::INSTR"))


def visa_socket(request: pytest.FixtureRequest) -> Subject:
    process, address = by_tcp(request, WITH_CHIPS)
    return wired(process, VisaLink(resource=f"TCPIP::{address.replace(':', '::')}::SOCKET"))


def wired(process: RunningBoard, link: LinkConfig, nudging: Nudging = TOLD.nudging) -> Subject:
    board = open_wired(open_link(link))
    told = replace(
        TOLD, kind="firmware", serial_number="B1", fingerprint=FINGERPRINT, nudging=nudging, heartbeat=1.0
    )
    return Subject(board, told, truth(WITH_CHIPS), partial(drivers_on, process, board))


def drivers_on(process: RunningBoard, board: WiredBoard) -> int:
    """As the firmware counts them: asked over the board's link, or over a new one when that is closed."""
    try:
        return board.status().driven
    except LinkClosed:
        return process.status().driven


def of_another_package(request: pytest.FixtureRequest) -> Subject:
    request.getfixturevalue("plugin_installed")
    kind = load_plugin("decades")
    keys = {"rack": "R1", "lowest": "1 uS", "highest": "10 mS", "drive": "50 ohm"}
    board = kind.open(kind.config.model_validate(keys), as_described())
    told = replace(
        TOLD_IDEAL, kind="decades", serial_number="R1", part="decade box", drive=50.0, nudging=NO_NUDGING
    )
    return Subject(
        board, told, lambda program: np.asarray(program.values, np.float64), lambda: len(board.driven)
    )


NUDGING: dict[str, Make] = {
    "simulated": partial(simulated, WITH_CHIPS, TOLD),
    "simulated, ideal": partial(simulated, IDEAL, TOLD_IDEAL),
    "firmware on a serial port": partial(serial_port, WITH_CHIPS, TOLD.nudging),
    "firmware at a socket URL": socket_url,
    "firmware by VISA serial": visa_serial,
    "firmware by VISA socket": visa_socket,
}
NOT_NUDGING: dict[str, Make] = {
    "simulated without nudges": partial(simulated, NO_NUDGES, replace(TOLD, nudging=NO_NUDGING)),
    "firmware without nudges": partial(serial_port, NO_NUDGES, NO_NUDGING),
    "plug-in": of_another_package,
}
EVERY = NUDGING | NOT_NUDGING
EXACT = ("simulated, ideal", "plug-in")
"""Boards without converters."""
