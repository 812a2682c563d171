"""What simulated memristors do under pulses, over time and when they are broken."""

import numpy as np
import pytest

from labrig.boards.base import BoardRequest, Pulses, PulseScheme, VerifyTargets
from labrig.circuit.boundary import Boundary
from labrig.config.boards import MemristorVices
from labrig.config.faults import Fault, Noisy, Open, StuckOff, StuckOn
from labrig.devices.memristors import memristor, nominal_pulse, nominal_state
from labrig.errors import ConfigError, LimitExceeded
from labrig.sim.memristor_board import MemristorBoard
from tests.support.memristors import ALIKE, memristor_board, pulsed

PART = memristor("CMO-HFOX")
SCHEME = PulseScheme(0.6, 0.02, 1.4, 0.5, 0.02, 1.4, 2.5e-6, 300, 20, 0.2)


def states(board: MemristorBoard, index: int = 0) -> np.ndarray:
    return board.memristors.at_rest(index)


def test_a_device_without_spread_follows_the_nominal_law() -> None:
    board = memristor_board(vices=ALIKE)
    before = states(board)
    pulsed(board, [2, 5, 2], [1.0, -0.9, 1.0])
    width, x = PART.width, nominal_state(PART, before)
    expected = before.copy()
    for wiper, volts, count in ((2, 1.0, 2), (5, -0.9, 1)):
        moved = nominal_pulse(PART, x[wiper], np.array(volts), width, count)
        expected[wiper] = PART.lowest + PART.span * float(moved)
    np.testing.assert_allclose(states(board), expected, rtol=1e-12)


def test_devices_and_cycles_differ_as_their_spreads_say() -> None:
    part_of = MemristorVices(
        device_spread=0.0, threshold_spread=0.0, range_spread=0.0, relaxation=0.0, cycle_spread=0.2
    )
    board = memristor_board(32, 32, vices=part_of)
    x0 = nominal_state(PART, states(board))
    pulsed(board, range(1024), 0.9)
    x1 = nominal_state(PART, states(board))
    drives = np.log((1 - x0) / (1 - x1))
    # The logarithm of 1024 lognormal factors: its deviation is known to 0.2 / sqrt(2 * 1024).
    assert np.log(drives).std() == pytest.approx(0.2, abs=4 * 0.2 / np.sqrt(2048))
    apart = memristor_board(32, 32)
    devices = apart.memristors.devices
    for found, spread in (
        (devices.set.thresholds / PART.set.threshold, PART.threshold_spread),
        (np.log(devices.reset.rates / PART.reset.rate), PART.device_spread),
        (devices.highest / PART.highest, PART.range_spread),
    ):
        assert found.std() == pytest.approx(spread, rel=4 / np.sqrt(2048) + 0.02)


def test_the_same_seed_and_exchanges_give_the_same_board() -> None:
    def run() -> np.ndarray:
        board = memristor_board(seed=8)
        for index in range(4):
            pulsed(board, [0, 3, 7], [1.1, -0.8, 0.9], index)
        return board.memristors.read(4, 0)

    np.testing.assert_array_equal(run(), run())


