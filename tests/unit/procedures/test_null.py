"""``labrig null``: what is there is found, and what is not is not."""

from typing import Any

import numpy as np

from labrig.bench.assembly import open_bench
from labrig.procedures.null import Null, null
from tests.support.benches import rig

NOISE = 5e-4
LATE = {"kind": "adc-offset", "node": "out1", "offset": "1 mV", "readings": "second"}
OFFSET = {"kind": "adc-offset", "node": "out2", "offset": "-1 mV"}


def quiet(*_: object) -> None:
    """No progress."""


def look(seed: int = 3, faults: list[dict[str, Any]] | None = None, repeats: int = 64, **adc: Any) -> Null:
    board = {"seed": seed, "adc": {"bits": 16, "span": "5 V", **adc}}
    with open_bench(rig(4, 3, board, faults=faults or [])) as bench:
        return null(bench, repeats, quiet)


def test_a_bias_of_1_mv_of_the_second_reading_is_found_in_noise_of_half_as_much() -> None:
    found = look(faults=[LATE], noise="500 uV")
    assert [found.nodes[k] for k in np.flatnonzero(found.apart.found)] == ["out1"]
    assert not found.offset.found.any()
    out1 = found.nodes.index("out1")
    assert abs(found.apart.volts[out1] - 1e-3) < 4 * NOISE * np.sqrt(2 / found.repeats)


def test_an_offset_is_found_where_all_inputs_have_one_potential() -> None:
    found = look(faults=[OFFSET], noise="500 uV")
    assert [found.nodes[k] for k in np.flatnonzero(found.offset.found)] == ["out2"]
    assert not found.apart.found.any()
    out2 = found.nodes.index("out2")
    assert abs(found.offset.volts[out2] + 1e-3) < 4 * NOISE / np.sqrt(found.repeats)


def test_both_are_seen_without_any_noise_and_nothing_else_is() -> None:
    found = look(faults=[LATE, OFFSET], repeats=3)
    assert [found.nodes[k] for k in np.flatnonzero(found.apart.found)] == ["out1"]
    assert [found.nodes[k] for k in np.flatnonzero(found.offset.found)] == ["out2"]


def test_a_sound_board_is_seldom_said_to_be_biased() -> None:
    """One in a hundred by construction: of 200 boards, more than 8 would come once in 2000 times."""
    wrong = 0
    for seed in range(200):
        found = look(seed, repeats=8, noise="500 uV")
        wrong += bool(found.offset.found.any() or found.apart.found.any())
    assert wrong <= 8


def test_the_noise_of_one_reading_is_told() -> None:
    """Three nodes in four; the deviation of one over n readings is known to 1/sqrt(2n)."""
    found = look(repeats=200, noise="500 uV")
    assert abs(found.noise / NOISE - 1) < 4 / np.sqrt(2 * 200 * len(found.nodes))


def test_a_channel_at_its_rail_is_not_measured_and_nothing_is_said_of_it() -> None:
    found = look(faults=[{"kind": "adc-stuck", "node": "in1", "code": 65535}], noise="500 uV")
    unread = [found.nodes[k] for k in np.flatnonzero(np.isnan(found.offset.volts))]
    assert unread == ["in1"]
    assert not found.offset.found.any()
