"""The portable core on a 32-bit processor: the golden dialogues byte by byte, and labrig's own driver."""

import json
import os
import select
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labrig.boards.base import BoardRequest, Codes
from labrig.boards.wired import open_wired
from labrig.circuit.boundary import Boundary
from labrig.links.serial import open_serial
from labrig.wire.boundaries import WireBoundary
from tests.support.cortex import CortexStarter
from tests.support.firmware import FIRMWARE, SECONDS, SMALL

VECTORS = FIRMWARE / "vectors"
DIALOGUES: list[dict[str, Any]] = [
    *json.loads((VECTORS / "dialogues.json").read_text()),
    *json.loads((VECTORS / "learning.json").read_text())["dialogues"],
    *json.loads((VECTORS / "pulsing.json").read_text())["dialogues"],
]


@dataclass(frozen=True)
class CircuitFile:
    """A circuit of which no more is known."""

    file: Path

    def text(self) -> str:
        return self.file.read_text()


def read_exactly(descriptor: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        assert select.select([descriptor], [], [], SECONDS)[0], f"only {data.hex()} of {count} bytes came"
        data += os.read(descriptor, count - len(data))
    return data


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue["name"])
def test_a_dialogue_is_answered_byte_by_byte(cortex: CortexStarter, dialogue: dict[str, Any]) -> None:
    descriptor = cortex.connect(CircuitFile(VECTORS / dialogue["circuit"]), "TEST")
    assert dialogue["turns"]
    for turn in dialogue["turns"]:
        os.write(descriptor, bytes.fromhex(turn["request"]))
        expected = bytes.fromhex(turn["reply"])  # what should be silence would stand before the next reply
        assert read_exactly(descriptor, len(expected)).hex() == turn["reply"], turn["what"]
    assert not select.select([descriptor], [], [], 0.1)[0]


def test_labrig_writes_and_measures_on_the_terminal_of_the_emulator(cortex: CortexStarter) -> None:
    printed = cortex.start(SMALL, "pty")
    terminal = next(word for line in printed for word in line.split() if word.startswith("/dev/"))
    codes = np.array([0, 256, 3, 77, 128, 255])
    board = open_wired(open_serial(terminal, 115_200))
    assert (board.info.serial_number, board.info.branches) == ("A7F3", 6)
    reply = board.exchange(BoardRequest([Boundary({0: 1.0, 1: 4.0})], Codes(codes), read_back=True))
    board.close()
    assert isinstance(reply.program, Codes)
    assert np.array_equal(reply.program.values, codes)
    lsb = 5.0 / 65535  # of the ADC and of the DAC
    expected = SMALL.readings(codes, WireBoundary({0: round(1.0 / lsb), 1: round(4.0 / lsb)}))
    assert np.rint(reply.voltages / lsb).tolist() == [expected.tolist()]
