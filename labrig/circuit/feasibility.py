"""Whether any conductances of a box give the outputs that are wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from labrig.arrays import BranchArray, FloatArray, Volts
from labrig.circuit.boundary import Boundary
from labrig.circuit.coercivity import output_derivative
from labrig.circuit.solve import solve
from labrig.circuit.topology import Topology

_STARTS = 8
_PRECISE = 0.01
_EXACT = {"xtol": 1e-14, "ftol": 1e-14, "gtol": 1e-14}
_UNLIMITED = 1e6
"""Times the greatest finite bound stands for no bound at all; voltages know ratios only."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One state: which nodes are forced, and what some others shall come to."""

    inputs: Mapping[int, Volts]
    targets: Mapping[int, Volts]


class Ways(Protocol):
    """What conductances follow from: P parameters."""

    @property
    def lowest(self) -> FloatArray:
        """Shape (P,)."""
        ...

    @property
    def highest(self) -> FloatArray:
        """Shape (P,)."""
        ...

    def conductances(self, parameters: FloatArray) -> BranchArray:
        """Of these parameters, (P,) to (B,) S."""
        ...

    def slopes(self, parameters: FloatArray, derivatives: FloatArray) -> FloatArray:
        """Derivatives by parameters, (K, P), from those by conductances, (K, B)."""
        ...


@dataclass(frozen=True, slots=True)
class _OneByOne:
    """Each conductance of a box by its logarithm."""

    floor: BranchArray
    ceiling: BranchArray

    @property
    def lowest(self) -> FloatArray:
        return np.log(self.floor)

    @property
    def highest(self) -> FloatArray:
        return np.log(self.ceiling)

    def conductances(self, parameters: FloatArray) -> BranchArray:
        return np.clip(np.exp(parameters), self.floor, self.ceiling)

    def slopes(self, parameters: FloatArray, derivatives: FloatArray) -> FloatArray:
        return derivatives * self.conductances(parameters)


@dataclass(frozen=True, slots=True)
class Missed:
    """An output that does not come to its target."""

    state: int
    node: int
    target: Volts
    alone: Volts | None
    """Nearest value if its neighbours were where they shall be; None: not known."""
    jointly: Volts
    """Its value where all targets are missed as little as the search found."""


@dataclass(frozen=True, slots=True)
class Feasibility:
    """Answer of a search; `conductances` is its witness."""

    conductances: BranchArray
    """Shape (B,), S, within the box."""
    missed: tuple[Missed, ...]
    certain: bool
    """A linear programme was solved; else this was a heuristic search, and only a success proves anything."""

    @property
    def reachable(self) -> bool | None:
        """None: not decidable."""
        return True if not self.missed else (False if self.certain else None)


def feasibility(
    topology: Topology,
    wanted: Sequence[Wanted],
    floor: BranchArray,
    ceiling: BranchArray,
    *,
    tolerance: Volts,
    seed: int = 0,
    ways: Ways | None = None,
) -> Feasibility:
    """Search the box for conductances that give all targets of all states.

    Without hidden nodes Kirchhoff's law at the targets, D_O diag(v^D) g = 0, is linear in g (Huijzer et al.,
    arXiv:2503.00349): the linear programme min Σ|residual current| decides. With hidden nodes, or outputs
    without a target on any network but a crossbar, or where conductances do not move one by one, this is a
    search from several starts. Either way the network is solved with what was found.

    Parameters
    ----------
    wanted
        Several states are wanted of the same conductances.
    floor, ceiling
        Shape (B,), S; the ceiling may be infinite.
    tolerance
        An output nearer to its target than this has reached it, V.
    ways
        In which the conductances can move together; None: each by itself.

    Raises
    ------
    CircuitError
        A node has no conducting path to an input.
    """
    highest = np.where(np.isfinite(ceiling), ceiling, _UNLIMITED * _greatest(floor, ceiling))
    linear = topology.crossbar_shape is not None or not _unknown_nodes(topology, wanted)
    certain = linear and ways is None
    found = (
        _linear(topology, wanted, floor, highest)
        if certain
        else _searched(topology, wanted, ways or _OneByOne(floor, highest), tolerance, seed)
    )
    if certain and len(wanted) == 1 and topology.crossbar_shape is not None:
        found = _nearest(topology, wanted[0], found, floor, highest, tolerance)
    missed: list[Missed] = []
    states = solve(topology, found, [Boundary(state.inputs) for state in wanted]).node_voltages
    for row, state in enumerate(wanted):
        for node, target in state.targets.items():
            volts = float(states[row, node])
            if abs(volts - target) > tolerance:
                alone = _extreme(topology, state, node, floor, highest)[0] if certain else None
                missed.append(Missed(row, node, target, alone, volts))
    return Feasibility(found, tuple(missed), certain)


def range_needed(
    topology: Topology,
    wanted: Sequence[Wanted],
    floor: BranchArray,
    ceiling: BranchArray,
    tolerance: Volts,
) -> float | None:
    """By which factor ceilings must rise so that all targets are reached, to 1 %; None: by none up to 10⁶.

    Voltages know ratios of conductances only: lowering the floors by the factor does as much. Only where a
    linear programme decides, and every ceiling is finite.
    """
    if not np.isfinite(ceiling).all():
        return None
    low, high = 0.0, np.log(_UNLIMITED)

    def reached(logarithm: float) -> bool:
        risen = np.where(floor < ceiling, ceiling * np.exp(logarithm), ceiling)
        return not feasibility(topology, wanted, floor, risen, tolerance=tolerance).missed

    if not reached(high):
        return None
    while high - low > _PRECISE:
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return float(np.exp(high))


