import numpy as np
import pytest

from labrig.views.graph_layout import node_places
from tests.support.records import grid


@pytest.mark.parametrize("side", [2, 3, 4, 6])
def test_a_grid_is_drawn_as_a_grid_with_its_nodes_in_reading_order(side: int) -> None:
    places = node_places(side * side, grid(side))
    spacing = 1.0 / (side - 1)
    for node, (x, y) in enumerate(places):
        row, column = divmod(node, side)
        # stress pulls the nodes of a large grid a little towards its middle
        assert x == pytest.approx(column * spacing, abs=0.25 * spacing)
        assert y == pytest.approx((side - 1 - row) * spacing, abs=0.25 * spacing)
    assert len(np.unique(places[:, 0])) == len(np.unique(places[:, 1])) == side


def test_the_same_graph_is_always_drawn_alike() -> None:
    ends = [(0, 1), (1, 2), (2, 3), (3, 0), (1, 3), (3, 4)]
    np.testing.assert_array_equal(node_places(5, ends), node_places(5, ends))


@pytest.mark.parametrize(
    ("count", "ends"),
    [(1, []), (2, [(0, 1)]), (4, [(0, 1), (2, 3)]), (5, [(0, 4), (1, 4), (2, 4), (3, 4)])],
)
def test_nodes_of_any_graph_stand_apart_in_the_unit_square(count: int, ends: list[tuple[int, int]]) -> None:
    places = node_places(count, ends)
    assert places.min() >= 0.0
    assert places.max() <= 1.0
    for k in range(count):
        assert all(np.linalg.norm(places[k] - places[other]) > 0.1 for other in range(k))


def test_neighbours_stand_nearer_than_the_ends_of_a_chain() -> None:
    places = node_places(6, [(k, k + 1) for k in range(5)])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    np.testing.assert_allclose(steps, 0.2, rtol=1e-3)
