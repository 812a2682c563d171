"""The frames of a program lead from one image to the next, and never cost more than writing all of it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from labrig.arrays import CodeArray
from labrig.boards.pipeline import Command
from labrig.boards.writing import plan_writes
from labrig.wire.definition import MAX_PAYLOAD, Message, WriteRequest, WriteSparseRequest
from labrig.wire.framing import OVERHEAD
from labrig.wire.messages import decode
from labrig.wire.packing import bitmap_items, packed_size, unpack

CODES = 2**9


@st.composite
def images(draw: st.DrawFn) -> tuple[CodeArray, CodeArray]:
    """An image, and one that differs in some branches: scattered, in a run, or everywhere."""
    branches = draw(st.integers(1, 1500))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    old = rng.integers(0, CODES, branches)
    run = np.zeros(branches, np.bool_)
    start = int(rng.integers(branches))
    run[start : start + int(rng.integers(branches + 1))] = True
    changed = run & (rng.random(branches) < draw(st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0])))
    return old, np.where(changed, rng.integers(0, CODES, branches), old)


def written(commands: list[Command], image: CodeArray, bits: int) -> tuple[CodeArray, int]:
    """What a board makes of the frames, and how many codes it took out of them."""
    image = image.copy()
    taken = 0
    for command in commands:
        if command.message is Message.WRITE:
            whole = decode(WriteRequest, command.payload)
            places = np.arange(whole.start, whole.start + whole.count)
            codes = unpack(whole.codes, whole.count, bits)
        else:
            assert command.message is Message.WRITE_SPARSE
            sparse = decode(WriteSparseRequest, command.payload)
            bitmap = packed_size(sparse.count, 1)
            places = sparse.start + bitmap_items(sparse.changed_and_codes[:bitmap], sparse.count)
            codes = unpack(sparse.changed_and_codes[bitmap:], len(places), bits)
        image[places] = codes
        taken += len(places)
    return image, taken


def cost(commands: list[Command]) -> int:
    return sum(len(command.payload) + OVERHEAD for command in commands)


@given(images=images(), bits=st.integers(9, 16), payload=st.integers(40, MAX_PAYLOAD))
def test_the_frames_lead_from_the_old_image_to_the_new_one(
    images: tuple[CodeArray, CodeArray], bits: int, payload: int
) -> None:
    old, new = images
    commands, codes = plan_writes(old, new, bits, payload)
    image, taken = written(commands, old, bits)
    np.testing.assert_array_equal(image, new)
    assert taken == codes
    assert all(len(command.payload) <= payload for command in commands)
    everything, _ = plan_writes(None, new, bits, payload)
    assert cost(commands) <= cost(everything)


@given(images=images(), bits=st.integers(9, 16), payload=st.integers(40, MAX_PAYLOAD))
def test_where_nothing_is_known_every_code_is_written(
    images: tuple[CodeArray, CodeArray], bits: int, payload: int
) -> None:
    _, new = images
    commands, codes = plan_writes(None, new, bits, payload)
    image, taken = written(commands, np.full(len(new), CODES), bits)
    np.testing.assert_array_equal(image, new)
    assert taken == codes == len(new)


def test_an_unchanged_image_takes_no_frame() -> None:
    image = np.arange(100)
    assert plan_writes(image, image.copy(), 9, MAX_PAYLOAD) == ([], 0)


def test_a_tenth_of_the_codes_costs_less_than_a_third_of_all() -> None:
    rng = np.random.default_rng(0)
    old = rng.integers(0, CODES, 1200)
    new = old.copy()
    new[rng.permutation(1200)[:120]] ^= 1
    assert (
        cost(plan_writes(old, new, 9, MAX_PAYLOAD)[0]) < cost(plan_writes(None, new, 9, MAX_PAYLOAD)[0]) / 3
    )


@given(seed=st.integers(0, 2**32), bits=st.sampled_from([8, 9, 10]))
def test_a_tenth_of_the_codes_costs_at_most_a_quarter_of_all(seed: int, bits: int) -> None:
    rng = np.random.default_rng(seed)
    old = rng.integers(0, 2**bits, 1200)
    new = old.copy()
    changed = rng.permutation(1200)[:120]
    new[changed] = (new[changed] + 1) % 2**bits
    some, codes = plan_writes(old, new, bits, MAX_PAYLOAD)
    assert codes == 120
    assert cost(some) <= 0.25 * cost(plan_writes(None, new, bits, MAX_PAYLOAD)[0])


@given(bits=st.integers(7, 16), branches=st.integers(1, 3000), payload=st.integers(64, MAX_PAYLOAD))
def test_the_last_frame_of_a_long_write_is_short(bits: int, branches: int, payload: int) -> None:
    commands = plan_writes(None, np.zeros(branches, np.int64), bits, payload)[0]
    sizes = [len(command.payload) for command in commands]
    assert max(sizes) <= payload
    assert len(sizes) == 1 or sizes[-1] <= 0.7 * payload
