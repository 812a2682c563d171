"""A study: one experiment in many variants, each with several seeds."""

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from labrig.config.model import Model, mistakes
from labrig.config.plain import is_mapping
from labrig.config.quantities import Count, PositiveSeconds, PositiveSiemens, Share, Text, Volts

Set: TypeAlias = dict[Text, Any]
"""Keys of the experiment with dots, ``learning.step.rate``, or of ``draw``; and what they are set to."""


class ValuesAxis(Model):
    """One key with several values."""

    key: Text
    values: Annotated[tuple[Any, ...], Field(min_length=1)]


class CasesAxis(Model):
    """Named cases, each with the keys that it sets; a name that is a number is one in pictures."""

    cases: Annotated[dict[Text, Set], Field(min_length=1)]


def _form(value: Any) -> str:
    is_cases = "cases" in value if is_mapping(value) else isinstance(value, CasesAxis)
    return "by-case" if is_cases else "by-value"


Axis: TypeAlias = Annotated[
    Annotated[ValuesAxis, Tag("by-value")] | Annotated[CasesAxis, Tag("by-case")], Discriminator(_form)
]


class DrawnNetwork(Model):
    """A connected graph, drawn by the seed; its nodes are shared out among inputs, outputs and hidden."""

    model: Literal["random", "scale-free", "small-world"]
    """Erdős–Rényi with this many branches, Barabási–Albert, Watts–Strogatz."""
    nodes: Count
    branches: Count
    inputs: Count
    outputs: Count
    rewire: Share = 0.2
    """small-world: chance of each branch of the ring to lead elsewhere."""


class _Between(Model):
    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, high = getattr(self, "low", 0.0), getattr(self, "high", 0.0)
        if low > high:
            text = f"found {low:g}, which is above high, {high:g}"
            raise mistakes(type(self).__name__, [(("low",), text)])
        return self


class RampInputs(Model):
    """Evenly spaced from the first input to the last."""

    kind: Literal["ramp"] = "ramp"
    low: Volts
    high: Volts


class UniformVolts(_Between):
    """Each voltage of each sample drawn by itself."""

    kind: Literal["uniform"] = "uniform"
    low: Volts
    high: Volts


class ConductanceTargets(_Between):
    """What the outputs are with conductances that are drawn, the same for all samples: within reach."""

    kind: Literal["conductances"] = "conductances"
    low: PositiveSiemens
    high: PositiveSiemens


class Draw(Model):
    """A task that each seed draws anew, in place of the experiment's."""

    network: DrawnNetwork | None = None
    """null: the rig's."""
    samples: Count = 1
    inputs: Annotated[RampInputs | UniformVolts, Field(discriminator="kind")]
    targets: Annotated[ConductanceTargets | UniformVolts, Field(discriminator="kind")]


class Budget(Model):
    """What each training may spend at most, beside the experiment's own rules; whichever comes first."""

    measurements: Count | None = None
    """Settled states."""
    writes: Count | None = None
    """Branch codes, or conductances."""
    seconds: PositiveSeconds | None = None
    """Of its own, while others rest."""


class StudyConfig(Model):
    """One study."""

    name: Text | None = None
    """null: the name of its file."""
    experiment: Text
    """The experiment that is varied: a file, relative to this one."""
    set: Set = Field(default_factory=dict[Text, Any])
    """In all cases, before the axes set what is theirs."""
    axes: Annotated[dict[Text, Axis], Field(min_length=1)]
    """What is varied; every combination is a case."""
    seeds: Count = 5
    """Each from 0 on draws task, start, order and spread of a simulated board, the same for all cases."""
    draw: Draw | None = None
    """null: the experiment's own task."""
    budget: Budget = Budget()
    against: Text | None = None
    """Axis along the picture, the others are its lines; null: error over what was spent, a line a case."""
    of: Literal["steps", "measurements", "writes", "error"] = "steps"
    """What is drawn against the axis; all but error: until the training has converged."""

    @model_validator(mode="after")
    def _axis_is_there(self) -> "StudyConfig":
        if self.against is not None and self.against not in self.axes:
            text = f"found {self.against!r}, which is none of the axes: {', '.join(self.axes)}"
            raise mistakes("StudyConfig", [(("against",), text)])
        return self
