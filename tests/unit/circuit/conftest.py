"""An exact solver to compare with, and random networks."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from labrig.arrays import BranchArray
from labrig.circuit import Boundary, ThroughConductance, Topology, TowardTarget

ExactState = tuple[list[float], dict[int, float]]
Exact = Callable[[Topology, BranchArray, Boundary], ExactState]


def settle_exactly(topology: Topology, conductances: BranchArray, boundary: Boundary) -> ExactState:
    """Potentials of all nodes, and currents into forced and nudged ones, in rational arithmetic."""
    size = len(topology.nodes)
    laplacian = [[Fraction(0)] * size for _ in range(size)]
    for (a, b), g in zip(topology.branches, conductances.tolist(), strict=True):
        for one, other in ((a, b), (b, a)):
            laplacian[one][one] += Fraction(g)
            laplacian[one][other] -= Fraction(g)
    forced = {node: Fraction(volts) for node, volts in boundary.voltages.items()}
    unknown = [node for node in reversed(range(size)) if node not in forced]
    rows: list[list[Fraction]] = []
    for node in unknown:
        right = Fraction(boundary.currents.get(node, 0.0))
        right -= sum((laplacian[node][other] * volts for other, volts in forced.items()), Fraction(0))
        row = [laplacian[node][other] for other in unknown]
        nudge = boundary.nudges.get(node)
        assert not isinstance(nudge, TowardTarget)
        if isinstance(nudge, ThroughConductance):
            row[unknown.index(node)] += Fraction(nudge.conductance)
            right += Fraction(nudge.conductance) * Fraction(nudge.target)
        rows.append([*row, right])
    solution = _eliminate(rows)
    potentials = [forced.get(node, Fraction(0)) for node in range(size)]
    for node, volts in zip(unknown, solution, strict=True):
        potentials[node] = volts
    currents = {
        node: sum((laplacian[node][k] * potentials[k] for k in range(size)), Fraction(0)) for node in forced
    }
    for node, nudge in boundary.nudges.items():
        assert isinstance(nudge, ThroughConductance)
        currents[node] = Fraction(nudge.conductance) * (Fraction(nudge.target) - potentials[node])
    return [float(volts) for volts in potentials], {node: float(amps) for node, amps in currents.items()}


def _eliminate(rows: list[list[Fraction]]) -> list[Fraction]:
    size = len(rows)
    for k in range(size):
        for i in range(k + 1, size):
            if rows[i][k]:
                factor = rows[i][k] / rows[k][k]
                rows[i] = [a - factor * b if b else a for a, b in zip(rows[i], rows[k], strict=True)]
    solution = [Fraction(0)] * size
    for k in reversed(range(size)):
        known = sum((rows[k][j] * solution[j] for j in range(k + 1, size)), Fraction(0))
        solution[k] = (rows[k][size] - known) / rows[k][k]
    return solution


def random_graph(rng: np.random.Generator, nodes: int, extra: int) -> Topology:
    """Random tree over all nodes and extra branches, parallel ones among them."""
    branches = [(int(rng.integers(node)), node) for node in range(1, nodes)]
    while len(branches) < nodes - 1 + extra:
        a, b = (int(k) for k in rng.integers(nodes, size=2))
        if a != b:
            branches.append((a, b))
    return Topology(tuple(f"n{k}" for k in range(nodes)), tuple(branches), (0, 1), ())


@pytest.fixture
def exact() -> Exact:
    return settle_exactly


@pytest.fixture
def connected_graph() -> Callable[[np.random.Generator, int, int], Topology]:
    return random_graph
