from typing import Any

import numpy as np
import pytest

from labrig.store.columns import Column, Constant


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"name": "Error"}, "lower case"),
        ({"name": "step"}, "not 'step'"),
        ({"name": 'x"; DROP TABLE steps'}, "lower case"),
        ({"name": "x", "dims": ("branch",)}, "1 dims"),
        ({"name": "x", "dtype": "complex128"}, "complex128"),
        ({"name": "x", "dtype": "str", "dims": ("branch",), "shape": (2,)}, "scalars"),
        ({"name": "x", "encoding": "delta"}, "deltas"),
        ({"name": "x", "dims": ("b",), "shape": (2,), "encoding": "delta", "keep": "sampled"}, "deltas"),
    ],
)
def test_a_column_that_contradicts_itself_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Column(**options)


def test_a_value_of_another_shape_is_refused() -> None:
    column = Column("x", dims=("branch",), shape=(3,))

    with pytest.raises(ValueError, match=r"x: shape \(2,\), expected \(3,\)"):
        column.array(np.zeros(2))


def test_stored_arrays_are_little_endian_copies() -> None:
    given = np.array([1.0, 2.0], dtype=">f8")
    column = Column("x", dims=("branch",), shape=(2,))

    array = column.array(given)
    given[0] = 9.0

    assert array.tobytes() == np.array([1.0, 2.0], "<f8").tobytes()


def test_a_constant_names_each_of_its_dimensions() -> None:
    with pytest.raises(ValueError, match="2 dimensions"):
        Constant(np.zeros((2, 2)), ("sample",))
