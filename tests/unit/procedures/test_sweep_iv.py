"""Sweeps over a resistor: which points, which policy, and who is told that all is well."""

import numpy as np
import pytest

from labrig.instruments.base import Limited, Metering, Reading, VoltageSource
from labrig.procedures.sweeps.iv import PART, SweepPlan, sweep_iv
from labrig.procedures.sweeps.words import AtCompliance
from tests.support.meters import ResistorMeter

MILLIAMPERE = VoltageSource(compliance=1e-3)
UP_AND_BACK = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 1.5, 1.0, 0.5, 0.0])


class Lease:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    def renew(self, seconds: float = 5.0) -> None:
        self.seconds.append(seconds)


def swept(meter: ResistorMeter, plan: SweepPlan) -> list[Reading]:
    return [reading for part in sweep_iv(meter, Lease(), plan) for reading in part]


def test_a_sweep_goes_into_the_engine_where_nothing_depends_on_a_reading() -> None:
    meter = ResistorMeter()
    readings = swept(meter, SweepPlan(MILLIAMPERE, UP_AND_BACK))
    assert meter.asked == ["configure", "enable", "sweep 9"]
    assert [reading.level for reading in readings] == UP_AND_BACK.tolist()


def test_a_long_sweep_is_read_in_parts() -> None:
    slow = VoltageSource(compliance=1.0, metering=Metering(nplc=10.0))
    meter, lease = ResistorMeter(), Lease()
    plan = SweepPlan(slow, np.linspace(0.0, 1.0, 100))
    parts = list(sweep_iv(meter, lease, plan))
    assert sum(map(len, parts)) == 100
    assert len(parts) > 1
    for part, seconds in zip(parts, lease.seconds, strict=True):
        assert len(part) * plan.point_time <= PART + plan.point_time
        assert seconds > len(part) * plan.point_time, "the lease outlasts what it is for"


def test_points_at_the_limit_are_kept_and_flagged() -> None:
    readings = swept(ResistorMeter(), SweepPlan(MILLIAMPERE, UP_AND_BACK))
    limited = [reading.level for reading in readings if reading.limited is Limited.SET]
    assert limited == [1.5, 2.0, 1.5]
    assert max(reading.amperes for reading in readings) == pytest.approx(1e-3)


def test_a_sweep_may_end_at_its_limit() -> None:
    plan = SweepPlan(MILLIAMPERE, UP_AND_BACK, AtCompliance.STOP)
    assert [reading.level for reading in swept(ResistorMeter(), plan)] == [0.0, 0.5, 1.0, 1.5]


def test_a_sweep_may_step_back_from_its_limit_and_go_on_with_the_way_back() -> None:
    meter = ResistorMeter()
    readings = swept(meter, SweepPlan(MILLIAMPERE, UP_AND_BACK, AtCompliance.STEP_BACK))
    assert [reading.level for reading in readings] == [0.0, 0.5, 1.0, 1.5, 1.0, 0.5, 0.0]
    assert meter.asked[meter.asked.index("measure 1.5") + 1] == "source 1"


def test_stepping_back_on_one_side_leaves_the_other_side_alone() -> None:
    levels = np.array([0.0, 1.0, 2.0, 0.0, -1.0, -2.0])
    lopsided = SweepPlan(MILLIAMPERE, levels, AtCompliance.STEP_BACK)
    seen = [reading.level for reading in swept(ResistorMeter(), lopsided)]
    assert seen == [0.0, 1.0, 2.0, 0.0, -1.0, -2.0]


def test_a_pulse_rests_at_zero_between_its_points() -> None:
    meter = ResistorMeter()
    swept(meter, SweepPlan(MILLIAMPERE, np.array([0.5, 1.0]), pulse=1e-3))
    assert meter.asked[2:] == ["measure 0.5", "source 0", "measure 1", "source 0"]


def test_whoever_has_to_follow_hears_of_a_level_before_it_is_sourced() -> None:
    meter = ResistorMeter()
    plan = SweepPlan(MILLIAMPERE, np.array([0.5, 1.0]), point_by_point=True)
    list(sweep_iv(meter, Lease(), plan, lambda level: meter.asked.append(f"before {level:g}")))
    assert meter.asked[2:] == ["before 0.5", "measure 0.5", "before 1", "measure 1"]
