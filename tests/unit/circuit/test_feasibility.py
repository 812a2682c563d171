"""Whether a box of conductances holds a solution, against closed forms and against exhaustion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labrig.arrays import FloatArray
from labrig.circuit.boundary import Boundary
from labrig.circuit.coercivity import coercivity, output_derivative
from labrig.circuit.feasibility import Feasibility, Wanted, feasibility
from labrig.circuit.solve import solve
from labrig.circuit.topology import Topology

PAPER = Topology.crossbar(40, 30)
RAMP = {i: float(i + 1) for i in range(40)}
TOLERANCE = 1e-6


def on_paper(targets: FloatArray, ceiling: float = 10.0) -> Feasibility:
    wanted = [Wanted(RAMP, dict(zip(PAPER.outputs, targets.tolist(), strict=True)))]
    box = np.full(1200, 0.1), np.full(1200, ceiling)
    return feasibility(PAPER, wanted, *box, tolerance=TOLERANCE)


def test_the_best_of_the_paper_is_what_one_end_of_the_box_gives() -> None:
    """With rows 1 … 40 V in [0.1, 10], 36.849 V is the most that a column comes to."""
    p = np.arange(1.0, 41.0)
    best = max(np.average(p, weights=np.where(p > edge, 10.0, 0.1)) for edge in p)
    found = on_paper(np.array([36.8, *[38.0] * 2, *[20.0] * 27]))
    assert best == pytest.approx(36.849, abs=5e-4)
    assert found.reachable is False
    assert [missed.node for missed in found.missed] == [41, 42]
    for missed in found.missed:
        assert missed.alone == pytest.approx(best, abs=1e-9)
        assert missed.jointly == pytest.approx(best, abs=1e-9)


def test_what_a_box_cannot_reach_a_wider_one_can() -> None:
    assert on_paper(np.full(30, 38.0)).reachable is False
    assert on_paper(np.full(30, 38.0), np.inf).reachable is True
    assert on_paper(np.full(30, 40.5), np.inf).reachable is False, "no row has so much"


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6))
def test_a_witness_gives_every_target_of_every_sample_and_lies_in_the_box(seed: int) -> None:
    draw = np.random.default_rng(seed)
    net = Topology.crossbar(5, 3)
    hidden = draw.uniform(1.0, 10.0, 15)
    inputs = [{k: float(volts) for k, volts in enumerate(draw.uniform(0, 1, 5))} for _ in range(4)]
    states = solve(net, hidden, [Boundary(volts) for volts in inputs]).node_voltages
    wanted = [
        Wanted(volts, {n: float(row[n]) for n in net.outputs})
        for volts, row in zip(inputs, states, strict=True)
    ]
    found = feasibility(net, wanted, np.full(15, 1.0), np.full(15, 10.0), tolerance=TOLERANCE)
    assert found.reachable is True
    assert np.all((found.conductances >= 1.0) & (found.conductances <= 10.0))
    again = solve(net, found.conductances, [Boundary(volts) for volts in inputs]).node_voltages
    assert np.abs(again - states).max() <= TOLERANCE


@settings(deadline=None, max_examples=25)
@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_divider_reaches_exactly_what_its_box_gives(first: float, second: float) -> None:
    """x = g₀ p₀ / (g₀ + g₁) with both in [1, 4] S: between p₀/5 and 4p₀/5, and two samples want one ratio."""
    net = Topology.crossbar(2, 1)
    wanted = [Wanted({0: 1.0, 1: 0.0}, {2: first}), Wanted({0: 2.0, 1: 0.0}, {2: 2 * second})]
    found = feasibility(net, wanted, np.full(2, 1.0), np.full(2, 4.0), tolerance=TOLERANCE)
    alike = abs(first - second) < TOLERANCE / 4
    within = all(0.2 <= share <= 0.8 for share in (first, second))
    if alike and within:
        assert found.reachable
    elif abs(first - second) > 4 * TOLERANCE or not all(
        0.2 - 4e-6 <= s <= 0.8 + 4e-6 for s in (first, second)
    ):
        assert found.reachable is False


def test_a_search_among_hidden_nodes_never_says_that_nothing_will_do() -> None:
    net = Topology.graph(
        ["a", "b", "h", "x"], [("a", "h"), ("b", "h"), ("h", "x"), ("x", "b")], ["a", "b"], ["x"]
    )
    box = np.full(4, 0.1), np.full(4, 10.0)
    reached = feasibility(net, [Wanted({0: 1.0, 1: 0.0}, {3: 0.4})], *box, tolerance=TOLERANCE)
    assert (reached.reachable, reached.certain) == (True, False)
    volts = solve(net, reached.conductances, [Boundary({0: 1.0, 1: 0.0})]).node_voltages[0, 3]
    assert volts == pytest.approx(0.4, abs=TOLERANCE)
    beyond = feasibility(net, [Wanted({0: 1.0, 1: 0.0}, {3: 1.2})], *box, tolerance=TOLERANCE)
    assert beyond.reachable is None
    assert beyond.missed[0].alone is None


KITE = Topology.graph(
    ["A", "B", "L", "R", "T"],
    [("L", "A"), ("L", "B"), ("R", "A"), ("R", "B"), ("T", "L"), ("T", "R")],
    ["A", "B"],
    ["L", "R", "T"],
)


def test_the_kite_is_stuck_by_its_symmetry() -> None:
    """McGinnis, Li, Mori, arXiv:2606.15443. By hand √3/4, √2/6 and 0: T = (L + R)/2 for any branches of T."""
    move = coercivity(KITE, np.ones(6), {0: 1.0, 1: 0.0}, KITE.outputs)
    assert move.singular_values == pytest.approx([np.sqrt(3) / 4, np.sqrt(2) / 6, 0.0], abs=1e-12)
    assert (move.rank, move.is_coercive) == (2, False)
    assert np.abs(move.weakest) == pytest.approx(np.array([1, 1, 2]) / np.sqrt(6), abs=1e-9)
    unequal = np.array([1.0, 0.5, 0.8, 1.0, 1.0, 1.0])
    assert coercivity(KITE, unequal, {0: 1.0, 1: 0.0}, KITE.outputs).is_coercive


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6))
def test_the_derivative_is_that_of_the_solved_network(seed: int) -> None:
    draw = np.random.default_rng(seed)
    g, inputs = draw.uniform(0.3, 3.0, 6), {0: 1.0, 1: 0.0}
    found = output_derivative(KITE, g, inputs, [2, 4])
    step = 1e-5
    for k in range(6):
        ends = [
            solve(KITE, g + d * np.eye(6)[k], [Boundary(inputs)]).node_voltages[0, [2, 4]]
            for d in (-step, step)
        ]
        assert found[:, k] == pytest.approx((ends[1] - ends[0]) / (2 * step), abs=1e-8)
