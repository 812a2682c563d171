"""Which readings cannot be true, because they stand still."""

import numpy as np
import pytest

from labrig.bench.stillness import Stillness
from labrig.circuit.boundary import Boundary

SPAN = 5.0


@pytest.mark.parametrize(
    ("driven", "read", "told"),
    [
        pytest.param([None, 3.0], [2.0, 2.0], True, id="clamped, and still where it floated"),
        pytest.param([None, 3.0], [2.0, 2.0001], False, id="clamped, and moved"),
        pytest.param([None, 2.04], [2.0, 2.0], False, id="clamped near where it floated"),
        pytest.param([1.0, 4.0], [2.0, 2.0], True, id="driven to two levels"),
        pytest.param([4.0, 4.0], [2.0, 2.0], False, id="driven to one level, behind a resistor"),
        pytest.param([None, None], [2.0, 2.0], False, id="never driven"),
        pytest.param([3.0], [2.0], False, id="a single state"),
    ],
)
def test_a_reading_that_stands_still_while_its_line_is_moved(
    driven: list[float | None], read: list[float], told: bool
) -> None:
    states = [Boundary({0: 1.0} if level is None else {0: 1.0, 1: level}) for level in driven]
    volts = np.array([[1.0, volt] for volt in read])
    assert Stillness(2, SPAN)(states, volts).tolist() == [False, told]
