"""What a board's part and converters allow, and the tap laws that its codes follow."""

from dataclasses import dataclass, replace
from typing import TypeVar

from labrig.arrays import Amperes, Volts
from labrig.bench.limits import BenchLimits
from labrig.boards.base import BoardInfo, CodeRange
from labrig.config.rig import Limits
from labrig.devices.dividers import DividerLaw, TerminalLaw
from labrig.devices.laws import ConductanceLaw, RheostatLaw, TapLaw
from labrig.devices.memristors import memristor
from labrig.devices.parts import DigipotPart, digipot

_INFINITE = float("inf")


@dataclass(frozen=True, slots=True)
class Laws:
    """Tap laws of a board's branches; both None on a continuous board."""

    nominal: TapLaw | None
    worst: ConductanceLaw | None
    """Parts at the conductive end of their tolerance, of dividers the busiest terminal: currents are bounded
    by these."""


def tap_laws(info: BoardInfo, branches: int) -> Laws:
    """Laws of the part that the board says it is made of.

    Raises
    ------
    ConfigError
        The part is not known.
    """
    if info.codes is None:
        return Laws(None, None)
    part, codes = digipot(info.part), info.codes
    if info.dividers:
        divider = _legal(DividerLaw.nominal(part, branches, info.outputs), codes)
        return Laws(divider, TerminalLaw.worst(part, divider.lowest, divider.highest))
    rheostat = _legal(RheostatLaw.nominal(part, branches), codes)
    return Laws(rheostat, _conductive(rheostat, part))


_Law = TypeVar("_Law", RheostatLaw, DividerLaw)


def _legal(law: _Law, codes: CodeRange) -> _Law:
    return law.between(law.lowest.clip(codes.minimum), law.highest.clip(max=codes.maximum))


def _conductive(law: RheostatLaw, part: DigipotPart) -> RheostatLaw:
    """Of parts at the conductive end of their tolerance."""
    return replace(law, end_to_end=law.end_to_end * (1 - part.tolerance))


def spread(info: BoardInfo) -> float:
    """Least over greatest conductance that a branch may have at one program."""
    if info.codes is None:
        return 1.0
    tolerance = digipot(info.part).tolerance
    return (1 - tolerance) / (1 + tolerance)


def limits_of(info: BoardInfo, rig: Limits) -> BenchLimits:
    """The tighter of what the board stands and what the rig says."""
    profile = BenchLimits(
        voltage=min(info.dac.span if info.dac else _INFINITE, _undisturbed(info)),
        branch_current=_branch_current(info),
    )
    stated = BenchLimits(
        voltage=rig.voltage or _INFINITE,
        branch_current=rig.branch_current or _INFINITE,
        branch_power=rig.branch_power or _INFINITE,
        conductance=rig.conductance or _INFINITE,
        slew=rig.slew or _INFINITE,
    )
    return profile.tighter(stated)


def _undisturbed(info: BoardInfo) -> Volts:
    """Highest level that moves no branch by itself."""
    return _INFINITE if info.pulses is None else memristor(info.part).undisturbed


def _branch_current(info: BoardInfo) -> Amperes:
    """What a branch of the board's part stands."""
    if info.pulses is not None:
        return memristor(info.part).current
    return digipot(info.part).wiper_current if info.codes else _INFINITE
