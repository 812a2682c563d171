"""An interrupted check leaves the board as it was: asked of the firmware process itself, from outside."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from labrig.boards.base import BoardRequest, Codes
from labrig.boards.wired import open_wired
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel
from labrig.links.serial import open_serial
from tests.support.boards import StartBoard

INPUTS, OUTPUTS = 24, 18
RIG = """
network: {{kind: crossbar, inputs: {inputs}, outputs: {outputs}}}
board: {{kind: firmware, link: {{kind: serial, port: '{port}'}}}}
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("part", ["link", "wipers"])
def test_an_interrupted_check_gives_the_board_its_codes_back_and_releases_it(
    start_board: StartBoard, model: BoardModel, tmp_path: Path, number: signal.Signals, code: int, part: str
) -> None:
    running = start_board(model, Topology.crossbar(INPUTS, OUTPUTS))
    codes = np.random.default_rng(4).integers(60, 257, INPUTS * OUTPUTS)
    board = open_wired(open_serial(running.resource, 1_000_000))
    board.exchange(BoardRequest([], Codes(codes)))
    board.close()
    rig = tmp_path / "rig.yaml"
    text = RIG.format(inputs=INPUTS, outputs=OUTPUTS, port=running.resource)
    rig.write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "labrig", "board", "check", str(rig)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line == f"checking {part}\n":
            break
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert "Traceback" not in said
    status = running.status()
    assert (status.armed, status.driven, status.heartbeat_expired) == (0, 0, 0)
    board = open_wired(open_serial(running.resource, 1_000_000))
    reply = board.exchange(BoardRequest([], read_back=True))
    board.close()
    assert reply.program is not None
    assert np.array_equal(reply.program.values, codes)
