"""From how a branch answered to what is wrong with it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from labrig.arrays import BoolArray
from labrig.procedures.board_check.kirchhoff import Star
from labrig.procedures.board_check.levels import Ladder
from labrig.procedures.board_check.probing import Fit, Response, fit

_OPEN_BELOW = 0.25
"""Of the least conductance that a part can have, in the scale of its neighbours."""


class State(StrEnum):
    """What a branch is found to be."""

    FINE = "fine"
    OPEN = "open"
    SHORT = "short"
    STUCK = "stuck"
    ODD = "odd"
    """It answers, but not as its codes say."""
    OFF = "off"
    """It follows its codes; its conductance is outside the tolerance of its part."""
    MISWIRED = "miswired"
    """It answers to the codes of another branch."""
    UNWRITTEN = "unwritten"
    """Its chip holds another code than was written to it."""
    MASKED = "masked"
    """Not to be written, by the rig."""
    UNKNOWN = "unknown"
    """The readings do not tell."""


FAULTS = frozenset(
    {State.OPEN, State.SHORT, State.STUCK, State.ODD, State.OFF, State.MISWIRED, State.UNWRITTEN}
)


@dataclass(frozen=True, slots=True)
class BranchVerdict:
    """One branch. Numbers are NaN where the readings do not tell."""

    state: State
    ratio: float
    """Measured conductance over nominal; the median of the sound branches of its node counts as 1."""
    responses: tuple[float, ...]
    """Measured conductance at each code over that at the base; three, or none."""
    code: float
    """Of a stuck branch: about where its conductance lies on its part's scale."""
    wiper_of: int
    """The branch whose wiper it answers to: itself, unless it is miswired."""


def judge(
    star: Star,
    responses: Mapping[int, Response],
    ladder: Ladder,
    writable: BoolArray,
    answering: Mapping[int, int],
    sound: Collection[int],
) -> dict[int, BranchVerdict]:
    """Judge the branches of a star that were read there.

    Where none of them follows any codes there is no scale to tell a short from a stuck branch; then all
    ratios are NaN.

    Parameters
    ----------
    responses
        Of writable branches, where there are any.
    answering
        Branch to the branch whose wiper it answers to, as far as that was found out.
    sound
        Branches that are known to be fine already.
    """
    found: dict[int, BranchVerdict] = {}
    fits = {branch: fit(responses[branch], ladder, branch) for branch in responses}
    fits |= {branch: Fit(follows=True, constant=False) for branch in answering if branch in fits}
    follow = {branch for branch, found in fits.items() if found.follows and not found.constant}
    scale = _scale(star, follow | set(sound), ladder) if star.known else np.nan
    for place, branch in enumerate(star.branches.tolist()):
        unit = scale * float(ladder.base[branch])
        share, bound = float(star.shares[place]), float(star.bounds[place])
        ratio, doubt = share / unit, bound / unit
        wiper = answering.get(branch, branch)
        state = State.UNKNOWN
        if not writable[branch]:
            state = State.MASKED
        elif star.silent:
            state, ratio = State.OPEN, 0.0
        elif wiper != branch:
            state = State.MISWIRED
        elif branch in fits:
            least = float(ladder.rungs[0, branch])
            smallest = least / (ladder.greatest * len(star.branches))
            nothing = abs(share) + bound < _OPEN_BELOW * smallest
            nothing |= ratio + doubt < _OPEN_BELOW * least / float(ladder.base[branch])
            state = State.OPEN if nothing else _state(fits[branch])
            if state == State.FINE and not _within(ratio, doubt, ladder.spread):
                state = State.OFF
        rest = responses[branch].rest[0] if branch in responses else np.nan
        tried = tuple((responses[branch].tried[:, 0] / rest).tolist()) if rest > 0 else ()
        found[branch] = BranchVerdict(state, ratio, tried, np.nan, wiper)
    return found


def _scale(star: Star, follow: Collection[int], ladder: Ladder) -> float:
    """Share of one nominal siemens, by the branches that follow codes; NaN where none does."""
    chosen = np.isin(star.branches, list(follow))
    ratios = star.shares / ladder.base[star.branches]
    return float(np.median(ratios[chosen])) if chosen.any() else float("nan")


def _state(fit: Fit) -> State:
    if fit.follows:
        return State.UNKNOWN if fit.constant else State.FINE
    return State.STUCK if fit.constant else State.ODD


def _within(ratio: float, doubt: float, spread: tuple[float, float] | None) -> bool:
    """Whether both a branch and the median of its neighbours may be within the tolerance."""
    if spread is None:
        return True
    low, high = spread
    return ratio + doubt >= low / high and ratio - doubt <= high / low


def place_stuck(verdict: BranchVerdict, base: float, ends: tuple[float, float], steps: int) -> BranchVerdict:
    """Say about which code a stuck branch holds, or that it is a short.

    Parameters
    ----------
    base
        Nominal conductance to which its ratio refers, S.
    ends
        Nominal wiper and end-to-end resistance, ohm.
    """
    wiper, end_to_end = ends
    code = (1 / (verdict.ratio * base) - wiper) / end_to_end * steps
    if code < 0.5:
        return replace(verdict, state=State.SHORT)
    return replace(verdict, code=min(code, float(steps)))
