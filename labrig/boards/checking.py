"""What a board can be asked: every refusal of a request, made from what the board says of itself."""

from collections.abc import Mapping, Sequence
from math import inf
from sys import float_info

import numpy as np

from labrig.arrays import Amperes, BranchArray, CodeArray, Volts
from labrig.boards.base import BoardInfo, BoardRequest, CodeRange, Codes, Program
from labrig.boards.pulse_checking import check_pulses
from labrig.circuit.boundary import Boundary, ThroughConductance, TowardTarget
from labrig.errors import ConfigError, LimitExceeded
from labrig.wire.definition import PER_FRACTION, PER_PA

MOST_INJECTED: Amperes = (2**31 - 1) / PER_PA
"""Largest current, of either sign, that a board with converters can be asked to inject."""
_LEAST_FRACTION, _MOST_FRACTION = -(2**15) / PER_FRACTION, (2**15 - 1) / PER_FRACTION


def check_request(request: BoardRequest, info: BoardInfo) -> None:
    """Refuse what the board cannot do, before anything moves.

    Raises
    ------
    ConfigError
        The program is of another kind or size than the board's; a line is not there, has no driver or is
        driven twice; a nudge is of a kind that the board does not know, starts from no earlier free state of
        the exchange, or differs from its neighbours; settling or averages are impossible; pulses are, see
        `check_pulses`.
    LimitExceeded
        A code, conductance, voltage, current, fraction or pulse is outside the board's range.
    """
    check_pulses(request, info)
    if request.program is not None:
        _check_program(request.program, info)
    if request.learn is not None:
        _check_learning(request, info)
    if not request.settle >= 0:
        msg = f"a settling time of {request.settle:g} s is negative"
        raise ConfigError(msg)
    if not 1 <= request.averages <= info.max_averages:
        msg = f"{request.averages} averages are outside what this board does, 1 … {info.max_averages}"
        raise ConfigError(msg)
    for boundary in request.boundaries:
        _check_boundary(boundary, info)
    nudged_from(request.boundaries)


def _check_learning(request: BoardRequest, info: BoardInfo) -> None:
    if not info.learns:
        msg = f"board {info.serial_number} cannot learn by itself; set learning.where: host"
        raise ConfigError(msg)
    if not isinstance(request.program, Codes) or request.learn is None or request.learn.steps < 1:
        msg = "a board that learns is told the codes of its latents, and at least one step"
        raise ConfigError(msg)


def _check_program(program: Program, info: BoardInfo) -> None:
    if info.pulses is not None:
        msg = f"board {info.serial_number} is moved by pulses: it takes no program"
        raise ConfigError(msg)
    what, taken = (
        "wiper codes" if codes else "conductances"
        for codes in (isinstance(program, Codes), info.codes is not None)
    )
    if what != taken:
        msg = f"board {info.serial_number} takes {taken}, not {what}"
        raise ConfigError(msg)
    if program.values.shape != (info.branches,):
        msg = f"a program of {program.values.size} {what} was given to a board of {info.branches} branches"
        raise ConfigError(msg)
    if info.codes is None:
        _check_conductances(program.values)
    else:
        _check_codes(program.values, info.codes)


def _check_codes(codes: CodeArray | BranchArray, legal: CodeRange) -> None:
    if legal.minimum <= codes.min() and codes.max() <= legal.maximum:
        return
    branch = int(np.flatnonzero((codes < legal.minimum) | (codes > legal.maximum))[0])
    allowed = f"{legal.minimum} … {legal.maximum}"
    msg = f"branch {branch}: code {codes[branch]} is outside the legal range {allowed}"
    raise LimitExceeded(msg)


def _check_conductances(conductances: CodeArray | BranchArray) -> None:
    if conductances.min() >= 0 and conductances.max() < inf:
        return
    branch = int(np.flatnonzero(~((conductances >= 0) & (conductances < inf)))[0])
    msg = f"branch {branch}: a conductance of {conductances[branch]:g} S is negative or not finite"
    raise LimitExceeded(msg)


def _check_boundary(boundary: Boundary, info: BoardInfo) -> None:
    _check_lines(boundary, info)
    _check_levels(boundary.voltages, info)
    if boundary.currents:
        _check_currents(boundary.currents, info)
    if boundary.nudges:
        _check_levels({line: nudge.target for line, nudge in boundary.nudges.items()}, info)
        nudges = boundary.nudges.values()
        _check_toward([nudge for nudge in nudges if isinstance(nudge, TowardTarget)], info)
        _check_through([nudge for nudge in nudges if isinstance(nudge, ThroughConductance)], info)


