"""One circuit on which every simulated device acts: what one forces, the others read."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from labrig.arrays import Amperes, BoolArray, BranchArray, FloatArray, Volts
from labrig.circuit.boundary import Boundary
from labrig.circuit.islands import floating
from labrig.circuit.solve import solve
from labrig.circuit.topology import Topology
from labrig.sim.instruments.analogue import Drive, OperatingPoint, Thevenin
from labrig.sim.sources import Holding, held, joined
from labrig.sim.switches import Switches

_PROBE: Amperes = 1e-6
"""Injected to see how a circuit gives way; it is linear, or nearly, so that any current would do."""
_ROUNDS = 50
_STILL: Volts = 1e-9
"""By which voltages may move from one round to the last."""


@dataclass(frozen=True, slots=True)
class Inside:
    """A circuit with nodes that are no lines.

    Parameters
    ----------
    circuit
        Its lines first. Its branches are those that are programmed, and then pieces of wire.
    pieces
        Conductances of these, shape (E,), S.
    """

    circuit: Topology
    pieces: FloatArray = field(default_factory=lambda: np.zeros(0))


class CircuitWorld:
    """A network of lines with its true conductances.

    Parameters
    ----------
    topology
        On board lines.
    conductances
        At power-up, shape (B,), S; 0 is an open branch. B is that of the circuit inside, where there is one.
    inside
        What there is between the lines beside the branches; None: nothing.
    switches
        What depends on the voltages; None: nothing.
    """

    def __init__(
        self,
        topology: Topology,
        conductances: BranchArray,
        inside: Inside | None = None,
        switches: Switches | None = None,
    ) -> None:
        self.topology = topology
        self.conductances = conductances
        self._switches = switches
        whole = Inside(topology) if inside is None else inside
        self._circuit, self._pieces = whole.circuit, whole.pieces
        self.standing = Boundary({})
        """What the drivers of the board hold now."""
        self.sources: dict[int, Drive] = {}
        """What source-measure units force, by line."""

    def settle(self, boundaries: Sequence[Boundary]) -> FloatArray:
        """Voltage of every line in each settled state, (M, L) V; 0 V where no source of voltage reaches."""
        if self.sources:
            whole = np.vstack([self._shared(b, self.sources) for b in boundaries])
        else:
            whole = self._settle(boundaries)
        return whole[:, : len(self.topology.nodes)]

    def seen(self, line: int) -> Thevenin:
        """The circuit at a line as it is now, for whoever forces that line."""
        others = {other: drive for other, drive in self.sources.items() if other != line}
        at_rest = self._holding(self.standing, others)
        boundary = joined(self.standing, at_rest)
        if self._floating(boundary)[line]:
            return Thevenin(0.0, float("inf"))
        if line in boundary.voltages:
            return Thevenin(boundary.voltages[line], 0.0)
        pushed = joined(boundary, {}, extra={line: _PROBE})
        volts = self._settle([boundary, pushed])[:, line]
        return Thevenin(float(volts[0]), float(volts[1] - volts[0]) / _PROBE)

    def _shared(self, boundary: Boundary, drives: dict[int, Drive]) -> FloatArray:
        volts: FloatArray = self._settle([joined(boundary, self._holding(boundary, drives))])[0]
        return volts

    def _holding(self, boundary: Boundary, drives: dict[int, Drive]) -> dict[int, Holding]:
        """Which of each source's two quantities is held: its level, or its limit where that is reached."""
        holding = {line: Holding(drive.source, drive.level) for line, drive in drives.items()}
        for _ in range(2 * len(drives) + 2):
            volts = self._settle([joined(boundary, holding)])[0]
            found = {
                line: held(drive, holding[line], float(volts[line]), self._into(line, volts, boundary))
                for line, drive in drives.items()
            }
            if found == holding:
                break
            holding = found
        return holding

    def _into(self, line: int, volts: FloatArray, boundary: Boundary) -> Amperes:
        """Current that leaves a line for the network and for the board's driver."""
        first, second = self._circuit.ends.T
        flows = self._at(volts) * (volts[first] - volts[second])
        own: Volts = float(volts[line])
        into = float(flows[first == line].sum() - flows[second == line].sum())
        nudge = boundary.nudges.get(line)
        if nudge is not None:
            into += getattr(nudge, "conductance", 0.0) * (own - nudge.target)
        return into - boundary.currents.get(line, 0.0)

    @property
    def _all_conductances(self) -> FloatArray:
        return np.concatenate([self.conductances, self._pieces])

    def _settle(self, boundaries: Sequence[Boundary]) -> FloatArray:
        """Voltage of every node, those inside the lines last."""
        volts = np.zeros((len(boundaries), len(self._circuit.nodes)))
        driven = [k for k, boundary in enumerate(boundaries) if boundary.voltages or boundary.nudges]
        imposed: list[Boundary] = []
        if driven:
            imposed = [self._grounded(boundaries[k]) for k in driven]
            volts[driven] = solve(self._circuit, self._all_conductances, imposed).node_voltages
        if self._switches is not None:
            for k, boundary in zip(driven, imposed, strict=True):
                volts[k] = self._consistent(boundary, volts[k])
        return volts

    def _consistent(self, boundary: Boundary, volts: FloatArray) -> FloatArray:
        """Where conductances and voltages belong to each other; from those of the rails on."""
        for _ in range(_ROUNDS):
            found: FloatArray = solve(self._circuit, self._at(volts), [boundary]).node_voltages[0]
            moved, volts = float(np.abs(found - volts).max()), found
            if moved < _STILL:
                break
        return volts

    def _at(self, volts: FloatArray) -> FloatArray:
        """Conductances of all branches and pieces of wire at these voltages, S."""
        if self._switches is None:
            return self._all_conductances
        return np.concatenate([self._switches.conductances(self.conductances, volts), self._pieces])

    def _grounded(self, boundary: Boundary) -> Boundary:
        """The same, and every island that would float is held at 0 V, as by the leak of its converters."""
        if self.conductances.all():
            return boundary
        lost = {int(line) for line in np.flatnonzero(self._floating(boundary))}
        return Boundary(
            {**boundary.voltages, **dict.fromkeys(lost, 0.0)},
            {line: amperes for line, amperes in boundary.currents.items() if line not in lost},
            boundary.nudges,
        )

    def _floating(self, boundary: Boundary) -> BoolArray:
        sourced = np.zeros(len(self._circuit.nodes), dtype=np.bool_)
        sourced[[*boundary.voltages, *boundary.nudges]] = True
        return floating(self._circuit.ends, self._all_conductances, sourced)


class LineTerminals:
    """The terminals of a source-measure unit on one line of a shared circuit, against its ground."""

    def __init__(self, world: CircuitWorld, line: int) -> None:
        self._world = world
        self._line = line

    def seen(self) -> Thevenin:
        """The circuit as it is now, without the unit itself."""
        return self._world.seen(self._line)

    def force(self, point: OperatingPoint | None) -> None:
        """Let everybody who shares the circuit see what the unit forces, or that it is off."""
        if point is None:
            self._world.sources.pop(self._line, None)
        else:
            self._world.sources[self._line] = point.drive
