"""Pulses that a board is not sent."""

from dataclasses import replace

import numpy as np
import pytest

from labrig.boards.base import (
    BoardInfo,
    BoardRequest,
    CodeRange,
    Codes,
    Converter,
    PulseRange,
    Pulses,
    PulseScheme,
    VerifyTargets,
)
from labrig.boards.checking import check_request
from labrig.circuit.network import Nudging
from labrig.errors import ConfigError, LimitExceeded

INFO = BoardInfo(
    kind="firmware",
    serial_number="A7",
    firmware="",
    fingerprint=None,
    inputs=2,
    outputs=2,
    hidden=0,
    branches=4,
    codes=None,
    part="",
    adc=Converter(16, 1.0),
    dac=Converter(12, 4.095),
    drive=1000.0,
    nudging=Nudging(toward_target=False, through=None, inject=False),
    heartbeat=1.0,
    pulses=PulseRange(2.0, 2.5, 0.01, 1e-6, 1e-2),
    verifies=True,
)
SCHEME = PulseScheme(0.7, 0.02, 1.6, 0.8, 0.03, 2.5, 1e-5, 50, 5, 0.4)
TARGETS = np.array([1e-5, 2e-5, np.nan, 5e-5])


def pulses(*, wiper: int = 3, amplitude: float = 2.0, width: float = 1e-5) -> BoardRequest:
    return BoardRequest(
        (), pulses=Pulses(np.array([0, wiper]), np.array([-2.5, amplitude]), np.array([1e-6, width]))
    )


def verify(
    scheme: PulseScheme = SCHEME, targets: np.ndarray = TARGETS, tolerance: float = 0.01
) -> BoardRequest:
    return BoardRequest((), verify=VerifyTargets(targets, tolerance, scheme))


def test_what_is_within_the_range_to_the_last_digit_is_let_through() -> None:
    check_request(pulses(), INFO)
    check_request(pulses(amplitude=0.1 + 0.2), INFO)
    check_request(verify(), INFO)
    none = np.zeros(0)
    check_request(BoardRequest((), pulses=Pulses(none.astype(np.int64), none, none)), INFO)


@pytest.mark.parametrize(
    ("request_", "kind", "message"),
    [
        (pulses(wiper=4), LimitExceeded, "branch 4 is not there: the board has branches 0 … 3"),
        (pulses(wiper=-1), LimitExceeded, "branch -1 is not there"),
        (pulses(amplitude=2.01), LimitExceeded, "branch 3: a pulse of 2.01 V is outside the board's range:"),
        (pulses(amplitude=-2.51), LimitExceeded, "a pulse of 2.51 V is outside"),
        (pulses(amplitude=0.0), LimitExceeded, "a pulse of 0 V is outside"),
        (pulses(amplitude=np.nan), LimitExceeded, "a pulse of nan V is outside"),
        (pulses(amplitude=1.005), ConfigError, "an amplitude of 1.005 V lies between"),
        (pulses(width=9e-7), LimitExceeded, "a pulse of 9e-07 s is outside the board's range 1e-06 … 0.01 s"),
        (pulses(width=0.011), LimitExceeded, "a pulse of 0.011 s is outside"),
        (verify(targets=TARGETS[:3]), ConfigError, "targets of 3 branches were given to a board"),
        (verify(targets=-TARGETS), LimitExceeded, "branch 0: a target of -1e-05 S"),
        (verify(targets=0 * TARGETS), LimitExceeded, "branch 0: a target of 0 S"),
        (verify(tolerance=0.0), ConfigError, "a tolerance of 0 of the target is not between 0 and 1"),
        (verify(replace(SCHEME, set_start=1.7)), ConfigError, "pulses that set start at 1.7 V"),
        (verify(replace(SCHEME, reset_start=0.0)), ConfigError, "pulses that reset start at 0 V"),
        (verify(replace(SCHEME, reset_step=-0.01)), ConfigError, "pulses that reset start at 0.8 V"),
        (verify(replace(SCHEME, set_highest=2.02)), LimitExceeded, "pulses that set may have 2 V"),
        (verify(replace(SCHEME, set_step=0.025)), ConfigError, "an amplitude of 0.025 V lies between"),
        (verify(replace(SCHEME, width=1.0)), LimitExceeded, "a pulse of 1 s is outside"),
        (verify(replace(SCHEME, most_pulses=-1)), ConfigError, "neither may be below 0"),
        (verify(replace(SCHEME, read=5.0)), LimitExceeded, "branches cannot be read at 5 V"),
        (replace(verify(), pulses=pulses().pulses), ConfigError, "not several of them"),
    ],
)  # fmt: skip
def test_what_is_not_is_refused_in_words(request_: BoardRequest, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        check_request(request_, INFO)


def test_a_program_and_pulses_are_not_asked_for_at_once() -> None:
    with_wipers = replace(INFO, codes=CodeRange(0, 255, 8))
    both = replace(pulses(), program=Codes(np.zeros(4, np.int64)))
    with pytest.raises(ConfigError, match="not several of them"):
        check_request(both, with_wipers)


def test_a_board_without_them_is_named() -> None:
    with pytest.raises(ConfigError, match="board A7 gives no pulses: its branches are no memristors"):
        check_request(pulses(), replace(INFO, pulses=None))
    with pytest.raises(
        ConfigError, match="board A7 cannot program by pulses itself: read and pulse from the host"
    ):
        check_request(verify(), replace(INFO, verifies=False))


def test_arrays_of_different_lengths_are_told() -> None:
    uneven = Pulses(np.array([0]), np.array([1.0, 1.0]), np.array([1e-5]))
    with pytest.raises(ConfigError, match="pulses of 1 branches came with 2 amplitudes and 1 widths"):
        check_request(BoardRequest((), pulses=uneven), INFO)