def _greatest(floor: BranchArray, ceiling: BranchArray) -> float:
    return float(np.max([*floor, *ceiling[np.isfinite(ceiling)]]))


def _unknown_nodes(topology: Topology, wanted: Sequence[Wanted]) -> bool:
    """Whether the voltage of some node is not told by the task."""
    return any(len({*state.inputs, *state.targets}) < len(topology.nodes) for state in wanted)


def _linear(
    topology: Topology, wanted: Sequence[Wanted], floor: BranchArray, ceiling: BranchArray
) -> BranchArray:
    """Least sum of |residual currents| at the targets, each row in units of its largest branch voltage."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack, identity

    rows = csr_array(np.vstack([_currents(topology, state) for state in wanted]))
    scale = float(np.median(floor))
    count, branches = rows.shape
    slack = identity(count, format="csr")
    box = [*zip((floor / scale).tolist(), (ceiling / scale).tolist(), strict=True)]
    answer = linprog(
        np.concatenate([np.zeros(branches), np.ones(2 * count)]),
        A_eq=hstack([rows, slack, -slack], format="csr"),
        b_eq=np.zeros(count),
        bounds=[*box, *[(0.0, None)] * (2 * count)],
        method="highs",
    )
    if answer.x is None:
        msg = f"the linear programme of reachability was not solved: {answer.message}"
        raise RuntimeError(msg)
    return np.clip(np.asarray(answer.x[:branches]) * scale, floor, ceiling)


def _currents(topology: Topology, state: Wanted) -> FloatArray:
    """Voltage of each branch toward each target, (T, B), in units of a row's largest; times g, a current."""
    volts = np.full(len(topology.nodes), np.nan)
    for node, value in {**state.inputs, **state.targets}.items():
        volts[node] = value
    over = topology.branch_voltages(volts)
    rows = np.zeros((len(state.targets), len(topology.branches)))
    for row, node in enumerate(state.targets):
        rows[row, topology.ends[:, 0] == node] = over[topology.ends[:, 0] == node]
        rows[row, topology.ends[:, 1] == node] = -over[topology.ends[:, 1] == node]
        rows[row] /= max(np.abs(rows[row]).max(), np.finfo(np.float64).tiny)
    return rows


def _nearest(
    topology: Topology,
    state: Wanted,
    found: BranchArray,
    floor: BranchArray,
    ceiling: BranchArray,
    tolerance: Volts,
) -> BranchArray:
    """The same, with each column that misses its target as near as it gets: columns share no branch."""
    volts = solve(topology, found, [Boundary(state.inputs)]).node_voltages[0]
    nearest = found.copy()
    for node, target in state.targets.items():
        if abs(volts[node] - target) > tolerance:
            at = (topology.ends == node).any(axis=1)
            nearest[at] = _extreme(topology, state, node, floor, ceiling)[1]
    return nearest


def _extreme(
    topology: Topology, state: Wanted, node: int, floor: BranchArray, ceiling: BranchArray
) -> tuple[Volts, FloatArray]:
    """Nearest value to a target that its node can have while its neighbours are where they shall be.

    The voltage is a mean of the neighbours', weighted by conductances; at its extremes the branches to the
    neighbours on one side are at one end of the box, the others at the other. With the conductances of its
    branches there, in their order.
    """
    at = np.flatnonzero((topology.ends == node).any(axis=1))
    others = topology.ends[at].sum(axis=1) - node
    known = {**state.inputs, **state.targets}
    volts = np.array([known[k] for k in others.tolist()])
    target = state.targets[node]
    sides = volts[:, None] <= volts
    choices = [np.where(side, a, b) for side in sides for a, b in _ends(floor[at], ceiling[at])]
    means = np.array([np.average(volts, weights=weights) for weights in choices])
    best = int(np.argmin(np.abs(means - target)))
    return float(np.clip(target, means.min(), means.max())), choices[best]


def _ends(floor: FloatArray, ceiling: FloatArray) -> tuple[tuple[FloatArray, FloatArray], ...]:
    return ((floor, ceiling), (ceiling, floor))


def _searched(
    topology: Topology,
    wanted: Sequence[Wanted],
    ways: Ways,
    tolerance: Volts,
    seed: int,
) -> BranchArray:
    """Least squares of the errors over what can be moved, from several starts; the best of them."""
    from scipy.optimize import least_squares

    low, high = ways.lowest, ways.highest
    draw = np.random.default_rng(seed)
    boundaries = [Boundary(state.inputs) for state in wanted]

    def errors(parameters: FloatArray) -> FloatArray:
        volts = solve(topology, ways.conductances(parameters), boundaries).node_voltages
        return np.concatenate(
            [volts[k, list(s.targets)] - list(s.targets.values()) for k, s in enumerate(wanted)]
        )

    def slopes(parameters: FloatArray) -> FloatArray:
        g = ways.conductances(parameters)
        found = np.vstack([output_derivative(topology, g, s.inputs, list(s.targets)) for s in wanted])
        return ways.slopes(parameters, found)

    best: FloatArray | None = None
    width = np.maximum(high - low, 1e-9)
    for start in range(_STARTS):
        first = low + width * (0.5 if start == 0 else draw.uniform(0.05, 0.95, low.shape))
        found = least_squares(
            errors, first, slopes, bounds=(low, low + width), xtol=1e-14, ftol=1e-14, gtol=1e-14
        )
        reached = np.asarray(found.x)
        if best is None or np.abs(errors(reached)).max() < np.abs(errors(best)).max():
            best = reached
        if np.abs(errors(best)).max() <= tolerance:
            break
    if best is None:
        raise AssertionError
    return ways.conductances(np.clip(best, low, high))
