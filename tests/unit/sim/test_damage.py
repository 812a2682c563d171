"""What damaged lines do to bytes, and that they do it at the stated rate and the same way again."""

import math
import random
from collections.abc import Sequence

import pytest

from labrig.config.faults import (
    Babble,
    Drop,
    Duplicate,
    Flip,
    Insert,
    Silence,
    Truncate,
    WireFault,
)
from labrig.sim.damage import BABBLE_RATE, Chatter, Hush, Line

DATA = bytes(range(256)) * 400


def carried(faults: Sequence[WireFault], pieces: int = 1, direction: str = "down", seed: int = 1) -> bytes:
    line = Line(faults, direction, seed)
    size = len(DATA) // pieces
    return b"".join(line.carry(DATA[k : k + size]) for k in range(0, len(DATA), size))


def binomial_bounds(rate: float) -> tuple[float, float]:
    """Six standard deviations around the expected count: one in 5e8 by chance, and the seed is fixed."""
    expected = len(DATA) * rate
    spread = 6 * math.sqrt(expected * (1 - rate))
    return expected - spread, expected + spread


@pytest.mark.parametrize("rate", [1.5e-3, 0.05, 1.0])
def test_flips_turn_one_bit_of_as_many_bytes_as_stated(rate: float) -> None:
    came = carried([Flip(rate=rate)])
    turned = [a ^ b for a, b in zip(came, DATA, strict=True) if a != b]
    assert {bits.bit_count() for bits in turned} == {1}
    assert {1 << bit for bit in range(8)} == set(turned)
    least, most = binomial_bounds(rate)
    assert least <= len(turned) <= most


@pytest.mark.parametrize(("kind", "sign"), [(Drop, -1), (Duplicate, 1), (Insert, 1)])
def test_bytes_are_lost_doubled_and_added_at_the_stated_rate(
    kind: type[Drop | Duplicate | Insert], sign: int
) -> None:
    least, most = binomial_bounds(0.01)
    assert least <= sign * (len(carried([kind(rate=0.01)])) - len(DATA)) <= most


def test_damage_depends_on_the_seed_and_not_on_the_pieces_in_which_bytes_come() -> None:
    faults: list[WireFault] = [Flip(rate=0.01), Drop(rate=0.01), Insert(rate=0.01), Truncate(rate=1e-3)]
    assert carried(faults) == carried(faults, pieces=100)
    assert carried(faults) != carried(faults, seed=2)
    assert carried(faults) != carried(faults, direction="up")


def test_a_fault_of_one_direction_leaves_the_other_alone() -> None:
    faults: list[WireFault] = [Flip(rate=0.5, direction="up"), Drop(rate=0.5, direction="up")]
    assert carried(faults, direction="down") == DATA
    assert carried(faults, direction="up") != DATA


def test_cut_frames_never_lose_what_is_before_the_cut() -> None:
    frames = [bytes([1 + k % 255]) * 20 + b"\0" for k in range(500)]
    came = Line([Truncate(rate=2e-3)], "down", 3).carry(b"".join(frames))
    assert came != b"".join(frames)
    # A delimiter goes with what is cut off, so that what is left joins the next frame.
    whole = set(frames)
    pieces = [piece + b"\0" for piece in came.split(b"\0")[:-1]]
    joined = [piece for piece in pieces if piece not in whole]
    assert joined
    assert all(piece[-21:] in whole for piece in joined)


def test_silence_comes_and_goes_at_its_times() -> None:
    hush = Hush(Silence(at=1.0, lasts=0.5, every=2.0))
    through = [hush.carry(b"x", 100 + t) for t in (0.0, 0.9, 1.1, 1.4, 1.6, 2.9, 3.1, 3.6)]
    assert through == [b"x", b"x", b"", b"", b"x", b"x", b"", b"x"]


def test_silence_without_every_comes_once() -> None:
    hush = Hush(Silence(at=1.0, lasts=0.5))
    assert [hush.carry(b"x", t) for t in (0.0, 1.2, 1.6, 3.2)] == [b"x", b"", b"x", b"x"]


def test_babble_fills_the_line_during_its_spell() -> None:
    chatter = Chatter(Babble(at=0.0, lasts=1.0), random.Random(1))
    noise = sum(len(chatter.carry(b"", t / 100)) for t in range(100))
    # One more byte a look, because a line that is heard at all says something.
    assert 0.98 * BABBLE_RATE <= noise <= 0.99 * BABBLE_RATE + 100
    assert chatter.carry(b"x", 1.5) == b"x"
