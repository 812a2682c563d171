"""The compiled firmware and the simulated board, each of its own making, answer anything alike."""

import os
import select
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from labrig.circuit.topology import Topology
from labrig.config.boards import AdcConfig, BoardModel, DacConfig, DigipotElements, NudgeConfig
from labrig.sim.build import build_hardware
from labrig.sim.serving.device import Device
from labrig.sim.serving.dispatcher import Dispatcher
from labrig.wire.definition import (
    REPLY_BIT,
    SESSION_FREE,
    HelloReply,
    MeasureRequest,
    Message,
    Status,
    StatusReply,
)
from labrig.wire.framing import Frame, FrameDecoder, encode_frame
from labrig.wire.messages import decode
from labrig.wire.packing import unpack_rows
from tests.support.boards import StartBoard
from tests.support.decoding import digest
from tests.support.firmware import HELLO, SECONDS
from tests.support.requests import Requests

COUNT = 1000
SEED = 20

MESH = Topology.graph(
    "abcdefg",
    [
        ("a", "d"),
        ("d", "b"),
        ("d", "e"),
        ("e", "c"),
        ("e", "f"),
        ("f", "g"),
        ("g", "b"),
        ("a", "g"),
        ("c", "f"),
    ],
    inputs=["a", "f"],
    outputs=["c", "b", "g"],
)
PLAIN = BoardModel(
    elements=DigipotElements(part="MCP4351-104"),
    adc=AdcConfig(bits=16, span=5.0),
    dac=DacConfig(bits=16, span=5.0),
    drive=100.0,
    seed=1,
)
BOARDS = {
    "crossbar behind drive resistors": (PLAIN, Topology.crossbar(5, 4)),
    "forced crossbar, converters of other spans": (
        PLAIN.model_copy(
            update={
                "elements": DigipotElements(part="MCP4351-502"),
                "adc": AdcConfig(bits=12, span=4.096),
                "dac": DacConfig(bits=10, span=5.0),
                "drive": 0.0,
            }
        ),
        Topology.crossbar(12, 7),
    ),
    "graph": (PLAIN.model_copy(update={"drive": 1234.5}), MESH),
    "graph without nudges": (
        PLAIN.model_copy(update={"nudge": NudgeConfig(toward=False, through=False, inject=False)}),
        MESH,
    ),
}

ANSWERED = (Message.PING, Message.WRITE, Message.WRITE_SPARSE, Message.READ, Message.MEASURE, Message.ARM)
REACHED = {
    (Message.NAK, Status.SEQUENCE),
    (Message.HELLO | REPLY_BIT, Status.OK),
    (Message.HELLO | REPLY_BIT, Status.RANGE),
    (Message.APPLY | REPLY_BIT, Status.OK),
    (Message.APPLY | REPLY_BIT, Status.READ_BACK),
    (Message.MEASURE | REPLY_BIT, Status.NOT_ARMED),
    *((message | REPLY_BIT, Status.OK) for message in ANSWERED),
    *((message | REPLY_BIT, status) for message in ANSWERED[1:] for status in (Status.LENGTH, Status.RANGE)),
}
"""Answers that the requests must have drawn from the boards, lest they agree on nothing."""


class Compiled:
    """The firmware's answers."""

    def __init__(self, port: str) -> None:
        self.descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
        self._decoder = FrameDecoder()

    def answers(self, data: bytes, last: Frame) -> list[Frame]:
        """To `data`, and to a frame after it that is always answered."""
        os.write(self.descriptor, data + encode_frame(last))
        found: list[Frame] = []
        while not found or (found[-1].type, found[-1].seq) != (last.type | REPLY_BIT, last.seq):
            assert select.select([self.descriptor], [], [], SECONDS)[0], "the firmware says nothing"
            found += self._decoder.feed(os.read(self.descriptor, 4096))
        return found


class Simulated:
    """The simulated board's answers."""

    def __init__(self, device: Device) -> None:
        self._dispatcher = Dispatcher(device)

    def answers(self, data: bytes, last: Frame) -> list[Frame]:
        """To `data`, and to a frame after it."""
        replies = b"".join(self._dispatcher.receive(data + encode_frame(last)))
        return list(FrameDecoder().feed(replies))


@dataclass
class Comparison:
    """What was asked and answered so far."""

    adc_bits: int
    expected: int = 0
    """Sequence number of the next request."""
    measured: dict[int, MeasureRequest] = field(default_factory=dict[int, MeasureRequest])
    """By sequence number."""
    seen: Counter[tuple[int, int]] = field(default_factory=Counter[tuple[int, int]])
    """Types and statuses of replies."""

    def note(self, data: bytes, replies: Sequence[Frame]) -> None:
        """Follow the session, as a host would."""
        carried_out = {reply.seq: reply for reply in replies if reply.type != Message.NAK}
        self.seen.update((reply.type, reply.flags) for reply in replies)
        for request in FrameDecoder().feed(data):
            reply = carried_out.get(request.seq)
            if reply is None:
                continue
            if request.type == Message.HELLO and reply.flags == Status.OK:
                self.expected = (request.seq + 1) % 256
            elif request.type not in SESSION_FREE and request.seq == self.expected:
                self.expected = (self.expected + 1) % 256
                if reply.type == Message.MEASURE | REPLY_BIT and reply.flags == Status.OK:
                    self.measured[request.seq] = decode(MeasureRequest, request.payload)

    def check(self, firmware: Frame, simulated: Frame) -> None:
        """Equal in every byte; readings may differ by 1 LSB of a conversion, uptimes by anything."""
        if firmware.type == Message.STATUS | REPLY_BIT:
            counts = [
                replace(decode(StatusReply, frame.payload), uptime=0) for frame in (firmware, simulated)
            ]
            assert counts[0] == counts[1]
        elif firmware.type == Message.MEASURE | REPLY_BIT and firmware.payload != simulated.payload:
            self._check_readings(firmware, simulated)
        else:
            assert firmware == simulated

    def _check_readings(self, firmware: Frame, simulated: Frame) -> None:
        assert replace(firmware, payload=b"") == replace(simulated, payload=b"")
        asked = self.measured[firmware.seq]
        bits = self.adc_bits + (asked.averages - 1).bit_length()
        sums = [
            unpack_rows(frame.payload, max(1, asked.boundaries), asked.scan_count, bits)
            for frame in (firmware, simulated)
        ]
        assert np.abs(sums[0] - sums[1]).max() <= asked.averages


@pytest.mark.parametrize("board", BOARDS)
def test_both_answer_alike(start_board: StartBoard, board: str) -> None:
    model, topology = BOARDS[board]
    device = Device(replace(build_hardware(model, topology, "B1"), boot_count=1), lambda: 0.0)
    compiled, simulated = Compiled(start_board(model, topology, "B1").resource), Simulated(device)
    told = simulated.answers(b"", HELLO)
    assert compiled.answers(b"", HELLO) == told
    hello = decode(HelloReply, told[0].payload)
    requests = Requests(hello, SEED, lambda: digest(device.codes.tolist()))
    comparison = Comparison(hello.adc_bits, expected=1)
    for number in range(COUNT):
        data = requests.frame(comparison.expected) + b"\0"
        last = Frame(Message.STATUS, number % 256)
        firmware = compiled.answers(data, last)
        comparison.note(data, firmware[:-1])
        for pair in zip(firmware, simulated.answers(data, last), strict=True):
            comparison.check(*pair)
    os.close(compiled.descriptor)
    assert comparison.seen.keys() >= REACHED
