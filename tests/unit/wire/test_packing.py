"""Codes and bitmaps take exactly their bits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrig.errors import FrameError
from labrig.wire.packing import bitmap, bitmap_items, pack, pack_runs, packed_size, unpack, unpack_rows


@st.composite
def packings(draw: st.DrawFn) -> tuple[list[int], int]:
    bits = draw(st.integers(1, 32))
    return draw(st.lists(st.integers(0, 2**bits - 1), max_size=300)), bits


@given(packings())
def test_codes_are_one_long_number_with_the_first_code_lowest(packing: tuple[list[int], int]) -> None:
    codes, bits = packing
    number = sum(code << (bits * place) for place, code in enumerate(codes))
    packed = pack(np.array(codes, np.int64), bits)
    assert packed == number.to_bytes(packed_size(len(codes), bits), "little")
    assert unpack(packed, len(codes), bits).tolist() == codes


@given(packings(), st.lists(st.integers(0, 300), max_size=5))
def test_runs_are_packed_as_each_by_itself(packing: tuple[list[int], int], cuts: list[int]) -> None:
    codes, bits = packing
    runs = np.split(np.array(codes, np.int64), sorted(cuts))
    assert pack_runs(runs, bits) == [pack(run, bits) for run in runs]


@pytest.mark.parametrize("code", [-1, 512])
def test_a_code_that_does_not_fit_is_refused(code: int) -> None:
    with pytest.raises(ValueError, match="do not fit into 9 bits"):
        pack(np.array([0, code]), 9)


@pytest.mark.parametrize("surplus", [-1, 1])
def test_a_wrong_length_is_a_frame_error(surplus: int) -> None:
    with pytest.raises(FrameError, match="take 12 bytes"):
        unpack(bytes(12 + surplus), 10, 9)


def test_rows_end_on_a_byte_each() -> None:
    rows = np.arange(21).reshape(3, 7)
    data = b"".join(pack(row, 12) for row in rows)
    assert len(data) == 3 * 11
    np.testing.assert_array_equal(unpack_rows(data, 3, 7, 12), rows)


@given(st.sets(st.integers(0, 99)))
def test_a_bitmap_holds_a_set(items: set[int]) -> None:
    data = bitmap(items, 100)
    assert len(data) == 13
    assert bitmap_items(data, 100).tolist() == sorted(items)


def test_a_bit_beyond_the_end_of_a_bitmap_is_a_frame_error() -> None:
    with pytest.raises(FrameError, match="no bitmap of 5 bits"):
        bitmap_items(b"\x20", 5)
