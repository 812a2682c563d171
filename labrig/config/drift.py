"""What a training measures again and again to see that its board stays what it was."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from labrig.config.model import Model
from labrig.config.quantities import BareQuantity, Count, NoiseVolts, Text, Tolerance

DriftPolicy: TypeAlias = Literal["note", "zero", "recalibrate", "pause"]


class DriftConfig(Model):
    """A look at what should not change, beside the training: a masked branch, and all nodes at one level."""

    every: Count = 100
    """Updates from one look to the next; the first, with which others are compared, comes at once."""
    reference: Text = "auto"
    """A branch of a crossbar that the rig masks; none; auto: the first, if the board reads currents."""
    repeats: Annotated[Count, Field(ge=2, le=100)] = 8
    """Times that each state of a look is read."""
    limit: Annotated[float, BareQuantity("", least=1.0, most=100.0)] = 3.0
    """Standard deviations: chance raises an alarm no oftener than it takes a normal variable beyond them."""
    change: Tolerance = 0.0
    """Of the reference's conductance, relative: up to here it is let pass, sure or not."""
    offset: NoiseVolts = 0.0
    """Of a node's reading: likewise."""
    then: DriftPolicy = "note"
    """note: say so; zero: also read offsets anew; recalibrate: converters; pause: end, to be resumed."""
