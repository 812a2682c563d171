"""Star–mesh elimination: exact to the last digits however many decades the conductances span.

An unknown node with conductances g_j to its neighbours is replaced by branches ``g_i g_j / Σ g`` between
them. Only sums, products and quotients of non-negative numbers occur, so every mesh conductance keeps its
relative precision (the idea of Grassmann, Taksar and Heyman, Oper. Res. 33, 1107 (1985), for Markov chains;
proved by O'Cinneide, Numer. Math. 65, 109 (1993)). What is left joins driven nodes only: their currents come
from their own differences.
"""

import heapq
from dataclasses import dataclass

import numpy as np

from labrig.arrays import BranchArray, FloatArray, IntArray
from labrig.circuit.drives import Group
from labrig.circuit.multigraph import sum_by_index
from labrig.errors import CircuitError

SPARSE_FROM = 200
"""Unknown nodes from which nodes of low degree are eliminated one by one before the rest is dense."""
LOW_DEGREE = 32
LARGEST_CORE = 10_000
"""Nodes of the dense rest, 800 MB."""
_PANEL = 48


@dataclass(frozen=True, slots=True)
class _Star:
    """An eliminated node: its neighbours at that moment, the conductances to them, and their sum."""

    node: int
    neighbours: IntArray
    weights: FloatArray
    total: float


@dataclass(frozen=True, slots=True)
class _Network:
    """Branches over unknown nodes 0…U-1 and terminals U…U+T-1 (forced nodes, then sources of shunts)."""

    unknown: IntArray
    forced: IntArray
    shunted: IntArray
    ends: IntArray
    conductances: BranchArray

    @property
    def nodes(self) -> int:
        return len(self.unknown) + len(self.forced) + len(self.shunted)


def settle(ends: IntArray, conductances: BranchArray, group: Group) -> tuple[FloatArray, FloatArray]:
    """Potentials and currents into the network at driven nodes, each (M, N).

    Every unknown node must have a conducting path to a driven one.

    Raises
    ------
    CircuitError
        The graph is too large and too interwoven.
    """
    network = _network(ends, conductances, group)
    stars, mesh = _eliminate(network)
    states = len(group.volts)
    count, forced = len(network.unknown), len(network.forced)
    potentials = np.zeros((network.nodes, states))
    potentials[count : count + forced] = group.volts[:, network.forced].T
    potentials[count + forced :] = group.sources[:, network.shunted].T
    injected = np.zeros((network.nodes, states))
    if group.injected.any():
        injected[:count] = group.injected[:, network.unknown].T
        for star in stars:
            injected[star.neighbours] += np.outer(star.weights / star.total, injected[star.node])
    for star in reversed(stars):
        potentials[star.node] = (
            star.weights @ potentials[star.neighbours] + injected[star.node]
        ) / star.total
    into = _terminal_currents(mesh, potentials[count:]) - injected[count:]
    all_potentials = group.volts.copy()
    all_potentials[:, network.unknown] = potentials[:count].T
    currents = np.zeros_like(all_potentials)
    currents[:, network.forced] = into[:forced].T
    currents[:, network.shunted] = into[forced:].T
    return all_potentials, currents


def _network(ends: IntArray, conductances: BranchArray, group: Group) -> _Network:
    unknown, forced = np.flatnonzero(~group.fixed), np.flatnonzero(group.fixed)
    shunted = np.flatnonzero((group.shunts > 0) & ~group.fixed)
    local = np.empty(len(group.fixed), dtype=np.int64)
    local[unknown] = np.arange(len(unknown))
    local[forced] = len(unknown) + np.arange(len(forced))
    sources = len(unknown) + len(forced) + np.arange(len(shunted))
    live = conductances > 0
    return _Network(
        unknown,
        forced,
        shunted,
        np.concatenate([local[ends[live]].reshape(-1, 2), np.stack([local[shunted], sources], axis=1)]),
        np.concatenate([conductances[live], group.shunts[shunted]]),
    )


