"""The last look before bytes leave: no request may take a branch or a line over a limit."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from labrig.arrays import Amperes, BranchArray, Seconds, Siemens, Volts
from labrig.bench.limits import BenchLimits
from labrig.circuit.boundary import Boundary, Nudge, ThroughConductance, TowardTarget
from labrig.circuit.remembered import Remembered
from labrig.circuit.topology import Topology
from labrig.errors import LimitExceeded
from labrig.units import format_quantity

_SLACK = 1 + 1e-9
"""What floating point may take a value over a limit that it was computed to meet."""


@dataclass(frozen=True, slots=True)
class _Imposed:
    """What the drivers may do while a boundary is on the board."""

    levels: Sequence[tuple[int, Volts]] = ()
    """Node and potential; a node that is pulled toward a target has two."""
    currents: Mapping[int, Amperes] = field(default_factory=dict[int, Amperes])
    lowest: Volts = math.inf
    highest: Volts = -math.inf


@dataclass(frozen=True, slots=True)
class _Course:
    """What an exchange imposes one after the other."""

    imposed: Sequence[_Imposed]
    entering: Sequence[_Imposed]
    """Those that may follow at once on what was imposed before."""
    strains: Sequence["_Strain"]
    """Of neighbours later on, each named once."""


class _Strain(NamedTuple):
    """What states that may follow one another, in any mixture, can put on a branch."""

    span: Volts
    injected: Amperes


@dataclass(frozen=True, slots=True)
class _Extremes:
    """The branches that take the most and the least current, of all under the same voltage."""

    best: int
    most: Siemens
    worst: int
    least: Siemens


_RELEASED = _Imposed()


@dataclass(slots=True)
class Supervisor:
    """Admits or refuses an exchange; remembers what may be imposed and programmed.

    Codes change, one by one, while the outgoing boundary is still imposed; then boundaries follow one
    another, and any mixture of two neighbours may be on the board for a while. By the maximum principle a
    branch then sees at most the highest minus the lowest driven voltage of both, and an injected current adds
    at most itself (the voltage that it can raise is left to the driver's own supply). A pull toward a target
    starts from a reading, so that its clamp is known up to the error of that reading.

    Parameters
    ----------
    topology
        For the names in a refusal.
    limits
        The tighter of the device's profile and the rig.
    settle
        Time between two boundaries, for the slew limit.
    spread
        Least over greatest conductance that a branch may have at one program.
    """

    topology: Topology
    limits: BenchLimits
    settle: Seconds
    spread: float = 1.0
    _imposed: tuple[_Imposed, ...] = (_RELEASED,)
    """Any of these may be on the board now; several after an exchange whose end is not known."""
    _conductances: BranchArray | None = None
    """The largest that each branch may have now, shape (B,), S; None: nothing was driven yet."""
    _course: Remembered[Boundary, _Course] = field(init=False)

    def __post_init__(self) -> None:
        self._course = Remembered(self._check_course)

    def admit(self, boundaries: Sequence[Boundary], conductances: BranchArray) -> None:
        """Check an exchange that programs these worst-case conductances and imposes these boundaries.

        Until `settled` or `released` says more, anything of an admitted exchange counts as imposed.

        Parameters
        ----------
        conductances
            Shape (B,), S.

        Raises
        ------
        LimitExceeded
            Names the node or branch, the value and the limit. Nothing has been sent.
        """
        course = self._course(boundaries)
        old = conductances if self._conductances is None else self._conductances
        greater = np.maximum(old, conductances)
        self._check_branches([_strain(self._imposed)], self._extremes(greater))
        if boundaries:
            entering = (*self._imposed, *course.entering)
            self._check_slew(entering)
            self._check_branches([_strain(entering), *course.strains], self._extremes(conductances))
        self._imposed = (*self._imposed, *course.imposed)
        self._conductances = greater

    def settled(self, boundaries: Sequence[Boundary], conductances: BranchArray) -> None:
        """Remember that an admitted exchange was carried out: its last boundary is imposed."""
        if boundaries:
            self._imposed = self._imposed[-1:]
        self._conductances = conductances

    def released(self) -> None:
        """Remember that nothing is driven any more."""
        self._imposed = (_RELEASED,)

    def _check_course(self, boundaries: Sequence[Boundary]) -> _Course:
        """Check what depends on these boundaries alone."""
        coming = [_imposed(boundary, boundaries) for boundary in boundaries]
        for imposed in coming:
            self._check_drivers(imposed)
        if any(isinstance(nudge, TowardTarget) for b in boundaries for nudge in b.nudges.values()):
            # A board may bring a pulled state forward to the one that it starts from.
            return _Course(coming, entering=coming, strains=())
        for pair in pairwise(coming):
            self._check_slew(pair)
        strains = dict.fromkeys(_strain(pair) for pair in pairwise(coming))
        return _Course(coming, entering=coming[:1], strains=tuple(strains))

    def _check_drivers(self, imposed: _Imposed) -> None:
        limits = self.limits
        for node, volts in imposed.levels:
            if not (math.isfinite(volts) and abs(volts) <= limits.voltage * _SLACK):
                raise self._refusal(f"node {self.topology.nodes[node]} to", volts, limits.voltage, "V")
        for node, amperes in imposed.currents.items():
            if not math.isfinite(amperes):
                raise self._refusal(
                    f"node {self.topology.nodes[node]} to", amperes, limits.branch_current, "A"
                )

    def _check_slew(self, group: Sequence[_Imposed]) -> None:
        if self.limits.slew == math.inf:
            return
        named = [{node for node, _ in imposed.levels} for imposed in group]
        always = set[int].intersection(*named)
        levels: dict[int, set[Volts]] = {}
        for imposed in group:
            for node, volts in imposed.levels:
                levels.setdefault(node, set() if node in always else {0.0}).add(volts)
        for node, taken in levels.items():
            step = max(taken) - min(taken)
            if step > self.limits.slew * self.settle * _SLACK:
                slew = step / self.settle if self.settle else math.inf
                raise self._refusal(f"node {self.topology.nodes[node]} at", slew, self.limits.slew, "V/s")

    def _extremes(self, conductances: BranchArray) -> _Extremes:
        # Span and injected current are the network's, and what a branch takes is convex in its conductance.
        best, worst = int(np.argmax(conductances)), int(np.argmin(conductances))
        return _Extremes(best, float(conductances[best]), worst, float(conductances[worst]) * self.spread)

    def _check_branches(self, strains: Iterable[_Strain], extremes: _Extremes) -> None:
        for strain in strains:
            self._check_branch(extremes.best, extremes.most, *strain)
            self._check_branch(extremes.worst, extremes.least, *strain)

    def _check_branch(self, branch: int, conductance: Siemens, span: Volts, injected: Amperes) -> None:
        current = span * conductance + injected
        limits = self.limits
        checks = (
            (conductance, limits.conductance, "S"),
            (current, limits.branch_current, "A"),
            (current * (span + (injected / conductance if injected else 0.0)), limits.branch_power, "W"),
        )
        for value, limit, unit in checks:
            if not value <= limit * _SLACK:
                raise self._refusal(f"branch {self.topology.branch_name(branch)} to", value, limit, unit)

    def _refusal(self, what: str, value: float, limit: float, unit: str) -> LimitExceeded:
        return LimitExceeded(
            f"refused: this exchange could take {what} {format_quantity(value, unit)}, the limit is"
            f" {format_quantity(limit, unit)}; nothing was sent. Lower the voltages or the ceiling,"
            " or change limits in the rig"
        )


def _imposed(boundary: Boundary, boundaries: Sequence[Boundary]) -> _Imposed:
    levels = list(boundary.voltages.items())
    for node, nudge in boundary.nudges.items():
        levels += [(node, volts) for volts in _ends(nudge, boundaries)]
    if not levels:
        return _Imposed(currents=boundary.currents)
    volts = [volts for _, volts in levels]
    return _Imposed(levels, boundary.currents, min(volts), max(volts))


def _ends(nudge: Nudge, boundaries: Sequence[Boundary]) -> Iterable[Volts]:
    """Between which potentials a nudge leaves its node, as far as the drivers are concerned."""
    if isinstance(nudge, ThroughConductance):
        return (nudge.target,)
    start = boundaries[nudge.reference] if 0 <= nudge.reference < len(boundaries) else Boundary({})
    driven = [*start.voltages.values(), *(other.target for other in start.nudges.values())]
    if start.currents or not driven:
        return (math.inf,)  # nothing bounds the reading that it starts from
    return (x + nudge.fraction * (nudge.target - x) for x in (min(driven), max(driven)))


def _strain(group: Sequence[_Imposed]) -> _Strain:
    """Highest minus lowest level, and all current that can be injected at once."""
    span = max(imposed.highest for imposed in group) - min(imposed.lowest for imposed in group)
    return _Strain(max(span, 0.0), _largest_sum(imposed.currents for imposed in group))


def _largest_sum(currents: Iterable[Mapping[int, Amperes]]) -> Amperes:
    """Sum over the nodes of the largest current into each, whatever its sign."""
    largest: dict[int, Amperes] = {}
    for into in currents:
        for node, amperes in into.items():
            largest[node] = max(largest.get(node, 0.0), abs(amperes))
    return sum(largest.values())
