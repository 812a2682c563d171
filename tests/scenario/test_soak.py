"""The soak of a damaged line, short; and that it notices a board that answers wrongly."""

from pathlib import Path

import pytest
from rich.progress import Progress

from labrig.arrays import Seconds
from labrig.circuit.topology import Topology
from labrig.config.boards import Launch
from labrig.config.links import SerialLink
from labrig.links.base import Link
from labrig.links.opening import open_link
from labrig.sim.launch import launched
from labrig.wire.definition import REPLY_BIT, Message
from labrig.wire.framing import DELIMITER, Frame, decode_frame, encode_frame
from scripts.soaks import wire


class LyingLink:
    """Turns one bit of every echo and makes the frame good again, as a decoder that checks nothing would."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.name = link.name
        self.write = link.write
        self.read_exactly = link.read_exactly
        self.discard_input = link.discard_input
        self.close = link.close

    def read_until(self, terminator: bytes, *, timeout: Seconds) -> bytes:
        data = self._link.read_until(terminator, timeout=timeout)
        if data == DELIMITER:
            return data
        frame = decode_frame(data[:-1])
        if frame.type != Message.PING | REPLY_BIT:
            return data
        lie = bytes([frame.payload[0] ^ 1]) + frame.payload[1:]
        return encode_frame(Frame(frame.type, frame.seq, frame.flags, lie))


def test_no_answer_on_a_damaged_line_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert wire.main(["--exchanges", "5000"]) == 0, capsys.readouterr().err


def test_a_wrong_answer_is_told_in_words_and_in_hex(tmp_path: Path) -> None:
    topology = Topology.crossbar(wire.INPUTS, wire.OUTPUTS)
    host = Launch.model_validate({"target": "host"})
    with launched(host, wire.MODEL, topology, "LIES", tmp_path) as port, Progress(disable=True) as progress:
        link = open_link(SerialLink(port=port))
        try:
            outcome, _ = wire.soak(LyingLink(link), 100, 1, progress, "lies")
        finally:
            link.close()
    told = outcome.wrong[0].splitlines()
    assert told[0].startswith("asked to echo ")
    assert told[0].endswith("byte 0 differs first")
    expected, came = (bytes.fromhex(line.split(maxsplit=1)[1]) for line in told[2:])
    assert came == bytes([expected[0] ^ 1]) + expected[1:]
    assert wire.complaints(wire.CASES[0], outcome)