def nudged_from(boundaries: Sequence[Boundary]) -> dict[int, int]:
    """For each state with nudges toward a target, the state of the same exchange that they start from.

    Raises
    ------
    ConfigError
        A nudge refers to no earlier state of the exchange, to a nudged one, or to several at once.
    """
    found: dict[int, int] = {}
    for number, boundary in enumerate(boundaries):
        references = {n.reference for n in boundary.nudges.values() if isinstance(n, TowardTarget)}
        if not references:
            continue
        reference = _only_reference(references, number)
        if reference in found:
            msg = f"state {number} is nudged from state {reference}, which is nudged itself: use a free one"
            raise ConfigError(msg)
        found[number] = reference
    return found


def _only_reference(references: set[int], number: int) -> int:
    if len(references) > 1:
        msg = f"the nudges of state {number} refer to several states {sorted(references)}: use one"
        raise ConfigError(msg)
    reference = references.pop()
    if not 0 <= reference < number:
        msg = f"state {number} is nudged from state {reference}, which is no earlier state of this exchange"
        raise ConfigError(msg)
    return reference


def _name(line: int, info: BoardInfo) -> str:
    if line < info.inputs:
        return f"input line {line}"
    if line < info.inputs + info.outputs:
        return f"output line {line - info.inputs}"
    return f"hidden line {line - info.inputs - info.outputs}"


def _check_lines(boundary: Boundary, info: BoardInfo) -> None:
    named = [*boundary.voltages, *boundary.currents, *boundary.nudges]
    drivers = info.inputs + info.outputs
    inside = min(named, default=0) >= 0 and max(named, default=0) < drivers
    if inside and not (boundary.currents or boundary.nudges):
        return
    if len(set(named)) != len(named):
        twice = next(line for line in named if named.count(line) > 1)
        msg = f"{_name(twice, info)} is driven twice in one boundary"
        raise ConfigError(msg)
    for line in named:
        if not 0 <= line < drivers:
            what = "is not there" if not 0 <= line < info.lines else "has no driver"
            msg = f"{_name(line, info)} {what}: the board drives lines 0 … {drivers - 1}"
            raise ConfigError(msg)
    for line in [*boundary.currents, *boundary.nudges]:
        if line < info.inputs:
            msg = f"{_name(line, info)} can be forced only: nudges and currents belong to outputs"
            raise ConfigError(msg)


def _check_levels(voltages: Mapping[int, Volts], info: BoardInfo) -> None:
    lsb, low, high, allowed = 1.0, -float_info.max, inf, "it must be finite"
    if info.dac is not None:
        # What is less than half a step beyond the ends still rounds to them.
        lsb, low, high = info.dac.lsb, -0.5, 2**info.dac.bits - 0.5
        allowed = f"the DAC's range is 0 … {info.dac.span:g} V"
    levels = voltages.values()
    if low <= min(levels, default=0.0) / lsb and max(levels, default=0.0) / lsb < high and sum(levels) < inf:
        return  # a NaN would have made the sum one
    for line, volts in voltages.items():
        if not low <= volts / lsb < high:
            msg = f"{_name(line, info)} cannot be driven to {volts:.6g} V: {allowed}"
            raise LimitExceeded(msg)


def _check_currents(currents: Mapping[int, Amperes], info: BoardInfo) -> None:
    if not info.nudging.inject:
        msg = "this board cannot inject currents into its lines"
        raise ConfigError(msg)
    most = float_info.max if info.dac is None else MOST_INJECTED
    for line, amperes in currents.items():
        if not abs(amperes) <= most:
            msg = f"{_name(line, info)}: {amperes:g} A cannot be injected: the range is ±{most:g} A"
            raise LimitExceeded(msg)


def _check_toward(nudges: Sequence[TowardTarget], info: BoardInfo) -> None:
    if not nudges:
        return
    if not info.nudging.toward_target:
        msg = "this board cannot nudge toward a target by itself: measure the free state first, then clamp"
        raise ConfigError(msg)
    fraction = _only({nudge.fraction for nudge in nudges}, "fractions")
    if not _LEAST_FRACTION <= fraction <= _MOST_FRACTION:
        allowed = f"{_LEAST_FRACTION:g} … {_MOST_FRACTION:g}"
        msg = f"a nudge's fraction {fraction:g} is outside the range {allowed}"
        raise LimitExceeded(msg)


def _check_through(nudges: Sequence[ThroughConductance], info: BoardInfo) -> None:
    if not nudges:
        return
    if info.nudging.through is None:
        msg = "this board cannot nudge through a conductance: inject the current −βe instead"
        raise ConfigError(msg)
    conductance = _only({nudge.conductance for nudge in nudges}, "conductances")
    low, high = info.nudging.through
    if not (low <= conductance <= high and conductance < inf):
        msg = f"a nudge through {conductance:g} S is outside the board's range {low:g} … {high:g} S"
        raise LimitExceeded(msg)


def _only(values: set[float], what: str) -> float:
    if len(values) > 1:
        found = ", ".join(f"{value:g}" for value in sorted(values))
        msg = f"the nudges of one boundary have several {what} ({found}): use one"
        raise ConfigError(msg)
    return values.pop()
