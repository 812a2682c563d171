"""Where to draw the nodes of a graph, so that distances on paper follow distances along branches."""

from collections.abc import Sequence

import numpy as np

from labrig.arrays import FloatArray

_ITERATIONS = 300
_NEARLY = 0.03
"""Of the longer side: nodes no further apart than this stand in one line."""


def node_places(count: int, ends: Sequence[tuple[int, int]]) -> FloatArray:
    """Places of `count` nodes in the unit square, shape (count, 2); always the same for the same graph.

    Stress majorisation (Gansner, Koren, North, GD 2004, eq. 12 with weights 1/d²) from a spectral start.
    """
    distance = _hops(count, ends)
    weight = 1.0 / np.maximum(distance, 1.0) ** 2
    np.fill_diagonal(weight, 0.0)
    laplacian = np.diag(weight.sum(axis=1)) - weight
    inverse = np.linalg.pinv(laplacian)
    places = _spectral(distance)
    for _ in range(_ITERATIONS):
        apart = places[:, None, :] - places[None, :, :]
        length = np.linalg.norm(apart, axis=2)
        ratio = np.divide(weight * distance, length, out=np.zeros_like(length), where=length > 1e-12)
        pull = np.diag(ratio.sum(axis=1)) - ratio
        places = inverse @ pull @ places
    return _aligned(_in_reading_order(_in_unit_square(places, ends)))


def _hops(count: int, ends: Sequence[tuple[int, int]]) -> FloatArray:
    """Branches on the shortest way between any two nodes; unconnected ones are `count` apart."""
    hops = np.full((count, count), float(count))
    np.fill_diagonal(hops, 0.0)
    for a, b in ends:
        hops[a, b] = hops[b, a] = 1.0
    for via in range(count):
        hops = np.minimum(hops, hops[:, via, None] + hops[None, via, :])
    return hops


def _spectral(distance: FloatArray) -> FloatArray:
    """Classical scaling: the plane in which the distances fit best."""
    centred = (
        distance**2 - (distance**2).mean(axis=0) - (distance**2).mean(axis=1)[:, None] + (distance**2).mean()
    )
    values, vectors = np.linalg.eigh(-0.5 * centred)
    scale = np.sqrt(np.maximum(values[-2:], 0.0))
    jitter = np.linspace(0.0, 1e-3, len(distance))[:, None] * np.array([1.0, -0.7])
    places = vectors[:, -2:] * scale + jitter if len(distance) > 1 else np.zeros((len(distance), 2))
    return np.asarray(places)


def _in_unit_square(places: FloatArray, ends: Sequence[tuple[int, int]]) -> FloatArray:
    """Turned so that as many branches as can be lie flat or upright, then scaled into [0, 1]²."""
    first, second = np.asarray(ends, dtype=np.int64).reshape(-1, 2).T
    along = places[first] - places[second]
    angles = np.linspace(0.0, np.pi / 2, 181)[:-1]
    slanted = [float(np.abs(along @ _turn(angle)).min(axis=1).sum()) for angle in angles]
    turned = places @ _turn(float(angles[int(np.argmin(slanted))]))
    if np.ptp(turned[:, 0]) < np.ptp(turned[:, 1]):
        turned = turned[:, ::-1]
    span = float(np.ptp(turned, axis=0).max()) or 1.0
    return np.asarray((turned - turned.min(axis=0)) / span)


def _in_reading_order(places: FloatArray) -> FloatArray:
    """Flip and swap the axes so that node numbers grow downwards and, less strictly, to the right."""
    flips = [np.array([x, y]) for x in (1, -1) for y in (1, -1)]
    seen = [swapped * flip for swapped in (places, places[:, ::-1]) for flip in flips]
    number = np.arange(len(places)) - (len(places) - 1) / 2
    best = max(seen, key=lambda p: float(number @ p[:, 0]) - 2 * float(number @ p[:, 1]))
    return np.asarray(best - best.min(axis=0))


def _aligned(places: FloatArray) -> FloatArray:
    """Nodes that stand in nearly one line, put into it, where no two then meet."""
    straight = places.copy()
    for axis in straight.T:
        order = np.argsort(axis)
        for line in np.split(order, np.flatnonzero(np.diff(axis[order]) > _NEARLY) + 1):
            axis[line] = axis[line].mean()
    apart = len(np.unique(straight.round(9), axis=0)) == len(straight)
    return straight if apart else places


def _turn(angle: float) -> FloatArray:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
