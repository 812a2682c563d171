"""Memristors are written once and read over time; nobody waits for less than nothing."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labrig.errors import ConfigError
from labrig.procedures.memristors.retention import Clock, RetentionPlan, retention, spaced_times
from labrig.procedures.memristors.runs import Stored
from labrig.store.reader import RunReader
from tests.support.checks import quiet
from tests.support.memristors import opened


@dataclass
class Hands:
    """A clock that goes on by what it sleeps, and by a while each time that it is looked at."""

    a_look: float = 0.0
    time: float = 100.0
    slept: list[float] = field(default_factory=list[float])

    def now(self) -> float:
        self.time += self.a_look
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.time += seconds

    @property
    def clock(self) -> Clock:
        return Clock(self.now, self.sleep)


def kept(folder: Path, hands: Hands, times: list[float], **options: Any) -> Any:
    asked = options.pop("asked", lambda: None)
    branches = options.pop("branches", ())
    with opened(**options) as (bench, true):
        plan = RetentionPlan(40e-6, times, branches)
        found = retention(bench, plan, Stored("r", "", folder), quiet, asked, hands.clock)
        return found, bench, true


def test_reads_come_at_their_times(tmp_path: Path) -> None:
    hands = Hands()
    found, _, _ = kept(tmp_path, hands, [0.0, 1.0, 10.0, 60.0])
    np.testing.assert_allclose(found.times, [0.0, 1.0, 10.0, 60.0], atol=1e-9)
    assert sum(hands.slept) == pytest.approx(60.0)
    assert max(hands.slept) <= 0.5
    assert all(found.reached)
    np.testing.assert_allclose(found.conductances[0], 40e-6, rtol=0.01 + 4 * 20e-9 / 40e-6 + 0.002)


def test_where_reading_takes_longer_than_the_times_are_apart_it_never_sleeps(tmp_path: Path) -> None:
    hands = Hands(a_look=5.0)
    found, _, _ = kept(tmp_path, hands, [0.0, 0.1, 0.2, 0.3])
    assert hands.slept == []
    assert len(found.times) == 4
    assert np.all(np.diff(found.times) > 0)


def test_every_read_is_stored_and_an_interrupt_keeps_them(tmp_path: Path) -> None:
    hands = Hands()
    found, bench, true = kept(
        tmp_path, hands, [0.0, 1.0, 1e6], asked=lambda: "Ctrl-C" if hands.time > 150 else None
    )
    assert found.ended.outcome == "interrupted"
    assert len(found.times) == 2
    assert hands.time < 152
    with RunReader(found.ended.run) as reader:
        assert reader.info().status == "interrupted"
        assert reader.scalars("due").tolist() == [0.0, 1.0]
    assert bench.pulses.sum() == true.pulses.sum()


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    found, _, true = kept(tmp_path, Hands(), [0.0], branches=["in0,out1", "in2-out2"])
    assert found.branches == ("in0-out1", "in2-out2")
    assert set(np.flatnonzero(true.pulses).tolist()) <= {1, 8}
    assert np.isnan(found.change).all()


def test_drift_is_seen_as_it_is(tmp_path: Path) -> None:
    # Each exchange takes 1000 s of the devices' own time; nothing else differs.
    vices = {"drift": 0.02, "relaxation": 0.0, "read_noise": "0 S"}
    found, bench, true = kept(
        tmp_path, Hands(), [float(k) for k in range(10)], vices=vices, exchange="1000 s"
    )
    last = bench.exchange_index - 1
    expected = true.at_rest(last) / true.at_rest(last - 9) - 1
    # Steps of the converters are 38 nS of 40 uS each way.
    np.testing.assert_allclose(found.change, expected, atol=2 * 38e-9 / 40e-6)
    assert found.change.min() < -0.01


@pytest.mark.parametrize("times", [[], [1.0, 1.0], [2.0, 1.0], [-1.0], [float("nan")]])
def test_times_that_do_not_rise_are_refused(tmp_path: Path, times: list[float]) -> None:
    with pytest.raises(ConfigError, match=r"--times: found .* write times that rise"):
        kept(tmp_path, Hands(), times)


def test_times_are_spaced_in_equal_ratios() -> None:
    times = spaced_times(100.0, 4)
    assert times == pytest.approx([0.0, 1.0, 10.0, 100.0])
    assert spaced_times(0.5, 2) == pytest.approx([0.0, 0.5])
    assert np.all(np.diff(spaced_times(0.5, 9)) > 0)
    with pytest.raises(ConfigError, match="--for and --points"):
        spaced_times(0.0, 5)
