"""What the supervisor admits, what it refuses, and how it says so."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from labrig.arrays import BranchArray
from labrig.bench.limits import BenchLimits
from labrig.bench.supervisor import Supervisor
from labrig.circuit.boundary import Boundary, ThroughConductance, TowardTarget
from labrig.circuit.topology import Topology
from labrig.errors import LimitExceeded

TOPOLOGY = Topology.crossbar(2, 2)
IN0, IN1, OUT0, OUT1 = range(4)


def conductances(*values: float) -> BranchArray:
    return np.array([*values, *[1e-6] * (4 - len(values))])


def supervisor(settle: float = 0.0, spread: float = 1.0, **limits: float) -> Supervisor:
    return Supervisor(TOPOLOGY, BenchLimits(**limits), settle, spread)


def refusal(guard: Supervisor, boundaries: Sequence[Boundary], g: BranchArray | None = None) -> str:
    with pytest.raises(LimitExceeded) as refused:
        guard.admit(boundaries, conductances() if g is None else g)
    assert "nothing was sent" in str(refused.value)
    return str(refused.value)


def carry_out(guard: Supervisor, boundaries: Sequence[Boundary], g: BranchArray) -> None:
    guard.admit(boundaries, g)
    guard.settled(boundaries, g)


@pytest.mark.parametrize(
    ("limits", "boundary", "message"),
    [
        (
            {"voltage": 3.0},
            Boundary({IN0: 1.0, IN1: 3.1}),
            "could take node in1 to 3.1 V, the limit is 3 V;",
        ),
        (
            {"voltage": 3.0},
            Boundary({IN0: -3.1}),
            "could take node in0 to -3.1 V, the limit is 3 V;",
        ),
        (
            {"branch_current": 1e-3},
            Boundary({IN0: 4.0, IN1: 1.0}),
            "could take branch in0-out1 to 1.2 mA, the limit is 1 mA;",
        ),
        (
            {"branch_power": 1e-3},
            Boundary({IN0: 4.0, IN1: 1.0}),
            "could take branch in0-out1 to 3.6 mW, the limit is 1 mW;",
        ),
        (
            {"conductance": 1e-4},
            Boundary({}),
            "could take branch in0-out1 to 400 µS, the limit is 100 µS;",
        ),
        (
            {"slew": 100.0},
            Boundary({IN1: 3.0}),
            "could take node in1 at 300 V/s, the limit is 100 V/s;",
        ),
    ],
    ids=["voltage", "negative voltage", "current", "power", "conductance", "slew"],
)
def test_a_refusal_names_the_place_the_value_and_the_limit(
    limits: dict[str, float], boundary: Boundary, message: str
) -> None:
    assert message in refusal(supervisor(settle=0.01, **limits), [boundary], conductances(1e-6, 4e-4))


def test_what_meets_a_limit_exactly_is_admitted() -> None:
    guard = supervisor(
        settle=0.01, voltage=3.0, branch_current=3e-4, branch_power=9e-4, conductance=1e-4, slew=300.0
    )
    carry_out(guard, [Boundary({IN0: 3.0, IN1: 0.0})], conductances(1e-4))
    beyond = refusal(guard, [Boundary({IN0: 3.00001, IN1: 0.0})], conductances(1e-4))
    assert "in0 to 3.00001 V, the limit is 3 V" in beyond
    beyond = refusal(guard, [Boundary({IN0: 3.0, IN1: 0.0})], conductances(1.00001e-4))
    assert "in0-out0 to 100.001 µS, the limit is 100 µS" in beyond


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_a_voltage_or_current_that_is_no_number_is_refused_without_any_limit(odd: float) -> None:
    guard = supervisor()
    assert "node in0 to" in refusal(guard, [Boundary({IN0: odd})])
    assert "node out1 to" in refusal(guard, [Boundary({IN0: 1.0}, {OUT1: odd})])
    assert "node out0 to" in refusal(
        guard, [Boundary({IN0: 1.0}, nudges={OUT0: ThroughConductance(odd, 1e-6)})]
    )
    assert "node out0 to" in refusal(
        guard, [Boundary({IN0: 1.0}), Boundary({IN0: 1.0}, nudges={OUT0: TowardTarget(1.0, odd, 0)})]
    )


def test_codes_are_bounded_by_the_boundary_that_is_still_imposed_while_they_change() -> None:
    guard = supervisor(branch_current=1e-3)
    carry_out(guard, [Boundary({IN0: 5.0, IN1: 0.0})], conductances(1e-4))
    low = Boundary({IN0: 1.0, IN1: 0.0})
    assert "2 mA" in refusal(guard, [low], conductances(4e-4))
    carry_out(guard, [low], conductances(1e-4))
    carry_out(guard, [low], conductances(4e-4))


def test_the_old_codes_are_still_there_when_the_first_of_the_new_ones_is_written() -> None:
    guard = supervisor(branch_current=1e-3)
    carry_out(guard, [Boundary({IN0: 1.0, IN1: 0.0})], conductances(9e-4, 1e-6))
    # Each branch may be as it was or as it will be: neither of them carries more than 0.9 mA.
    guard.admit([Boundary({IN0: 1.0, IN1: 0.0})], conductances(1e-6, 9e-4))
    assert "1.1 mA" in refusal(guard, [Boundary({IN0: 1.0, IN1: 0.0})], conductances(1e-6, 1.1e-3))


def test_two_boundaries_that_follow_one_another_are_bounded_by_their_common_span() -> None:
    guard = supervisor(branch_current=1e-3)
    high, low = Boundary({IN0: 5.0, IN1: 4.0}), Boundary({IN0: 0.0, IN1: 1.0})
    g = conductances(5e-4)
    carry_out(guard, [high], g)
    assert "2.5 mA" in refusal(guard, [low], g)
    assert "2.5 mA" in refusal(supervisor(branch_current=1e-3), [high, low], g)


def test_boundaries_further_apart_than_neighbours_do_not_count_together() -> None:
    guard = supervisor(branch_current=1e-3)
    steps = [Boundary({IN0: volts, IN1: volts}) for volts in (5.0, 4.0, 3.0, 2.0, 1.0, 0.0)]
    guard.admit(steps, conductances(9e-4))
    assert "4.5 mA" in refusal(supervisor(branch_current=1e-3), steps[:1] + steps[-1:], conductances(9e-4))


def test_after_a_release_the_old_boundary_counts_no_more() -> None:
    guard = supervisor(branch_current=1e-3)
    carry_out(guard, [Boundary({IN0: 5.0, IN1: 4.0})], conductances(5e-4))
    assert "2.5 mA" in refusal(guard, [Boundary({IN0: 0.0, IN1: 1.0})], conductances(5e-4))
    guard.released()
    guard.admit([Boundary({IN0: 0.0, IN1: 1.0})], conductances(5e-4))


def test_after_an_exchange_that_broke_off_all_of_it_may_still_be_there() -> None:
    guard = supervisor(branch_current=1e-3)
    high, low = Boundary({IN0: 5.0, IN1: 4.0}), Boundary({IN0: 0.0, IN1: 1.0})
    guard.admit([high], conductances(5e-4))  # and never settled
    assert "2.5 mA" in refusal(guard, [low], conductances(5e-4))
    assert "1.1 mA" in refusal(guard, [], conductances(1.1e-3))
    guard.released()
    guard.admit([low], conductances(5e-4))


def test_a_refused_exchange_leaves_no_trace() -> None:
    guard = supervisor(branch_current=1e-3)
    low = Boundary({IN0: 0.5, IN1: 0.0})
    refusal(guard, [Boundary({IN0: 5.0, IN1: 0.0})], conductances(1e-3))
    guard.admit([low], conductances(1e-3))
    carried_out = supervisor(branch_current=1e-3)
    carry_out(carried_out, [Boundary({IN0: 5.0, IN1: 0.0})], conductances(1e-4))
    assert "5 mA" in refusal(carried_out, [low], conductances(1e-3))


def test_an_exchange_of_codes_alone_leaves_the_boundary_imposed() -> None:
    guard = supervisor(branch_current=1e-3)
    carry_out(guard, [Boundary({IN0: 5.0, IN1: 0.0})], conductances(1e-4))
    carry_out(guard, [], conductances(2e-4))
    assert "2 mA" in refusal(guard, [], conductances(4e-4))


def test_an_injected_current_adds_to_every_branch() -> None:
    guard = supervisor(branch_current=1e-3)
    g = conductances(1e-4)
    guard.admit([Boundary({IN0: 5.0, IN1: 0.0}, {OUT0: 3e-4, OUT1: -2e-4})], g)
    assert "1.1 mA" in refusal(
        supervisor(branch_current=1e-3), [Boundary({IN0: 5.0, IN1: 0.0}, {OUT0: 3e-4, OUT1: -3e-4})], g
    )


def test_currents_of_two_neighbours_may_flow_together() -> None:
    first, second = Boundary({IN0: 0.0}, {OUT0: 6e-4}), Boundary({IN0: 0.0}, {OUT1: -6e-4})
    assert "1.2 mA" in refusal(supervisor(branch_current=1e-3), [first, second])
    supervisor(branch_current=1e-3).admit([first, Boundary({IN0: 0.0}, {OUT0: -6e-4})], conductances())
    smaller = Boundary({IN0: 0.0, IN1: 5.0}, {OUT0: 1e-4})
    assert "1.1 mA" in refusal(supervisor(branch_current=1e-3), [first, smaller], conductances(1e-4))


def test_an_injected_current_heats_the_weakest_branch_most_if_it_takes_the_way_through_it() -> None:
    """All of 100 µA through 1 µS is 10 mW; through a part that may be a third more resistive, 15 mW."""
    injection = [Boundary({IN0: 0.0}, {OUT0: 1e-4})]
    supervisor(branch_power=10.1e-3).admit(injection, conductances(1e-4))
    assert "15 mW" in refusal(supervisor(branch_power=10.1e-3, spread=2 / 3), injection, conductances(1e-4))


def test_a_pull_through_a_conductance_counts_with_its_target() -> None:
    guard = supervisor(branch_current=1e-3, voltage=3.0)
    boundary = Boundary({IN0: 0.0}, nudges={OUT0: ThroughConductance(2.5, 1e-6)})
    assert "1.25 mA" in refusal(guard, [boundary], conductances(5e-4))
    over = Boundary({IN0: 0.0}, nudges={OUT0: ThroughConductance(3.5, 1e-6)})
    assert "node out0 to 3.5 V" in refusal(guard, [over])


@pytest.mark.parametrize(
    ("fraction", "clamp"),
    [(0.5, 3.0), (1.0, 4.0), (1.5, 6.0), (-0.5, 0.5 * -4 + 1.5 * 2)],
)
def test_a_pull_starts_anywhere_between_the_voltages_that_drive_the_state_that_it_starts_from(
    fraction: float, clamp: float
) -> None:
    """x is in 0 … 2 V, the target 4 V; the nudged state itself has other inputs."""
    pulled = Boundary({IN0: 4.5, IN1: 4.5}, nudges={OUT0: TowardTarget(4.0, fraction, 0)})
    boundaries = [Boundary({IN0: 0.0, IN1: 2.0}), pulled]
    highest = max(x + fraction * (4.0 - x) for x in (0.0, 2.0))
    assert clamp in {highest, 4.0 * fraction + 2.0 * (1 - fraction)}
    supervisor(voltage=max(highest, 4.5)).admit(boundaries, conductances())
    if highest > 4.5:
        assert "node out0" in refusal(supervisor(voltage=highest - 0.01), boundaries)


@pytest.mark.parametrize(
    "start",
    [Boundary({}), Boundary({IN0: 1.0}, {OUT1: 1e-9})],
    ids=["nothing is driven", "a current is injected"],
)
def test_a_pull_from_a_state_whose_voltages_nothing_bounds_is_refused(start: Boundary) -> None:
    pulled = Boundary({IN0: 1.0}, nudges={OUT0: TowardTarget(1.0, 0.5, 0)})
    assert "node out0 to inf V" in refusal(supervisor(voltage=5.0), [start, pulled])


def test_with_pulls_any_boundary_of_the_exchange_may_follow_any_other() -> None:
    """A board brings a pulled state forward, right behind the one that it starts from."""
    first, between = Boundary({IN0: 0.0, IN1: 0.5}), Boundary({IN0: 1.5, IN1: 1.5})
    pulled = Boundary({IN0: 3.0, IN1: 3.0}, nudges={OUT0: TowardTarget(3.0, 1.0, 0)})
    last = Boundary({IN0: 3.0, IN1: 3.0})
    g = conductances(5e-4)
    supervisor(branch_current=1e-3).admit([first, between, last], g)
    assert "1.5 mA" in refusal(supervisor(branch_current=1e-3), [first, between, pulled], g)


def test_a_ramp_within_the_slew_limit_is_admitted_and_a_jump_is_not() -> None:
    guard = supervisor(settle=0.01, slew=100.0)
    ramp = [Boundary({IN0: volts}) for volts in (1.0, 2.0, 3.0)]
    carry_out(guard, ramp, conductances())
    guard.admit([Boundary({IN0: 4.0})], conductances())
    guard.settled([Boundary({IN0: 4.0})], conductances())
    assert "node in0 at 400 V/s" in refusal(guard, [Boundary({IN1: 1.0})])
    assert "node in0 at 200 V/s" in refusal(guard, [Boundary({IN0: 2.0})])


def test_without_settling_time_no_step_is_slow_enough() -> None:
    assert "node in0 at inf V/s" in refusal(supervisor(slew=1e6), [Boundary({IN0: 0.1})])


def test_boundaries_that_were_admitted_are_looked_at_again_under_other_conductances() -> None:
    guard = supervisor(branch_current=1e-3)
    boundaries = [Boundary({IN0: 4.0, IN1: 1.0}), Boundary({IN0: 4.0, IN1: 1.0, OUT0: 2.0})]
    carry_out(guard, boundaries, conductances(3e-4))
    carry_out(guard, boundaries, conductances(3e-4))
    assert "1.2 mA" in refusal(guard, boundaries, conductances(4e-4))
    guard.admit(boundaries, conductances(3e-4))


def test_a_refused_boundary_is_refused_as_often_as_it_comes() -> None:
    guard = supervisor(voltage=3.0)
    boundaries = [Boundary({IN0: 3.1})]
    assert refusal(guard, boundaries) == refusal(guard, boundaries)
