"""What a board takes over states and codes is told apart, and foretells other exchanges."""

import numpy as np
import pytest

from labrig.arrays import CodeArray
from labrig.bench.waiting import Waiting
from labrig.circuit.boundary import Boundary
from labrig.procedures.calibrating.pace import read_pace
from tests.support.benches import rig
from tests.support.slow_board import CODE, EXCHANGE, SENSED, STATE, slow_bench


def quiet(_: str, done: int, of: int) -> None:
    assert 0 <= done < of


@pytest.mark.parametrize("settle", [0.0, 0.01])
def test_exchange_state_and_code_are_told_apart(monkeypatch: pytest.MonkeyPatch, settle: float) -> None:
    bench, _ = slow_bench(rig(4, 3, {"settle": settle, "drive": "100 ohm"}), monkeypatch)
    pace = read_pace(bench, quiet)
    assert (pace.settle, pace.averages, pace.payload) == (settle, 1, 202)
    assert pace.exchange == pytest.approx(EXCHANGE)
    assert pace.state == pytest.approx(STATE + settle)
    assert pace.sensed == pytest.approx(SENSED + settle)
    assert pace.code == pytest.approx(CODE)


def test_the_board_has_its_own_codes_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, _ = slow_bench(rig(2, 2), monkeypatch)
    bench.write_codes(np.array([7, 256, 30, 200]))
    read_pace(bench, quiet)
    assert bench.read_back().tolist() == [7, 256, 30, 200]


def test_the_board_has_its_own_codes_where_timing_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, _ = slow_bench(rig(2, 2), monkeypatch)
    bench.write_codes(np.array([7, 256, 30, 200]))
    write, calls = bench.write_codes, 0

    def interrupted(codes: CodeArray) -> None:
        nonlocal calls
        calls += 1
        write(codes)
        if calls == 2:  # the first were its own
            raise KeyboardInterrupt

    monkeypatch.setattr(bench, "write_codes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        read_pace(bench, quiet)
    assert bench.read_back().tolist() == [7, 256, 30, 200]


def test_other_exchanges_take_what_the_pace_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the rig settles longer than when it was calibrated as well."""
    pace = read_pace(slow_bench(rig(4, 3, {"settle": 0.001}), monkeypatch)[0], quiet)
    bench, _ = slow_bench(rig(4, 3, {"settle": 0.004}), monkeypatch)
    bench.waiting = Waiting(pace)
    free = Boundary(dict.fromkeys(range(4), 1.0))
    codes = bench.branch_values().astype(np.int64)
    bench.write_codes(codes - 9)
    bench.settle([free, free, free])
    codes[:2] -= 9
    bench.write_codes(codes)
    bench.read_back()
    assert bench.waiting.measured > 4 * EXCHANGE
    assert bench.waiting.predicted == pytest.approx(bench.waiting.measured)


def test_where_nobody_timed_the_board_nothing_is_foretold(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, _ = slow_bench(rig(2, 2), monkeypatch)
    bench.settle([Boundary({0: 1.0})])
    assert bench.waiting.measured > 0
    assert bench.waiting.predicted == 0
