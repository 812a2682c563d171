"""The golden dialogues, run against the simulated board on the wire."""

import json
from typing import Any

import pytest

from labrig.sim.serving.device import Device
from labrig.sim.serving.dispatcher import Dispatcher
from tests.support.firmware import FIRMWARE
from tests.support.simulated import read_hardware

VECTORS = FIRMWARE / "vectors"
DIALOGUES: list[dict[str, Any]] = [
    *json.loads((VECTORS / "dialogues.json").read_text()),
    *json.loads((VECTORS / "learning.json").read_text())["dialogues"],
    *json.loads((VECTORS / "pulsing.json").read_text())["dialogues"],
]


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue["name"])
def test_a_dialogue_is_answered_byte_by_byte(dialogue: dict[str, Any]) -> None:
    circuit = (VECTORS / dialogue["circuit"]).read_text()
    dispatcher = Dispatcher(Device(read_hardware(circuit, "TEST"), lambda: 0.0))
    assert dialogue["turns"]
    for turn in dialogue["turns"]:
        reply = b"".join(dispatcher.receive(bytes.fromhex(turn["request"])))
        assert reply.hex() == turn["reply"], turn["what"]
