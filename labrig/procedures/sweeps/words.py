"""What can be chosen of a sweep."""

from enum import StrEnum


class Scale(StrEnum):
    """How levels are spaced."""

    LINEAR = "linear"
    LOG = "log"


class Order(StrEnum):
    """The way through the levels."""

    SINGLE = "single"
    """From start to stop."""
    DUAL = "dual"
    """From start to stop and back."""
    FOUR_QUADRANT = "four-quadrant"
    """From 0 to stop, back through 0 to minus stop, and back to 0: shows a pinched hysteresis loop."""


class AtCompliance(StrEnum):
    """What a sweep does once the limit holds."""

    KEEP = "keep"
    """Measures the point as it is, and goes on."""
    STEP_BACK = "step-back"
    """Leaves out what lies further from zero, and goes on with the way back."""
    STOP = "stop"
    """Ends with this point."""


class Others(StrEnum):
    """What happens to the lines that a sweep of one branch does not need."""

    FLOAT = "float"
    """They are released."""
    GROUND = "ground"
    HALF = "v/2"
    """All are at half the level: no other branch has more than half of it."""
    THIRD = "v/3"
    """Lines beside the driven one are at a third, those beside the grounded one at two thirds of it."""
