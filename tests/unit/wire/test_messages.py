"""Payloads are what the definition says."""

import pytest

from labrig.errors import FrameError
from labrig.wire.definition import (
    ApplyReply,
    ApplyRequest,
    MeasureRequest,
    Message,
    NakReply,
    Status,
    StatusReply,
    Tlv,
)
from labrig.wire.framing import Frame
from labrig.wire.messages import acknowledgement, decode, decode_tlv, encode, encode_tlv, reply, request


def test_integers_are_little_endian() -> None:
    assert encode(ApplyRequest(0x11223344)) == bytes.fromhex("44332211")


def test_a_tail_follows_the_fixed_fields() -> None:
    message = MeasureRequest(1, 2, 3, 4, 5, b"body")
    assert encode(message) == bytes.fromhex("0100 02 0300 0400 05") + b"body"
    assert decode(MeasureRequest, encode(message)) == message


def test_a_negative_temperature_comes_back() -> None:
    status = StatusReply(1, 2, 0, 0, 0, 0, 3, 4, 5, 6, 7, 5000, -1050)
    assert decode(StatusReply, encode(status)).temperature == -1050


@pytest.mark.parametrize("surplus", [-1, 1])
def test_a_payload_of_another_length_is_a_frame_error(surplus: int) -> None:
    with pytest.raises(FrameError, match="takes 8 bytes"):
        decode(ApplyReply, bytes(8 + surplus))


def test_a_request_and_its_reply_differ_in_one_bit_of_the_type() -> None:
    assert request(ApplyRequest(0), 7) == Frame(0x12, 7, 0, bytes(4))
    assert reply(ApplyReply(0, 0), 7) == Frame(0x92, 7, 0, bytes(8))
    assert acknowledgement(Message.WRITE, 9, Status.READ_BACK) == Frame(0x90, 9, 6)
    assert reply(NakReply(4, 1, 1), 7).type == 0xFF


def test_texts_of_a_hello_come_back_and_unknown_tags_are_kept() -> None:
    data = encode_tlv({Tlv.SERIAL_NUMBER: "A7F3", Tlv.PART: "MCP4351-104"}) + b"\xc8\x02hi"
    assert decode_tlv(data) == {1: "A7F3", 2: "MCP4351-104", 200: "hi"}


@pytest.mark.parametrize("data", [b"\x01", b"\x01\x05abc"])
def test_a_text_that_runs_past_the_end_is_a_frame_error(data: bytes) -> None:
    with pytest.raises(FrameError, match="runs past its end"):
        decode_tlv(data)
