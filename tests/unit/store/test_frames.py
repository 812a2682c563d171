import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labrig.store import frames

_dtypes = st.sampled_from(["<f4", "<f8", "<u2", "<i4", "|b1"])


@given(st.data(), _dtypes, st.integers(1, 300))
def test_a_chain_of_frames_decodes_bit_for_bit(data: st.DataObject, dtype: str, size: int) -> None:
    chain = data.draw(st.lists(hnp.arrays(np.dtype(dtype), (size,)), min_size=1, max_size=5))
    state = np.zeros(size, dtype)
    previous = None
    for array in chain:
        frames.decode(frames.encode(array, previous), state)
        assert state.tobytes() == array.tobytes()
        previous = array


def test_only_changed_entries_are_stored() -> None:
    before = np.zeros(1200, "<u2")
    after = before.copy()
    after[[3, 700, 1199]] = 5

    assert len(frames.encode(after, before)) == 1 + 3 * (2 + 2)
    assert frames.encode(before, before) == frames.SPARSE


def test_a_frame_is_never_longer_than_the_whole_array_and_one_byte() -> None:
    before = np.zeros(1200, "<f4")
    after = np.linspace(1, 2, 1200).astype("<f4")

    frame = frames.encode(after, before)

    assert len(frame) == 1 + after.nbytes
    assert frames.is_full(frame)


def test_nan_and_minus_zero_survive_because_bits_are_compared() -> None:
    before = np.array([np.nan, 0.0, 1.0, 2.0, 3.0, 4.0])
    after = np.array([np.nan, -0.0, 1.0, 2.0, 3.0, np.nan])

    frame = frames.encode(after, before)
    frames.decode(frame, before)

    assert not frames.is_full(frame)
    assert len(frame) == 1 + 2 * (2 + 8)
    assert before.tobytes() == after.tobytes()


def test_indices_of_a_large_array_do_not_wrap_around() -> None:
    before = np.zeros(70_000, "<u2")
    after = before.copy()
    after[69_999] = 1

    frames.decode(frames.encode(after, np.zeros_like(after)), before)

    assert before[69_999] == 1
    assert before.sum() == 1


def test_arrays_of_several_dimensions_keep_their_order() -> None:
    before = np.zeros((3, 40), "<i4")
    after = before.copy()
    after[1, 2] = 7

    frames.decode(frames.encode(after, before), before)

    np.testing.assert_array_equal(before, after)
