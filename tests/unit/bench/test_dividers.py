"""The codes of dividers that limits and bounds leave, by what their terminals carry."""

from typing import Any

import numpy as np
import pytest

from labrig.bench.assembly import open_bench
from labrig.bench.bounds import EffectiveBounds, effective_bounds
from labrig.boards.base import Codes
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import Origin
from labrig.config.boards import DigipotElements, DigipotVices
from labrig.config.rig import RigConfig
from labrig.devices.dividers import DividerLaw, TerminalLaw
from labrig.devices.parts import digipot
from labrig.errors import LimitExceeded
from labrig.learning.dividers import DividerBounds
from labrig.sim.dividers import draw_dividers

SPAN, LIMIT = 5.0, 2.5e-3
"""V, and A through the wiper of an MCP43xx."""


def rig(**elements: Any) -> RigConfig:
    digipot = {"kind": "digipot", "part": "MCP4351-103", "arrangement": "divider", **elements}
    network = {"kind": "crossbar", "inputs": 2, "outputs": 1}
    return RigConfig.model_validate(
        {
            "network": network,
            "board": {"kind": "simulated", "elements": digipot},
            "limits": {"voltage": "5 V"},
        }
    )


def bounds(floor: float, ceiling: float | None = None) -> tuple[EffectiveBounds, DividerBounds]:
    with open_bench(rig()) as bench:
        found = bench.restrict((floor, ceiling), span=SPAN)
    assert isinstance(found.bounds, DividerBounds)
    return found, found.bounds


def busiest(code: int) -> float:
    """Most that a terminal draws: 5 V between it and the two others.

    The part is at -20 %, the potentiometer 1.5 % below it, R_W as low as it is drawn, and the wiper a step
    nearer to the end than its code says.
    """
    away = (code - 1 if code < 128 else code + 1) / 256
    upper, lower, wiper = 7880 * (1 - away), 7880 * away, 60.0
    at_wiper = wiper + 1 / (1 / upper + 1 / lower)
    at_a = upper + 1 / (1 / lower + 1 / wiper)
    at_b = lower + 1 / (1 / upper + 1 / wiper)
    return SPAN / min(at_wiper, at_a, at_b)


def test_no_terminal_of_the_worst_part_is_overloaded_and_no_code_is_given_away() -> None:
    _, box = bounds(1e-6)
    lowest, highest = int(box.law.lowest[0]), int(box.law.highest[0])
    assert busiest(lowest) <= LIMIT < busiest(lowest - 1)
    assert busiest(highest) <= LIMIT < busiest(highest + 1)


@pytest.mark.parametrize("part", ["MCP4351-502", "MCP4351-103", "MCP4351-503", "MCP4351-104"])
def test_no_terminal_that_a_simulation_draws_carries_more_than_its_limit_is_judged_by(part: str) -> None:
    elements = DigipotElements(part=part, arrangement="divider", vices=DigipotVices())
    true = draw_dividers(elements, 4000, 0, None)
    with open_bench(rig(part=part)) as bench:
        for code in range(257):
            parts = true.conductances(Codes(np.full(4000, code)), 0).reshape(3, 4000)
            # Each terminal against both others: its own part in series with the two others side by side.
            drawn = parts * (1 - parts / parts.sum(axis=0))
            assert drawn.max() <= bench.most_conductive(np.array([code, code])).min()


def test_a_code_beyond_is_refused_before_it_is_written() -> None:
    _, box = bounds(1e-6)
    lowest = int(box.law.lowest[0])
    with open_bench(rig()) as bench:
        bench.settle([Boundary({0: SPAN, 1: 0.0})])
        bench.write_codes(np.array([lowest, lowest]))
        with pytest.raises(LimitExceeded, match=r"the limit is 2\.5 mA; nothing was sent"):
            bench.write_codes(np.array([lowest - 1, lowest - 1]))
        assert bench.branch_values().tolist() == [lowest, lowest]


@pytest.mark.parametrize(
    ("floor", "ceiling", "said"),
    [
        (1e-6, None, ("where the other branch is at its ceiling", "limits at 5 V, worst tolerance")),
        (180e-6, None, ("experiment, nominal", "where the other branch is at its floor")),
        (1e-6, 200e-6, ("where the other branch is at its ceiling", "experiment")),
    ],
)
def test_the_bounds_say_which_branch_set_them(
    floor: float, ceiling: float | None, said: tuple[str, str]
) -> None:
    found, box = bounds(floor, ceiling)
    assert (found.floor_from, found.ceiling_from) == said
    law = box.law
    assert law.at_a.tolist() == [True, False]
    assert box.floor.tolist() == [law.conductances(law.lowest)[0], law.conductances(law.highest)[1]]
    assert box.ceiling.tolist() == [law.conductances(law.highest)[0], law.conductances(law.lowest)[1]]
    assert box.floor.min() >= floor
    assert box.ceiling.max() <= (ceiling or np.inf)


def test_a_bound_of_the_other_branch_is_named_only_where_it_is_what_binds() -> None:
    part = digipot("MCP4351-103")
    whole = DividerLaw.nominal(part, 2, 1)
    law = whole.between(np.full(2, 130), whole.highest)
    worst = TerminalLaw.worst(part, law.lowest, law.highest)
    found = effective_bounds((150e-6, 198e-6), law, worst, np.inf, SPAN, 2)
    # The board's lowest code is the floor at A, which is the higher one, and the ceiling at B, the lower one.
    at_a, at_b = law.conductances(np.full(2, 130))
    assert at_a == found.bounds.floor[0] == found.bounds.floor.max()
    assert at_b == found.bounds.ceiling[1] == found.bounds.ceiling.min()
    assert (found.floor_from, found.ceiling_from) == ("part, nominal", "part")


@pytest.mark.parametrize("code", [8, 100, 250])
@pytest.mark.parametrize("clamps", [{}, {2: 0.3}], ids=["free", "clamped"])
def test_modelled_currents_of_rows_are_those_that_flow_into_the_string(
    code: int, clamps: dict[int, float]
) -> None:
    """Resistors from A, B and, where it is driven, W to a node inside, which takes their weighted mean."""
    levels = {0: 0.4, 1: 0.05, **clamps}
    ohms = {0: 10e3 * (1 - code / 256), 1: 10e3 * code / 256, 2: 75.0}
    inside = sum(levels[k] / ohms[k] for k in levels) / sum(1 / ohms[k] for k in levels)
    with open_bench(rig(tolerance=0.0)) as bench:
        bench.write_codes(np.array([code, code]))
        states = bench.settle([Boundary(levels)], currents=True)
    for node, volts in levels.items():
        assert states.clamp_currents[0, node] == pytest.approx((volts - inside) / ohms[node], rel=1e-9)
        assert states.current_origin[0, node] == Origin.MODELLED


def test_masked_branches_keep_their_code() -> None:
    config = rig().model_copy(update={"mask": ("in0-out0", "in1-out0")})
    with open_bench(config) as bench:
        _, box = bounds(120e-6)
        bench.settle([Boundary({0: 1.0, 1: 0.0})], program=box.floor)
        assert bench.branch_values().tolist() == [128, 128]
