"""The last look before bytes leave: no request may take a branch or a line over a limit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from labrig.arrays import Amperes, BranchArray, Seconds, Siemens, Volts
from labrig.circuit.boundary import Boundary, ThroughConductance
from labrig.circuit.topology import Topology
from labrig.errors import LimitExceeded
from labrig.units import format_quantity

_INFINITE = float("inf")


@dataclass(frozen=True, slots=True)
class BenchLimits:
    """What must never be exceeded; infinite where nothing limits."""

    voltage: Volts = _INFINITE
    branch_current: Amperes = _INFINITE
    branch_power: float = _INFINITE
    """W."""
    conductance: Siemens = _INFINITE
    slew: float = _INFINITE
    """V/s."""

    def tighter(self, other: "BenchLimits") -> "BenchLimits":
        """The smaller of each."""
        return BenchLimits(
            min(self.voltage, other.voltage),
            min(self.branch_current, other.branch_current),
            min(self.branch_power, other.branch_power),
            min(self.conductance, other.conductance),
            min(self.slew, other.slew),
        )

    def largest_conductance(self, span: Volts) -> Siemens:
        """What a branch may conduct with `span` volts over it."""
        if span <= 0:
            return self.conductance
        return min(self.conductance, self.branch_current / span, self.branch_power / span**2)


@dataclass(slots=True)
class Supervisor:
    """Admits or refuses an exchange; remembers what is imposed and programmed.

    Codes change, one by one, while the outgoing boundary is still imposed; then boundaries follow one
    another, and any mixture of two neighbours may be on the board for a while. By the maximum principle a
    branch then sees at most the highest minus the lowest driven voltage of both, and an injected current adds
    at most itself (the voltage that it can raise is left to the driver's own supply).

    Parameters
    ----------
    topology
        For the names in a refusal.
    limits
        The tighter of the device's profile and the rig.
    settle
        Time between two boundaries, for the slew limit.
    """

    topology: Topology
    limits: BenchLimits
    settle: Seconds
    _imposed: Boundary = field(default_factory=lambda: Boundary({}))
    _conductances: BranchArray | None = None

    def admit(self, boundaries: Sequence[Boundary], conductances: BranchArray) -> None:
        """Check an exchange that programs these worst-case conductances and imposes these boundaries.

        Parameters
        ----------
        conductances
            Shape (B,), S.

        Raises
        ------
        LimitExceeded
            Names the node or branch, the value and the limit. Nothing has been sent.
        """
        for boundary in boundaries:
            self._check_voltages(boundary)
        before = conductances if self._conductances is None else self._conductances
        self._check_branches((self._imposed, self._imposed), np.maximum(before, conductances))
        for pair in pairwise((self._imposed, *boundaries)):
            self._check_slew(*pair)
            self._check_branches(pair, conductances)

    def imposed(self, boundary: Boundary, conductances: BranchArray) -> None:
        """Remember what an exchange left on the board."""
        self._imposed, self._conductances = boundary, conductances

    def released(self) -> None:
        """Remember that nothing is driven any more."""
        self._imposed = Boundary({})

    def _check_voltages(self, boundary: Boundary) -> None:
        for node, volts in _levels(boundary):
            if not abs(volts) <= self.limits.voltage:
                raise self._refusal(f"node {self.topology.nodes[node]} to", volts, self.limits.voltage, "V")

    def _check_slew(self, old: Boundary, new: Boundary) -> None:
        if self.limits.slew == _INFINITE:
            return
        before, after = _levels(old), _levels(new)
        for node in {node for node, _ in before + after}:
            starts = [volts for other, volts in before if other == node] or [0.0]
            ends = [volts for other, volts in after if other == node] or [0.0]
            step = max(abs(end - start) for start in starts for end in ends)
            if step > self.limits.slew * self.settle:
                slew = step / self.settle if self.settle else _INFINITE
                raise self._refusal(f"node {self.topology.nodes[node]} at", slew, self.limits.slew, "V/s")

    def _check_branches(self, pair: tuple[Boundary, Boundary], conductances: BranchArray) -> None:
        levels = [volts for boundary in pair for _, volts in _levels(boundary)]
        span = max(levels) - min(levels) if levels else 0.0
        injected = max(sum(abs(amperes) for amperes in boundary.currents.values()) for boundary in pair)
        currents = span * conductances + injected
        limits = self.limits
        checks: tuple[tuple[BranchArray, float, str], ...] = (
            (conductances, limits.conductance, "S"),
            (currents, limits.branch_current, "A"),
            (currents**2 / conductances, limits.branch_power, "W"),
        )
        for values, limit, unit in checks:
            worst = int(np.argmax(values))
            if not values[worst] <= limit * (1 + 1e-9):
                raise self._refusal(
                    f"branch {self.topology.branch_name(worst)} to", values[worst], limit, unit
                )

    def _refusal(self, what: str, value: float | np.float64, limit: float, unit: str) -> LimitExceeded:
        return LimitExceeded(
            f"refused: this exchange could take {what} {format_quantity(float(value), unit)}, the limit is"
            f" {format_quantity(limit, unit)}; nothing was sent. Lower the voltages or the ceiling,"
            " or change limits in the rig"
        )


def _levels(boundary: Boundary) -> list[tuple[int, Volts]]:
    """Every potential that a driver may take, node by node; a pull toward a target has two ends."""
    levels = list(boundary.voltages.items())
    driven = list(boundary.voltages.values())
    for node, nudge in boundary.nudges.items():
        if isinstance(nudge, ThroughConductance):
            levels.append((node, nudge.target))
            continue
        ends = (min(driven), max(driven)) if driven else (nudge.target,)
        levels += [(node, x + nudge.fraction * (nudge.target - x)) for x in ends]
    return levels