def test_readings_are_noisy_from_exchange_to_exchange_and_not_within_one() -> None:
    board = memristor_board(32, 32, vices=MemristorVices(relaxation=0.0, drift=0.0))
    first, again, later = (board.memristors.read(index, 0) for index in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    difference = (later - first).std() / np.sqrt(2)
    assert difference == pytest.approx(PART.read_noise, rel=4 / np.sqrt(2048))


def test_a_conductance_relaxes_after_a_pulse_and_drifts_down() -> None:
    board = memristor_board(32, 32, vices=MemristorVices(drift=0.0), exchange=1.0)
    pulsed(board, range(1024), 0.9, index=10)
    at_once, settled = states(board, 10), states(board, 40)
    assert (settled / at_once - 1).std() == pytest.approx(PART.relaxation, rel=0.1)
    drifting = memristor_board(32, 32, vices=MemristorVices(relaxation=0.0), exchange=1.0)
    pulsed(drifting, range(1024), 0.9, index=10)
    lost = np.log(states(drifting, 10) / states(drifting, 1009)) / np.log(1000)
    np.testing.assert_allclose(lost, drifting.memristors.devices.drift, rtol=1e-9, atol=1e-12)
    assert lost.mean() == pytest.approx(PART.drift, rel=0.5)


def test_time_stands_still_where_an_exchange_takes_none() -> None:
    board = memristor_board()
    pulsed(board, [1], 1.0, index=3)
    np.testing.assert_array_equal(states(board, 3), states(board, 100_000))


def test_half_a_pulse_disturbs_only_the_row_and_the_column_and_only_above_the_threshold() -> None:
    quiet = memristor_board(vices=ALIKE)
    before = states(quiet)
    pulsed(quiet, [4], 1.38)  # half of it is below 0.7 V
    others = np.arange(12) != 4
    np.testing.assert_array_equal(states(quiet)[others], before[others])
    loud = memristor_board(vices=ALIKE)
    pulsed(loud, [4], 2.0)
    moved = set(np.flatnonzero(states(loud) != before).tolist())
    assert moved == {4, 3, 5, 1, 7, 10}  # its row 3, 4, 5; its column 1, 4, 7, 10


def test_a_pristine_device_is_almost_open_until_its_forming_voltage() -> None:
    board = memristor_board(vices=ALIKE, formed=False)
    assert np.all(states(board) == PART.forming.pristine)
    highest = board.memristors.devices.forming[6]
    pulsed(board, [6], highest - 0.01)
    pulsed(board, [6], -1.4)
    assert not board.memristors.formed.any()
    pulsed(board, [6], highest + 0.01)
    assert np.flatnonzero(board.memristors.formed).tolist() == [6]
    assert PART.lowest < states(board)[6] < PART.highest


def test_broken_devices_do_not_move_from_their_exchange_on() -> None:
    faults: list[Fault] = [
        StuckOn(branch="in0-out0"),
        StuckOff(branch="in1-out0"),
        Open(branch="in2-out0", after=5),
    ]
    board = memristor_board(vices=ALIKE, faults=faults)
    for index in (0, 6):
        pulsed(board, [0, 3, 6], 0.9, index)
    found = states(board, 6)
    assert found[0] == PART.highest
    assert found[3] == PART.forming.pristine
    assert found[6] == 0.0
    assert states(board, 4)[6] > PART.lowest


def test_faults_of_other_parts_are_refused_and_those_of_memristors_elsewhere() -> None:
    with pytest.raises(ConfigError, match="in0-out0 is noisy, but the elements are of kind 'memristor'"):
        memristor_board(faults=[Noisy(branch="in0-out0", spread=0.1)])


@pytest.mark.parametrize(
    ("volts", "width", "found"),
    [
        (
            3.5,
            1e-6,
            "a pulse of 3.5 V is outside the board's range: above 0, at most 2.8 V to set and 1.4 V to reset",
        ),
        (-1.5, 1e-6, "a pulse of 1.5 V"),
        (0.0, 1e-6, "a pulse of 0 V"),
        (float("nan"), 1e-6, "a pulse of nan V"),
        (1.0, 1e-9, "a pulse of 1e-09 s is outside the board's range 1e-07"),
        (1.0, 1.0, "a pulse of 1 s"),
    ],
)
def test_a_pulse_beyond_its_generator_is_refused_and_nothing_moves(
    volts: float, width: float, found: str
) -> None:
    board = memristor_board()
    before = states(board)
    with pytest.raises(LimitExceeded, match=found):
        pulsed(board, [1, 2], [1.0, volts], width=width)
    np.testing.assert_array_equal(states(board), before)


def test_a_program_or_a_branch_that_is_not_there_is_refused() -> None:
    board = memristor_board()
    with pytest.raises(LimitExceeded, match="branch 12 is not there: the board has branches 0 … 11"):
        pulsed(board, [12], 1.0)
    with pytest.raises(ConfigError, match="moved by pulses: it takes no program"):
        board.exchange(BoardRequest(boundaries=[], program=board.memristors.power_up))
    targets = VerifyTargets(np.full(12, 30e-6), 0.01, SCHEME)
    pulses = Pulses(np.array([0]), np.array([1.0]), np.array([1e-6]))
    with pytest.raises(ConfigError, match="not several of them"):
        board.exchange(BoardRequest(boundaries=[], pulses=pulses, verify=targets))


def test_pulses_leave_every_line_at_rest() -> None:
    board = memristor_board()
    board.exchange(BoardRequest(boundaries=[Boundary({0: 0.1})]))
    pulsed(board, [1], 1.0)
    assert board.imposed == Boundary({})


def test_in_process_the_host_verifies() -> None:
    board = memristor_board()
    assert not board.info.verifies
    verify = VerifyTargets(np.full(12, 30e-6), 0.01, SCHEME)
    with pytest.raises(ConfigError, match="cannot program by pulses itself"):
        board.exchange(BoardRequest(boundaries=[], verify=verify))
