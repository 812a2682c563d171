"""What a board cannot do it refuses, with a reason, and nothing has changed."""

import re
from collections.abc import Mapping
from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from labrig.boards.base import BoardRequest, Codes, Conductances, Program
from labrig.circuit.boundary import Boundary, Nudge, ThroughConductance, TowardTarget
from labrig.errors import ConfigError, LabrigError, LimitExceeded
from tests.support.contract import Subject, with_values

IN, OUT, OTHER_OUT, HIDDEN = 2, 4, 5, 8
FREE = Boundary({0: 1.0, 1: 2.0})


def assert_refused(subject: Subject, request: BoardRequest, error: type[LabrigError], said: str) -> None:
    """The request is refused whole: neither its program nor its first boundaries reach the board."""
    subject.ask(FREE)
    before = state(subject)
    with pytest.raises(error, match=re.escape(said)):
        subject.board.exchange(request)
    assert state(subject) == before


def state(subject: Subject) -> tuple[int, ...]:
    done = subject.board.counters
    counted = (done.exchanges, done.turn_arounds, done.measurements, done.writes)
    return (subject.board.digest(), subject.driven(), *counted)


def forced(voltages: Mapping[int, float]) -> Boundary:
    return Boundary(voltages)


def pulled(nudges: Mapping[int, Nudge]) -> Boundary:
    return Boundary({0: 1.0}, nudges=nudges)


def toward(fraction: float = 0.5, reference: int = 0, target: float = 1.0) -> TowardTarget:
    return TowardTarget(target, fraction, reference)


def through(siemens: float, target: float = 1.0) -> ThroughConductance:
    return ThroughConductance(target, siemens)


@pytest.mark.parametrize(
    ("boundary", "error", "said"),
    [
        (forced({IN: inf}), LimitExceeded, "input line 2 cannot be driven to inf V"),
        (forced({OUT: -inf}), LimitExceeded, "output line 0 cannot be driven to -inf V"),
        (forced({IN: nan}), LimitExceeded, "input line 2 cannot be driven to nan V"),
        (forced({HIDDEN: 1.0}), ConfigError, "hidden line 1 has no driver: the board drives lines 0 … 6"),
        (forced({10: 1.0}), ConfigError, "hidden line 3 is not there"),
        (forced({-1: 1.0}), ConfigError, "input line -1 is not there"),
        (Boundary({OUT: 1.0}, {OUT: 1e-6}), ConfigError, "output line 0 is driven twice"),
        (
            Boundary({OUT: 1.0}, nudges={OUT: through(1e-6)}),
            ConfigError,
            "output line 0 is driven twice",
        ),
        (Boundary({}, {IN: 1e-6}), ConfigError, "input line 2 can be forced only"),
        (pulled({IN: through(1e-6)}), ConfigError, "input line 2 can be forced only"),
        (pulled({IN: toward()}), ConfigError, "input line 2 can be forced only"),
    ],
)
def test_a_boundary_that_it_cannot_impose(
    subject: Subject, rng: np.random.Generator, boundary: Boundary, error: type[LabrigError], said: str
) -> None:
    assert_refused(subject, BoardRequest([Boundary({}), boundary], subject.program(rng)), error, said)


@pytest.mark.parametrize(("end", "side"), [(0.0, -1), (5.0, 1)])
def test_a_voltage_more_than_half_a_step_beyond_its_dac(with_chips: Subject, end: float, side: int) -> None:
    step = with_chips.dac_step
    request = BoardRequest([Boundary({IN: end + side * 0.501 * step})])
    assert_refused(with_chips, request, LimitExceeded, "V: the DAC's range is 0 … 5 V")
    nearer = end + side * 0.491 * step
    reply = with_chips.ask(Boundary({IN: nearer}))
    assert abs(reply.sources[0, IN] - np.clip(nearer, 0, 4.096)) <= with_chips.tolerance


@pytest.mark.parametrize("boundary", [pulled({OUT: through(1e-6, 5.2)}), pulled({OUT: toward(target=-0.1)})])
def test_a_target_beyond_its_dac(nudging_with_chips: Subject, boundary: Boundary) -> None:
    request = BoardRequest([FREE, boundary])
    assert_refused(nudging_with_chips, request, LimitExceeded, "output line 0 cannot be driven to")


