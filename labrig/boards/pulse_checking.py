"""Which pulses a board can be asked for: every refusal, made from the range that it tells."""

from collections.abc import Iterator

import numpy as np

from labrig.arrays import FloatArray, IntArray, Volts
from labrig.boards.base import BoardInfo, BoardRequest, PulseRange, Pulses, PulseScheme, VerifyTargets
from labrig.errors import ConfigError, LimitExceeded

_NEAR = 1e-6
"""By how much, of the value, a range may be missed: rounding, and nothing else."""


def check_pulses(request: BoardRequest, info: BoardInfo) -> None:
    """Refuse pulses, or targets to be reached by them, that the board cannot do.

    Raises
    ------
    ConfigError
        It has no pulses or cannot verify; another thing is asked for as well; arrays differ in shape; an
        amplitude lies between the steps; bounds or tolerance are impossible.
    LimitExceeded
        A branch is not there; an amplitude, width or read voltage is outside its range; a target is 0 or
        below.
    """
    wanted = (request.program, request.pulses, request.verify)
    if request.pulses is None and request.verify is None:
        return
    if info.pulses is None:
        msg = f"board {info.serial_number} gives no pulses: its branches are no memristors"
        raise ConfigError(msg)
    if sum(what is not None for what in wanted) > 1 or request.learn is not None:
        msg = "one exchange has a program, steps to learn, pulses or targets to verify, not several of them"
        raise ConfigError(msg)
    if request.pulses is not None:
        _check_pulses(request.pulses, info.pulses, info.branches)
    if request.verify is not None:
        _check_targets(request.verify, info)
        _check_scheme(request.verify.scheme, info.pulses, info)


def _check_pulses(pulses: Pulses, allowed: PulseRange, branches: int) -> None:
    if not pulses.wipers.shape == pulses.amplitudes.shape == pulses.widths.shape or pulses.wipers.ndim != 1:
        msg = (
            f"pulses of {pulses.wipers.size} branches came with {pulses.amplitudes.size} amplitudes and"
            f" {pulses.widths.size} widths: one of each is wanted"
        )
        raise ConfigError(msg)
    outside = np.flatnonzero((pulses.wipers < 0) | (pulses.wipers >= branches))
    if outside.size:
        msg = f"branch {pulses.wipers[outside[0]]} is not there: the board has branches 0 … {branches - 1}"
        raise LimitExceeded(msg)
    highest = np.where(pulses.amplitudes > 0, allowed.highest_set, allowed.highest_reset)
    _first_outside(np.abs(pulses.amplitudes), highest, pulses.wipers, allowed)
    _check_steps(np.abs(pulses.amplitudes), allowed)
    _check_widths(pulses.widths, allowed)


def _first_outside(
    amplitudes: FloatArray, highest: FloatArray, wipers: IntArray, allowed: PulseRange
) -> None:
    bad = np.flatnonzero(~((amplitudes > 0) & (amplitudes <= highest * (1 + _NEAR))))
    if bad.size:
        msg = (
            f"branch {wipers[bad[0]]}: a pulse of {amplitudes[bad[0]]:g} V is outside the board's range:"
            f" above 0, at most {allowed.highest_set:g} V to set and {allowed.highest_reset:g} V to reset"
        )
        raise LimitExceeded(msg)


def _check_steps(amplitudes: FloatArray, allowed: PulseRange) -> None:
    if not allowed.amplitude_step:
        return
    steps = amplitudes / allowed.amplitude_step
    bad = np.flatnonzero(np.abs(steps - np.rint(steps)) > _NEAR * np.maximum(1, steps))
    if bad.size:
        msg = (
            f"an amplitude of {amplitudes[bad[0]]:g} V lies between the board's steps of"
            f" {allowed.amplitude_step:g} V: take a multiple"
        )
        raise ConfigError(msg)


def _check_widths(widths: FloatArray, allowed: PulseRange) -> None:
    low, high = allowed.shortest * (1 - _NEAR), allowed.longest * (1 + _NEAR)
    bad = np.flatnonzero(~((widths >= low) & (widths <= high)))
    if bad.size:
        msg = (
            f"a pulse of {widths[bad[0]]:g} s is outside the board's range"
            f" {allowed.shortest:g} … {allowed.longest:g} s"
        )
        raise LimitExceeded(msg)


def _check_targets(verify: VerifyTargets, info: BoardInfo) -> None:
    if not info.verifies:
        msg = f"board {info.serial_number} cannot program by pulses itself: read and pulse from the host"
        raise ConfigError(msg)
    if verify.conductances.shape != (info.branches,):
        found = verify.conductances.size
        msg = f"targets of {found} branches were given to a board of {info.branches} branches"
        raise ConfigError(msg)
    if not 0 < verify.tolerance < 1:
        msg = f"a tolerance of {verify.tolerance:g} of the target is not between 0 and 1"
        raise ConfigError(msg)
    asked = ~np.isnan(verify.conductances)
    bad = np.flatnonzero(asked & ~((verify.conductances > 0) & (verify.conductances < np.inf)))
    if bad.size:
        target = verify.conductances[bad[0]]
        msg = f"branch {bad[0]}: a target of {target:g} S is not above 0; NaN leaves a branch alone"
        raise LimitExceeded(msg)


def _check_scheme(scheme: PulseScheme, allowed: PulseRange, info: BoardInfo) -> None:
    for way, start, step, highest, most in _ways(scheme, allowed):
        if not (0 < start <= highest * (1 + _NEAR) and step >= 0):
            msg = (
                f"pulses that {way} start at {start:g} V and grow by {step:g} V to {highest:g} V:"
                " start above 0, at or below the highest, and grow by 0 or more"
            )
            raise ConfigError(msg)
        if not highest <= most * (1 + _NEAR):
            msg = f"pulses that {way} may have {most:g} V on this board, found {highest:g} V"
            raise LimitExceeded(msg)
        _check_steps(np.array([start, step, highest]), allowed)
    _check_widths(np.array([scheme.width]), allowed)
    if scheme.most_pulses < 0 or scheme.most_reversals < 0:
        found = f"{scheme.most_pulses} pulses and {scheme.most_reversals} reversals"
        msg = f"at most {found} of a branch cannot be: neither may be below 0"
        raise ConfigError(msg)
    if not 0 < scheme.read < np.inf or (info.dac is not None and scheme.read > info.dac.span):
        allowed_read = "above 0" if info.dac is None else f"above 0, up to the DAC's {info.dac.span:g} V"
        msg = f"branches cannot be read at {scheme.read:g} V: {allowed_read}"
        raise LimitExceeded(msg)


def _ways(scheme: PulseScheme, allowed: PulseRange) -> Iterator[tuple[str, Volts, Volts, Volts, Volts]]:
    yield "set", scheme.set_start, scheme.set_step, scheme.set_highest, allowed.highest_set
    yield "reset", scheme.reset_start, scheme.reset_step, scheme.reset_highest, allowed.highest_reset
