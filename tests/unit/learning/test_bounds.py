import numpy as np
import pytest

from labrig.errors import ConfigError
from labrig.learning import Bounds, Walls


def test_projection_is_the_nearest_point_of_the_box() -> None:
    box = Bounds(np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0, np.inf]))
    np.testing.assert_array_equal(box.project(np.array([0.0, 5.0, 1e9])), [0.1, 2.0, 1e9])
    inside = np.array([0.5, 0.2, 7.0])
    np.testing.assert_array_equal(box.project(inside), inside)


def test_walls_count_what_is_held_back_but_no_masked_branches() -> None:
    box = Bounds.uniform(5, 0.1, 1.0)
    proposed = np.array([0.05, 0.1, 1.0, 1.5, 2.0])
    assert box.walls(proposed, np.zeros(5, dtype=np.bool_)) == Walls(floor=1, ceiling=2)
    assert box.walls(proposed, np.array([True, False, False, False, True])) == Walls(floor=0, ceiling=1)


@pytest.mark.parametrize(
    ("floor", "ceiling"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 1.0), (np.nan, 1.0), (1.0, np.nan)]
)
def test_an_impossible_box_is_refused_with_its_branch(floor: float, ceiling: float) -> None:
    with pytest.raises(ConfigError, match=r"branch 1 .*floor must be positive"):
        Bounds(np.array([0.1, floor]), np.array([1.0, ceiling]))
