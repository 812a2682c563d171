"""A boundary's sections come back, and what is no boundary is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrig.errors import FrameError
from labrig.wire.boundaries import (
    Shape,
    Through,
    Toward,
    WireBoundary,
    decode_boundaries,
    encode_boundary,
)

SHAPE = Shape(inputs=13, outputs=9, dac_bits=12)
INPUTS = st.dictionaries(st.integers(0, 12), st.integers(0, 4095))
OUTPUTS = st.dictionaries(st.integers(0, 8), st.integers(0, 4095))
BOUNDARIES = st.builds(
    WireBoundary,
    inputs=st.none() | INPUTS,
    clamps=OUTPUTS,
    toward=st.none() | st.builds(Toward, st.integers(-(2**15), 2**15 - 1), OUTPUTS),
    through=st.none() | st.builds(Through, st.integers(0, 2**32 - 1), OUTPUTS),
    inject=st.dictionaries(st.integers(0, 8), st.integers(-(2**31), 2**31 - 1)),
    store=st.booleans(),
)


@given(st.lists(BOUNDARIES, max_size=4))
def test_boundaries_come_back(boundaries: list[WireBoundary]) -> None:
    body = b"".join(encode_boundary(boundary, SHAPE) for boundary in boundaries)
    assert list(decode_boundaries(body, len(boundaries), SHAPE)) == boundaries


def test_inputs_as_before_take_one_byte() -> None:
    assert encode_boundary(WireBoundary(None), SHAPE) == b"\x00"


def test_no_inputs_at_all_is_not_inputs_as_before() -> None:
    (released,) = decode_boundaries(encode_boundary(WireBoundary({}), SHAPE), 1, SHAPE)
    assert released.inputs == {}


def test_a_body_that_ends_early_is_a_frame_error() -> None:
    body = encode_boundary(WireBoundary({1: 2, 3: 4}), SHAPE)
    with pytest.raises(FrameError, match="ends within a boundary"):
        list(decode_boundaries(body[:-1], 1, SHAPE))


def test_a_body_that_goes_on_is_a_frame_error() -> None:
    with pytest.raises(FrameError, match="1 bytes follow the last of 1"):
        list(decode_boundaries(b"\x00\x00", 1, SHAPE))


def test_an_unknown_section_is_a_frame_error() -> None:
    with pytest.raises(FrameError, match="0x80"):
        list(decode_boundaries(b"\x80", 1, SHAPE))
