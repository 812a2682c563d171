"""A boundary is what it was made from, whatever becomes of that."""

import pytest

from labrig.circuit.boundary import Boundary, Nudge, ThroughConductance


def test_changing_what_a_boundary_was_made_from_does_not_change_the_boundary() -> None:
    voltages, currents = {0: 1.0}, {1: 1e-6}
    nudges: dict[int, Nudge] = {2: ThroughConductance(1.0, 1e-6)}
    boundary = Boundary(voltages, currents, nudges)
    voltages[0], currents[1] = 5.0, 1.0
    nudges.clear()
    assert boundary == Boundary({0: 1.0}, {1: 1e-6}, {2: ThroughConductance(1.0, 1e-6)})


def test_a_boundary_cannot_be_changed_itself() -> None:
    boundary = Boundary({0: 1.0})
    with pytest.raises(TypeError):
        boundary.voltages[0] = 2.0  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    assert boundary.voltages == {0: 1.0}
