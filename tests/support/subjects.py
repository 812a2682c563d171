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
from labrig.sim.build import build_board, build_hardware
from labrig.wire.definition import FINGERPRINT
from tests.support.boards import StartBoard, ask_status
from tests.support.contract import Subject
from tests.support.network import as_described, on_lines
from tests.support.simulated import SimulatedStarter

WITH_CHIPS = BoardModel(
    elements=DigipotElements(part="MCP4351-104"),
    adc=AdcConfig(bits=16, span=4.096),
    dac=DacConfig(bits=14, span=5.0),
    drive=100.0,
    seed=7,
)
IDEAL = BoardModel(elements=IdealElements(tolerance=0.2), seed=7)
EMULATED = WITH_CHIPS.model_copy(update={"dac": DacConfig(bits=16, span=5.0)})
"""The emulated microcontroller has converters of 12 or 16 bits."""
OF_AD5270 = EMULATED.model_copy(update={"elements": DigipotElements(part="AD5270-100")})
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
TOLD_WITHOUT_NUDGES = replace(TOLD, nudging=NO_NUDGING)
TOLD_EMULATED = replace(
    TOLD, dac=Converter(16, 5.0), nudging=Nudging(toward_target=True, through=(1e-5, 1e-5), inject=False)
)
"""Nudges through the one resistor that each output has, of 100 kohm."""
TOLD_OF_AD5270 = replace(TOLD_EMULATED, codes=CodeRange(0, 1023, 10), part="AD5270-100")

Make = Callable[[pytest.FixtureRequest], Subject]
LinkTo = Callable[[str], LinkConfig]
"""From the resource of a running board to a link: a path, or ``socket://HOST:PORT``."""


def simulated(model: BoardModel, told: BoardInfo, _: pytest.FixtureRequest) -> Subject:
    board = build_board(model, as_described())

    def driven() -> int:
        return sum(map(len, (board.imposed.voltages, board.imposed.currents, board.imposed.nudges)))

    return Subject(board, told, truth(model), driven)


def truth(model: BoardModel) -> Callable[[Program], BranchArray]:
    branches = draw_branches(model.elements, len(on_lines().branches), model.seed)
    return lambda program: branches.conductances(program, 0)


def firmware(
    request: pytest.FixtureRequest,
    link_to: LinkTo,
    *,
    tcp: bool = False,
    model: BoardModel = WITH_CHIPS,
    told: BoardInfo = TOLD,
) -> Subject:
    """The compiled host target, in a process of its own."""
    start: StartBoard = request.getfixturevalue("start_board")
    resource = start(model, as_described(), tcp=tcp).resource
    return wired(resource, link_to, model, told, serial_number="B1")


def emulated(model: BoardModel, told: BoardInfo, request: pytest.FixtureRequest) -> Subject:
    """The firmware of the ATmega2560 on an emulated one, with models of its parts."""
    start: StartBoard = request.getfixturevalue("start_emulated")
    resource = start(model, as_described()).resource
    return wired(resource, pyserial, model, told, serial_number="B1")


def served(
    request: pytest.FixtureRequest,
    link_to: LinkTo,
    *,
    listen: str,
    model: BoardModel = WITH_CHIPS,
    told: BoardInfo = TOLD,
) -> Subject:
    """The simulated board on the wire, as ``labrig simulate board`` serves it."""
    boards: SimulatedStarter = request.getfixturevalue("serving")
    resource = boards.serve(build_hardware(model, as_described()), listen.format(folder=boards.folder))
    return wired(resource.replace("tcp://", "socket://"), link_to, model, told, serial_number="SIM7")


def wired(resource: str, link_to: LinkTo, model: BoardModel, told: BoardInfo, serial_number: str) -> Subject:
    board = open_wired(open_link(link_to(resource)))
    told = replace(told, kind="firmware", serial_number=serial_number, fingerprint=FINGERPRINT, heartbeat=1.0)
    return Subject(board, told, truth(model), partial(drivers_on, board, resource))


def drivers_on(board: WiredBoard, resource: str) -> int:
    """As the device counts them: asked over the board's link, or over a new one when that is closed."""
    try:
        return board.status().driven
    except LinkClosed:
        return ask_status(resource).driven


def pyserial(resource: str) -> LinkConfig:
    return SerialLink(port=resource)


def visa_serial(resource: str) -> LinkConfig:
    return VisaLink(resource=f"ASRL{os.path.realpath(resource)}::INSTR")


def visa_socket(resource: str) -> LinkConfig:
    host, port = resource.removeprefix("socket://").split(":")
    return VisaLink(resource=f"TCPIP::{host}::{port}::SOCKET")


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


INJECTING: dict[str, Make] = {
    "simulated": partial(simulated, WITH_CHIPS, TOLD),
    "simulated, ideal": partial(simulated, IDEAL, TOLD_IDEAL),
    "firmware on a serial port": partial(firmware, link_to=pyserial),
    "firmware at a socket URL": partial(firmware, link_to=pyserial, tcp=True),
    "firmware by VISA serial": partial(firmware, link_to=visa_serial),
    "firmware by VISA socket": partial(firmware, link_to=visa_socket, tcp=True),
    "served on a terminal": partial(served, link_to=pyserial, listen="pty:{folder}/board"),
    "served at a port": partial(served, link_to=visa_socket, listen="tcp://127.0.0.1:0"),
}
"""Boards that carry out every kind of nudge, currents too."""
NUDGING = INJECTING | {
    "firmware on an emulated ATmega2560": partial(emulated, EMULATED, TOLD_EMULATED),
    "firmware on an emulated ATmega2560 with AD5270s": partial(emulated, OF_AD5270, TOLD_OF_AD5270),
}
"""Boards that nudge toward a target, and through one conductance at least."""
NOT_NUDGING: dict[str, Make] = {
    "simulated without nudges": partial(simulated, NO_NUDGES, TOLD_WITHOUT_NUDGES),
    "firmware without nudges": partial(firmware, link_to=pyserial, model=NO_NUDGES, told=TOLD_WITHOUT_NUDGES),
    "served without nudges": partial(
        served, link_to=pyserial, listen="pty:{folder}/board", model=NO_NUDGES, told=TOLD_WITHOUT_NUDGES
    ),
    "plug-in": of_another_package,
}
EVERY = NUDGING | NOT_NUDGING
EXACT = ("simulated, ideal", "plug-in")
"""Boards without converters."""
