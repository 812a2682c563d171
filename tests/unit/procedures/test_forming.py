"""Forming ends at the target, at the ceiling or after the most pulses, and never goes on beyond."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labrig.bench.memristor_bench import MemristorBench
from labrig.errors import ConfigError, LimitExceeded
from labrig.procedures.memristors.forming import Formed, Forming, FormingPlan, form
from labrig.procedures.memristors.runs import Stored
from labrig.sim.memristors import TrueMemristors
from labrig.store.reader import RunReader
from tests.support.checks import quiet
from tests.support.memristors import opened

LIMITS = {"voltage": "3.3 V", "branch_current": "0.5 mA"}


@pytest.fixture
def pristine() -> Iterator[tuple[MemristorBench, TrueMemristors]]:
    with opened(formed=False, limits=LIMITS) as both:
        yield both


def formed(bench: MemristorBench, folder: Path, asked: Any = lambda: None, **plan: Any) -> Forming:
    return form(bench, FormingPlan(**plan), Stored("form", "", folder), quiet, asked)


def test_every_device_is_formed_by_the_first_pulse_above_its_voltage(
    pristine: tuple[MemristorBench, TrueMemristors], tmp_path: Path
) -> None:
    bench, true = pristine
    found = formed(bench, tmp_path)
    assert set(found.outcomes.tolist()) == {Formed.NOW}
    assert true.formed.all()
    step = bench.part.forming.step
    needed = true.devices.forming
    assert np.all((found.highest >= needed) & (found.highest < needed + step))
    # Nothing but forming pulses: as many as it takes from the start by the step.
    start = (bench.part.set.highest + bench.part.forming.voltage) / 2
    np.testing.assert_array_equal(found.pulses, np.ceil((needed - start) / step - 1e-9).astype(int) + 1)
    np.testing.assert_array_equal(true.pulses, found.pulses)
    assert np.all(found.conductances >= bench.part.lowest)


def test_it_ends_at_the_ceiling(pristine: tuple[MemristorBench, TrueMemristors], tmp_path: Path) -> None:
    bench, true = pristine
    ceiling = float(np.median(true.devices.forming))
    found = formed(bench, tmp_path, ceiling=ceiling)
    reached = true.devices.forming <= ceiling
    assert found.highest.max() <= ceiling
    assert set(found.outcomes[~reached & ~true.formed].tolist()) == {Formed.CEILING}
    assert not true.formed[~reached].any()


def test_it_ends_after_the_most_pulses(
    pristine: tuple[MemristorBench, TrueMemristors], tmp_path: Path
) -> None:
    bench, true = pristine
    found = formed(bench, tmp_path, most_pulses=3)
    assert true.pulses.max() == 3
    assert set(found.outcomes.tolist()) == {Formed.PULSES}
    assert not true.formed.any()


def test_what_conducts_already_gets_no_pulse_and_neither_does_what_is_not_asked_for(tmp_path: Path) -> None:
    with opened(limits=LIMITS) as (bench, true):
        found = formed(bench, tmp_path)
        assert set(found.outcomes.tolist()) == {Formed.BEFORE}
        assert true.pulses.sum() == 0
        with pytest.raises(LimitExceeded, match="branch in0-out0 is formed, and a forming pulse would harm"):
            bench.form(np.array([0]), 2.0)
        with pytest.raises(ConfigError, match="more forming would harm it; name less"):
            formed(bench, tmp_path, target=60e-6)
    with opened(formed=False, limits=LIMITS, mask=["in2-out2"]) as (bench, true):
        one = formed(bench, tmp_path, branches=["in1,out1"])
        assert one.branches == ("in1-out1",)
        assert np.flatnonzero(true.pulses).tolist() == [4]
        formed(bench, tmp_path)
        assert true.pulses[8] == 0


def test_formed_devices_at_their_least_conductance_get_no_forming_pulse(tmp_path: Path) -> None:
    with opened(rows=8, columns=8, limits=LIMITS) as (bench, true):
        bench.write(np.full(64, bench.part.lowest))
        assert np.any(bench.read_array() < bench.part.lowest)
        before = true.pulses.copy()
        assert set(formed(bench, tmp_path).outcomes.tolist()) == {Formed.BEFORE}
        np.testing.assert_array_equal(true.pulses, before)


def test_no_limit_of_the_rig_is_passed(tmp_path: Path) -> None:
    with (
        opened(formed=False) as (bench, true),
        pytest.raises(ConfigError, match=r"forming begins at 1\.9 V, but the ceiling is 1\.5 V"),
    ):
        formed(bench, tmp_path)
    assert true.pulses.sum() == 0
    with opened(formed=False, limits=LIMITS | {"voltage": "2.4 V"}) as (bench, true):
        found = formed(bench, tmp_path, ceiling=3.0)
        assert found.highest.max() <= 2.4


def test_each_round_is_stored_and_an_interrupt_ends_after_one(
    pristine: tuple[MemristorBench, TrueMemristors], tmp_path: Path
) -> None:
    bench, true = pristine
    answers = iter([None, None, "Ctrl-C"])
    found = formed(bench, tmp_path, asked=lambda: next(answers))
    assert found.ended.outcome == "interrupted"
    assert true.pulses.max() == 2
    assert set(found.outcomes.tolist()) == {-1}
    with RunReader(found.ended.run) as reader:
        assert reader.info().status == "interrupted"
        assert reader.scalars("volts").tolist() == pytest.approx([1.9, 1.95])
        row = reader.row()
        assert row is not None
        assert np.asarray(row.values["conductances"]).shape == (12,)
