"""What a link turns out to be like."""

import numpy as np
import pytest

from labrig.boards.base import Counters
from labrig.boards.quality import TRIES, ErrorRate, RoundTrip, Spread, advice
from labrig.wire.definition import MAX_PAYLOAD


def test_the_time_to_wait_is_four_round_trips_doubled_at_each_vain_wait_within_its_ends() -> None:
    round_trip = RoundTrip()
    for _ in range(200):
        round_trip.sample(0.03)
    waits: list[float] = []
    for _ in range(TRIES):
        waits.append(round_trip.timeout)
        round_trip.expire()
    assert waits == pytest.approx([min(1.0, 0.12 * 2**k) for k in range(TRIES)], rel=1e-6)
    round_trip.give_up()
    assert round_trip.timeout == pytest.approx(0.12, rel=1e-6)


def test_a_doubled_time_to_wait_lasts_until_a_frame_that_was_sent_once_is_answered() -> None:
    round_trip = RoundTrip()
    for _ in range(200):
        round_trip.sample(1e-4)
    assert round_trip.timeout == 0.02
    round_trip.expire()
    assert round_trip.timeout == 0.04
    round_trip.sample(1e-4)
    assert round_trip.timeout == 0.02


def test_whole_frames_at_few_errors_half_ones_at_5_percent_and_the_smallest_at_20() -> None:
    rate = ErrorRate()
    assert rate.payload == MAX_PAYLOAD
    seen: dict[int, int] = {}
    for lost in range(40):
        seen.setdefault(rate.payload, lost)
        rate.bad(1)
    assert list(seen) == [MAX_PAYLOAD, MAX_PAYLOAD // 2, 64]
    assert [1 - (63 / 64) ** lost for lost in list(seen.values())[1:]] == pytest.approx(
        [0.05, 0.2], abs=0.016
    )


def test_errors_are_forgotten_over_some_hundred_frames() -> None:
    rate = ErrorRate()
    rate.bad(64)
    assert rate.payload == 64
    rate.good(100)
    assert rate.payload == MAX_PAYLOAD // 2
    rate.good(200)
    assert rate.payload == MAX_PAYLOAD


@pytest.mark.parametrize(
    ("frames", "retries", "share"), [(99, 50, None), (1000, 10, None), (1000, 25, "2.5%")]
)
def test_a_link_that_loses_more_than_one_in_a_hundred_frames_is_spoken_of(
    frames: int, retries: int, share: str | None
) -> None:
    said = advice(Counters(frames=frames, retries=retries))
    if share is None:
        assert said is None
    else:
        assert said == f"{share} of {frames} frames had to be sent again: check the cable and the baud rate"


def test_repetitions_do_not_keep_step_with_a_period() -> None:
    spread = Spread()
    phases = np.cumsum([spread(0.05) for _ in range(40)]) % 0.05 / 0.05
    assert all(np.any((phases >= k / 8) & (phases < (k + 1) / 8)) for k in range(8))
    assert all(0.05 <= spread(0.05) <= 0.075 for _ in range(100))