@pytest.mark.parametrize(
    ("boundary", "error", "said"),
    [
        (pulled({OUT: toward(reference=1)}), ConfigError, "which is no earlier state of this exchange"),
        (pulled({OUT: toward(reference=2)}), ConfigError, "which is no earlier state of this exchange"),
        (pulled({OUT: toward(reference=-1)}), ConfigError, "which is no earlier state of this exchange"),
        (pulled({OUT: toward(0.5), OTHER_OUT: toward(0.25)}), ConfigError, "several fractions (0.25, 0.5)"),
        (pulled({OUT: toward(2.0)}), LimitExceeded, "a nudge's fraction 2 is outside the range -2 … 1.99994"),
        (pulled({OUT: toward(nan)}), LimitExceeded, "a nudge's fraction nan is outside the range"),
        (pulled({OUT: through(-1e-6)}), LimitExceeded, "a nudge through -1e-06 S is outside"),
        (pulled({OUT: through(inf)}), LimitExceeded, "a nudge through inf S is outside"),
        (
            pulled({OUT: through(1e-6), OTHER_OUT: through(2e-6)}),
            ConfigError,
            "several conductances (1e-06, 2e-06)",
        ),
        (pulled({OUT: through(1e-6, nan)}), LimitExceeded, "output line 0 cannot be driven to nan V"),
    ],
)
def test_a_nudge_that_is_out_of_range(
    nudging: Subject, rng: np.random.Generator, boundary: Boundary, error: type[LabrigError], said: str
) -> None:
    assert_refused(nudging, BoardRequest([FREE, boundary, FREE], nudging.program(rng)), error, said)


@pytest.mark.parametrize("amperes", [inf, nan])
def test_a_current_that_is_out_of_range(injecting: Subject, rng: np.random.Generator, amperes: float) -> None:
    request = BoardRequest([FREE, Boundary({}, {OUT: amperes}), FREE], injecting.program(rng))
    said = f"output line 0: {amperes:g} A cannot be injected"
    assert_refused(injecting, request, LimitExceeded, said)


def test_a_nudge_from_several_states_or_from_a_nudged_one(nudging: Subject) -> None:
    mixed = pulled({OUT: toward(reference=0), OTHER_OUT: toward(reference=1)})
    assert_refused(
        nudging, BoardRequest([FREE, FREE, mixed]), ConfigError, "refer to several states [0, 1]: use one"
    )
    chain = [FREE, pulled({OUT: toward()}), pulled({OUT: toward(reference=1)})]
    assert_refused(nudging, BoardRequest(chain), ConfigError, "state 1, which is nudged itself")


@pytest.mark.parametrize(
    ("boundary", "said"),
    [
        (pulled({OUT: toward()}), "cannot nudge toward a target by itself"),
        (pulled({OUT: through(1e-6)}), "cannot nudge through a conductance"),
    ],
)
def test_a_nudge_that_it_does_not_claim_to_carry_out(
    not_nudging: Subject, rng: np.random.Generator, boundary: Boundary, said: str
) -> None:
    assert_refused(not_nudging, BoardRequest([FREE, boundary], not_nudging.program(rng)), ConfigError, said)


def test_a_current_where_it_has_no_source_of_one(not_injecting: Subject, rng: np.random.Generator) -> None:
    request = BoardRequest([FREE, Boundary({0: 1.0}, {OUT: 1e-6})], not_injecting.program(rng))
    assert_refused(not_injecting, request, ConfigError, "cannot inject currents")


def test_a_program_of_another_size_or_kind(subject: Subject, rng: np.random.Generator) -> None:
    program = subject.program(rng)
    shorter = with_values(program, program.values[:-1])
    said = "was given to a board of 33 branches"
    assert_refused(subject, BoardRequest([FREE], shorter), ConfigError, said)
    other = Conductances(np.ones(33)) if isinstance(program, Codes) else Codes(np.ones(33, dtype=np.int64))
    assert_refused(subject, BoardRequest([FREE], other), ConfigError, "takes")


def test_a_value_outside_the_range_of_its_branches(subject: Subject, rng: np.random.Generator) -> None:
    values: tuple[float, ...] = (-1, subject.codes_top + 1) if subject.board.info.codes else (-1e-6, nan, inf)
    for value in values:
        request = BoardRequest([FREE], with_one(subject.program(rng), value))
        assert_refused(subject, request, LimitExceeded, "branch 20: ")


def with_one(program: Program, value: float) -> Program:
    """The same with one value on branch 20."""
    return with_values(program, np.where(np.arange(33) == 20, value, program.values))


def test_timing_that_it_does_not_do(subject: Subject, rng: np.random.Generator) -> None:
    good = BoardRequest([FREE], subject.program(rng))
    most = subject.board.info.max_averages
    for averages in (0, -1, most + 1):
        request = replace(good, averages=averages)
        assert_refused(subject, request, ConfigError, f"outside what this board does, 1 … {most}")
    for settle in (-1e-3, nan):
        assert_refused(subject, replace(good, settle=settle), ConfigError, "a settling time of")
