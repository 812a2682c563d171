"""Boards of dividers, against nodal analysis of resistors written here."""

from typing import Any

import numpy as np
import pytest

from labrig.bench.assembly import open_bench
from labrig.bench.bench import Bench
from labrig.circuit.boundary import Boundary
from labrig.config.boards import DigipotElements, DigipotVices
from labrig.config.environment import EnvironmentConfig
from labrig.config.rig import RigConfig
from labrig.devices.parts import digipot
from labrig.sim.branches import draw_branches
from labrig.sim.climate import Climate
from labrig.sim.dividers import TrueDividers

ROWS, COLUMNS, SEED = 4, 3, 3
CODES = np.array([[200, 128, 50], [60, 9, 245]])
"""Of the potentiometer between rows 2i and 2i + 1 at each column."""
INPUTS = (4.0, 1.0, 2.0, 3.5)
TARGETS = (3.0, 2.0, 2.5)
PART = digipot("MCP4351-104")


def rig(drive: str = "0 ohm", vices: dict[str, Any] | None = None, **board: Any) -> RigConfig:
    elements = {"kind": "digipot", "part": PART.name, "arrangement": "divider", "vices": vices}
    return RigConfig.model_validate(
        {
            "network": {"kind": "crossbar", "inputs": ROWS, "outputs": COLUMNS},
            "board": {"kind": "simulated", "elements": elements, "drive": drive, "seed": SEED, **board},
        }
    )


def states(bench: Bench) -> np.ndarray:
    """Free and clamped, node by node, at the codes of this module."""
    inputs = dict(enumerate(INPUTS))
    clamps = {ROWS + j: volts for j, volts in enumerate(TARGETS)}
    bench.write_codes(np.repeat(CODES, 2, axis=0).ravel())
    return bench.settle([Boundary(inputs), Boundary({**inputs, **clamps})]).node_voltages


def drawn(vices: DigipotVices | None = None, count: int = 6, seed: int = SEED, **others: Any) -> TrueDividers:
    elements = DigipotElements(part=PART.name, arrangement="divider", vices=vices)
    found = draw_branches(elements, 2 * count, seed, **others)
    assert isinstance(found, TrueDividers)
    return found


def solved(parts: TrueDividers, drive: float, bow: float = 0.0) -> np.ndarray:
    """Voltages of rows and columns: rows behind drive resistors, columns free and then behind theirs."""
    count = ROWS + COLUMNS
    found: list[np.ndarray] = []
    for clamped in (False, True):
        volts: np.ndarray = np.zeros(count + 6)
        for _ in range(60 if bow else 1):
            matrix, into = np.zeros((count + 6, count + 6)), np.zeros(count + 6)
            for k in range(6):
                row, column = 2 * (k // COLUMNS), ROWS + k % COLUMNS
                share = parts.shares[k, CODES.ravel()[k]]
                at = volts[column] / 5
                wiper = parts.wiper[k] * (1 + bow * 4 * at * (1 - at))
                for node, ohms in (
                    (row, parts.end_to_end[k] * (1 - share)),
                    (row + 1, parts.end_to_end[k] * share),
                    (column, wiper),
                ):
                    inner = count + k
                    matrix[[node, inner], [node, inner]] += 1 / ohms
                    matrix[[node, inner], [inner, node]] -= 1 / ohms
            driven = [*INPUTS, *TARGETS] if clamped else [*INPUTS]
            for node, level in enumerate(driven):
                matrix[node, node] += 1 / max(drive, 1e-6)
                into[node] += level / max(drive, 1e-6)
            volts = np.linalg.solve(matrix, into)
        found.append(volts[:count])
    return np.array(found)


@pytest.mark.parametrize("vices", [None, {}, {"nonlinearity": 3.0, "matching": "5 %"}])
@pytest.mark.parametrize("drive", [0.0, 220.0])
def test_free_and_clamped_states_are_those_of_the_resistors(
    drive: float, vices: dict[str, Any] | None
) -> None:
    with open_bench(rig(f"{drive} ohm", vices)) as bench:
        found = states(bench)
    parts = drawn(None if vices is None else DigipotVices.model_validate(vices))
    # Rows without drive resistors are forced here by 1 µohm against 100 ohm at least: 1e-8 of 4 V.
    np.testing.assert_allclose(found, solved(parts, drive), rtol=0, atol=1e-7)


def test_a_wiper_that_depends_on_its_voltage_is_that_of_a_fixed_point() -> None:
    with open_bench(rig("220 ohm", {"wiper_bow": 0.8})) as bench:
        found = states(bench)
    parts = drawn(DigipotVices(wiper_bow=0.8))
    np.testing.assert_allclose(found, solved(parts, 220.0, bow=0.8), rtol=0, atol=1e-7)
    assert np.abs(found - solved(parts, 220.0)).max() > 1e-4


def test_an_unloaded_share_is_the_codes_whatever_the_resistances_are() -> None:
    config = rig().model_copy(
        update={"network": rig().network.model_copy(update={"inputs": 2, "outputs": 1})}
    )
    with open_bench(config) as bench:
        for code in (6, 77, 128, 250):
            bench.write_codes(np.array([code, code]))
            states = bench.settle([Boundary({0: 4.0, 1: 1.0})])
            assert states.node_voltages[0, 2] == pytest.approx(1 + 3 * code / 256, abs=1e-12)


def test_shares_are_off_as_the_data_sheet_has_it() -> None:
    count = 400
    found = drawn(DigipotVices(), count).shares * PART.steps
    # V_WZSE +0.1 and V_WFSE -0.1 LSb; INL ±0.5 and DNL ±0.5 at most, LSb (DS22059B p. 6).
    np.testing.assert_allclose(found[:, [0, -1]], [[0.1, 255.9]] * count, rtol=1e-12)
    ends = np.linspace(0.1, 255.9, 257)
    largest = np.abs(found - ends).max(axis=1)
    # The standard deviation of Kolmogorov's distribution is 0.26 where its mean is 0.87.
    assert abs(largest.mean() / 0.5 - 1) < 4 * 0.26 / 0.87 / np.sqrt(count) + 0.06
    assert np.abs(np.diff(found, axis=1) - 1).max() < 0.5


def test_warmth_moves_a_share_by_its_own_tempco_and_not_by_that_of_the_string() -> None:
    climate = Climate(EnvironmentConfig(temperature=45.0))
    warm = drawn(DigipotVices(), 400, climate=climate)
    middle = warm.power_up
    cold = drawn(DigipotVices(), 400)

    def shares(parts: TrueDividers) -> np.ndarray:
        to_a, to_b, _ = 1 / parts.conductances(middle, 0).reshape(3, -1)
        return np.asarray(to_b / (to_a + to_b))

    moved = (shares(warm) / shares(cold) - 1) / 20
    assert 0.95 * 15e-6 < np.abs(moved).max() <= 15.2e-6  # shares are within a few taps of a half
    assert abs(moved.mean()) < 4 * 15e-6 / np.sqrt(3 * 400)
    strings = [(1 / parts.conductances(middle, 0).reshape(3, -1))[:2].sum(axis=0) for parts in (warm, cold)]
    np.testing.assert_allclose(strings[0] / strings[1], 1 + 20 * 50e-6, rtol=1e-12)


def test_the_packages_of_a_board_have_four_potentiometers() -> None:
    packages = drawn(DigipotVices(matching=0.0), 8).end_to_end.reshape(2, 4)
    assert np.ptp(packages, axis=1).max() == 0
    assert packages[0, 0] != packages[1, 0]