def _eliminate(network: _Network) -> tuple[list[_Star], FloatArray]:
    """Stars in the order of their elimination, and the mesh over the terminals, (T, T)."""
    nodes, unknown = network.nodes, len(network.unknown)
    if unknown < SPARSE_FROM:
        matrix = sum_by_index(
            network.ends[:, 0] * nodes + network.ends[:, 1], network.conductances, nodes * nodes
        ).reshape(nodes, nodes)
        return _eliminate_dense(matrix + matrix.T, np.arange(nodes), unknown)
    neighbours: list[dict[int, float]] = [{} for _ in range(nodes)]
    firsts: list[int] = network.ends[:, 0].tolist()
    seconds: list[int] = network.ends[:, 1].tolist()
    for a, b, g in zip(firsts, seconds, network.conductances.tolist(), strict=True):
        neighbours[a][b] = neighbours[a].get(b, 0.0) + g
        neighbours[b][a] = neighbours[b].get(a, 0.0) + g
    stars, left = _eliminate_low_degrees(neighbours, unknown)
    core = np.array([*left, *range(unknown, nodes)], dtype=np.int64)
    if len(core) > LARGEST_CORE:
        msg = (
            f"the network has {len(network.unknown)} unknown nodes, conductances too far apart to iterate, "
            f"and {len(core)} nodes too interwoven to eliminate ({LARGEST_CORE} allowed); "
            "narrow the range of conductances or the network"
        )
        raise CircuitError(msg)
    place = {int(node): k for k, node in enumerate(core)}
    matrix = np.zeros((len(core), len(core)))
    for node, row in place.items():
        for other, g in neighbours[node].items():
            matrix[row, place[other]] = g
    rest, mesh = _eliminate_dense(matrix, core, len(left))
    return stars + rest, mesh


def _eliminate_low_degrees(neighbours: list[dict[int, float]], unknown: int) -> tuple[list[_Star], list[int]]:
    """Minimum degree first, until the least degree is above LOW_DEGREE; the unknown nodes that are left."""
    queue = [(len(neighbours[node]), node) for node in range(unknown)]
    heapq.heapify(queue)
    stars: list[_Star] = []
    gone = [False] * unknown
    while queue:
        degree, node = heapq.heappop(queue)
        if gone[node] or degree != len(neighbours[node]):
            continue
        if degree > LOW_DEGREE:
            break
        gone[node] = True
        points = list(neighbours[node].items())
        total = sum(g for _, g in points)
        stars.append(_Star(node, np.array([j for j, _ in points]), np.array([g for _, g in points]), total))
        for k, (i, g) in enumerate(points):
            mine = neighbours[i]
            del mine[node]
            share = g / total
            for j, other in points[:k]:
                joined = mine.get(j, 0.0) + share * other
                mine[j] = joined
                neighbours[j][i] = joined
        for i, _ in points:
            if i < unknown:
                heapq.heappush(queue, (len(neighbours[i]), i))
    return stars, [node for node in range(unknown) if not gone[node]]


def _eliminate_dense(matrix: FloatArray, labels: IntArray, unknown: int) -> tuple[list[_Star], FloatArray]:
    """Eliminate the first nodes of a symmetric conductance matrix by panels; its diagonal is never read."""
    stars: list[_Star] = []
    for start in range(0, unknown, _PANEL):
        stop = min(start + _PANEL, unknown)
        panel = matrix[start:stop, start:].copy()
        totals = np.empty(stop - start)
        for k in range(stop - start):
            weights = panel[k, k + 1 :]
            totals[k] = weights.sum()
            panel[k + 1 :, k + 1 :] += np.outer(panel[k + 1 :, k] / totals[k], weights)
            stars.append(_Star(int(labels[start + k]), labels[start + k + 1 :], weights, float(totals[k])))
        tails = panel[:, stop - start :]
        matrix[stop:, stop:] += (tails / totals[:, None]).T @ tails
    return stars, matrix[unknown:, unknown:]


def _terminal_currents(mesh: FloatArray, potentials: FloatArray) -> FloatArray:
    """Currents (T, M) into a mesh whose terminals lie at potentials (T, M)."""
    currents = np.zeros(potentials.shape)
    for state, level in enumerate(potentials.T):
        currents[:, state] = (mesh * (level[:, None] - level[None, :])).sum(axis=1)
    return currents
