"""Frames survive the wire whole or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrig.errors import FrameError
from labrig.wire.definition import CRC_CHECK, MAX_PAYLOAD
from labrig.wire.framing import MAX_ENCODED, OVERHEAD, Frame, FrameDecoder, crc, decode_frame, encode_frame

BYTE = st.integers(0, 255)
FRAMES = st.builds(Frame, BYTE, BYTE, BYTE, st.binary(max_size=MAX_PAYLOAD))


def test_the_crc_has_its_check_value() -> None:
    assert crc(b"123456789") == CRC_CHECK


@given(FRAMES)
def test_a_frame_comes_back_as_it_was_sent(frame: Frame) -> None:
    encoded = encode_frame(frame)
    assert len(encoded) == len(frame.payload) + OVERHEAD
    assert encoded.index(0) == len(encoded) - 1
    assert decode_frame(encoded[:-1]) == frame


def test_a_payload_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="233 bytes is longer than 232"):
        encode_frame(Frame(1, 0, 0, bytes(MAX_PAYLOAD + 1)))


@given(FRAMES, st.data())
def test_one_flipped_bit_is_never_accepted_as_another_frame(frame: Frame, data: st.DataObject) -> None:
    encoded = bytearray(encode_frame(frame))
    bit = data.draw(st.integers(0, 8 * len(encoded) - 1))
    encoded[bit // 8] ^= 1 << bit % 8
    assert frame not in list(FrameDecoder().feed(bytes(encoded) + b"\0"))
    assert list(FrameDecoder().feed(bytes(encoded) + b"\0")) == []


@given(st.lists(FRAMES, max_size=5), st.integers(1, 50))
def test_frames_arrive_in_whatever_pieces(frames: list[Frame], piece: int) -> None:
    stream = b"".join(map(encode_frame, frames))
    decoder = FrameDecoder()
    found = [f for at in range(0, len(stream), piece) for f in decoder.feed(stream[at : at + piece])]
    assert found == frames
    assert decoder.damaged == 0


@given(st.binary(max_size=600), FRAMES)
def test_after_any_noise_and_a_delimiter_the_next_frame_is_read(noise: bytes, frame: Frame) -> None:
    *_, last = FrameDecoder().feed(noise + b"\0" + encode_frame(frame))
    assert last == frame


def test_a_damaged_frame_is_counted_and_empty_blocks_are_not() -> None:
    decoder = FrameDecoder()
    assert list(decoder.feed(b"\0\0\0\x05ab\0")) == []
    assert decoder.damaged == 1


def test_endless_noise_without_a_delimiter_takes_bounded_memory() -> None:
    decoder = FrameDecoder()
    for _ in range(100):
        assert list(decoder.feed(b"\x01" * 1000)) == []
    assert len(decoder._rest) <= MAX_ENCODED + 1  # pyright: ignore[reportPrivateUsage]
    frame = Frame(2, 3)
    assert list(decoder.feed(b"\0" + encode_frame(frame))) == [frame]


@pytest.mark.parametrize("block", [b"\x01", b"\x05\x01\x01\x01\x01", b"\xff\x01"])
def test_a_block_that_is_no_frame_is_a_frame_error(block: bytes) -> None:
    with pytest.raises(FrameError):
        decode_frame(block)
