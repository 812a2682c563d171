"""How the conductances are changed: rule, step, bounds and start."""

from collections.abc import Iterator, Mapping
from math import inf
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, Strict, ValidationInfo, field_serializer, field_validator, model_validator
from pydantic_core import PydanticCustomError

from labrig.config.model import Model, Place, mistakes
from labrig.config.plain import is_mapping
from labrig.config.quantities import (
    BareQuantity,
    Count,
    PositiveNumber,
    PositiveSiemens,
    PositiveVolts,
    Share,
    Text,
)
from labrig.units import format_quantity


class ContrastiveRule(Model):
    """Outputs clamped at their targets (Huijzer et al., arXiv:2503.00349, Algorithm 1)."""

    rate_unit: ClassVar[str] = "S/V^2"
    kind: Literal["contrastive"] = "contrastive"


class CoupledRule(Model):
    """Outputs clamped part of the way to their targets (Stern et al., PRX 11, 021045 (2021))."""

    rate_unit: ClassVar[str] = "S/V^2"
    kind: Literal["coupled"] = "coupled"
    nudge: Share
    """The part of the way, η."""
    amplitude: PositiveVolts | None = None
    """Over-clamping: η grows as the error shrinks, so that the largest nudge is never below this."""


class EquilibriumRule(Model):
    """Outputs pulled to their targets through a conductance (Kendall et al., arXiv:2006.01981)."""

    rate_unit: ClassVar[str] = "S^2/V^2"
    kind: Literal["equilibrium"] = "equilibrium"
    nudge: Annotated[float, BareQuantity("S", above=0.0)]
    """The conductance, β."""
    sides: Literal["one", "both"] = "one"
    """both: also away from the targets, and the two states are compared."""


class AdjointRule(Model):
    """Outputs at their targets, and pushed on by their clamp currents; derived for labrig."""

    rate_unit: ClassVar[str] = "S^2/A^2"
    kind: Literal["adjoint"] = "adjoint"
    nudge: Annotated[float, BareQuantity("ohm", above=0.0)]
    """η, volts a clamp is pushed for an ampere it supplies."""


RuleConfig: TypeAlias = Annotated[
    ContrastiveRule | CoupledRule | EquilibriumRule | AdjointRule, Field(discriminator="kind")
]


class FixedStep(Model):
    """The same rate in each update."""

    kind: Literal["fixed"] = "fixed"
    rate: PositiveNumber
    """In the rule's unit: S/V^2 (contrastive, coupled), S^2/V^2 (equilibrium), S^2/A^2 (adjoint)."""


class DiminishingStep(Model):
    """Rate ``scale / (offset + t)`` after t updates."""

    kind: Literal["diminishing"] = "diminishing"
    scale: PositiveNumber
    """In the rule's unit: S/V^2 (contrastive, coupled), S^2/V^2 (equilibrium)."""
    offset: PositiveNumber


class SignStep(Model):
    """One tap up or down by the sign of the rule's contrast; for boards of wiper codes."""

    kind: Literal["sign"] = "sign"


class PolyakStep(Model):
    """Contrastive steps whose length is measured, by errors and clamp currents."""

    kind: Literal["polyak"] = "polyak"
    relaxation: Annotated[float, Field(gt=0, le=2)] = 1.0
    """c; 1 goes to where the measured tangent is zero, 2 to its mirror image."""
    per: Literal["output", "network"] = "network"
    """What takes a step of its own; each output of a crossbar may."""


class KaczmarzStep(Model):
    """Projections onto where the clamps would carry no current, as measured; for crossbars."""

    kind: Literal["kaczmarz"] = "kaczmarz"
    relaxation: Annotated[float, Field(gt=0, lt=2)] = 1.0
    """c; 1 goes to where the measured current would vanish."""


class BarzilaiBorweinStep(Model):
    """Steps whose length is told by how the last one changed the contrast."""

    kind: Literal["barzilai-borwein"] = "barzilai-borwein"
    rate: PositiveNumber
    """Of the first step, in the rule's unit."""
    per: Literal["output", "network"] = "network"
    """What takes a step of its own; each output of a crossbar may."""


class SecantStep(Model):
    """The secant of each output's measured error; for one sample on a crossbar."""

    kind: Literal["secant"] = "secant"
    rate: PositiveNumber
    """Of the first step, in the rule's unit."""


class GaussNewtonStep(Model):
    """Steps by which no clamp would carry a current, as measured, with the latents' own derivative."""

    kind: Literal["gauss-newton"] = "gauss-newton"


class AutoStep(Model):
    """As few measurements as are known to do; on wiper codes, for one sample on a crossbar."""

    kind: Literal["auto"] = "auto"


MeasuredStep: TypeAlias = PolyakStep | KaczmarzStep | BarzilaiBorweinStep | SecantStep | GaussNewtonStep
"""How far to go is measured."""
StepConfig: TypeAlias = Annotated[
    FixedStep | DiminishingStep | SignStep | MeasuredStep | AutoStep, Field(discriminator="kind")
]


_CONTRASTIVE = (PolyakStep, KaczmarzStep, SecantStep, GaussNewtonStep)
"""Whose lengths follow from what contrastive learning descends, or measures."""


class FractionUpdate(Model):
    """Each branch takes part in an update with this chance (Wycoff et al., arXiv:2201.04626)."""

    fraction: Share


class ZeroConfig(Model):
    """Offsets of readings are taken off: all inputs at one potential, at which every node must read."""

    every: Count = 100
    """Updates from one to the next; the first comes before the first update."""
    repeats: Annotated[Count, Field(le=1000)] = 4
    """States that are averaged."""


class VerifiedWrite(Model):
    """Pulses and reads in turn, until each memristor is at its latent."""

    kind: Literal["verify"] = "verify"
    tolerance: Share = 0.01
    """Relative, of the conductance."""
    most_pulses: Count = 200
    """On one branch, in one write."""
    most_reversals: Annotated[int, Strict(), Field(ge=0)] = 20
    """Of direction, on one branch, in one write."""
    where: Literal["host", "board"] = "host"
    """Who reads and pulses: the host all branches at once, or a board that can, one after the other."""


class PulsedWrite(Model):
    """Pulses alone: their number follows from the nominal law, and no memristor is read.

    All start at their symmetry points, where alternating pulses have taken them: zero-shifting (Kim et al.,
    arXiv:1907.10228).
    """

    kind: Literal["pulses"] = "pulses"
    step: Annotated[float, BareQuantity("", above=0.0, most=0.1)] = 0.005
    """What a pulse moves at the symmetry point, as a share of the part's range."""
    cycles: Count | None = None
    """Pairs of pulses by which devices are taken there; null: until a hundredth of the way is left."""


WriteConfig: TypeAlias = Annotated[VerifiedWrite | PulsedWrite, Field(discriminator="kind")]


class BoundsConfig(Model):
    """The box into which every update is projected."""

    floor: PositiveSiemens
    ceiling: PositiveSiemens | None = None
    """null: only the part and the limits bound it."""

    @model_validator(mode="after")
    def _ordered(self) -> "BoundsConfig":
        if self.ceiling is not None and self.ceiling <= self.floor:
            text = f"found {_siemens(self.ceiling)}; it must be above the floor, {_siemens(self.floor)}"
            raise mistakes("BoundsConfig", [(("ceiling",), text)])
        return self


class ConstantInitial(Model):
    """Every branch starts at the same conductance."""

    kind: Literal["constant"] = "constant"
    conductance: PositiveSiemens


class UniformInitial(Model):
    """Each branch starts at a conductance drawn by the experiment's seed."""

    kind: Literal["uniform"] = "uniform"
    low: PositiveSiemens
    high: PositiveSiemens


class KeepInitial(Model):
    """Start from what is on the board."""

    kind: Literal["keep"] = "keep"


class FileInitial(Model):
    """Start from a CSV file with the columns ``branch`` and ``conductance [S]``."""

    loaded_keys: ClassVar[frozenset[str]] = frozenset({"conductances"})

    kind: Literal["file"] = "file"
    path: Text
    """Relative to the file that names it."""
    conductances: dict[str, PositiveSiemens]
    """By branch name. Loading fills it in, so that a stored experiment needs the file no more."""


InitialConfig: TypeAlias = Annotated[
    ConstantInitial | UniformInitial | KeepInitial | FileInitial, Field(discriminator="kind")
]


class LearningConfig(Model):
    """Everything that changes a conductance."""

    rule: RuleConfig
    step: StepConfig
    where: Literal["host", "board"] = "host"
    """Where the update is computed; a board does the contrastive rule, or the coupled one where readings add
    up to 16 bits, with a fixed step on all samples."""
    steps_per_exchange: Count = 1
    """Updates between two measurements that are stored; a board does them without being asked in between."""
    order: Literal["batch", "shuffle", "random"] = "batch"
    """All samples in each update; or one at a time, shuffled each epoch or drawn at random."""
    update: Literal["all"] | FractionUpdate = "all"
    """Which branches an update changes: all, or ``{fraction: 0.5}``, drawn anew each time."""
    zero: ZeroConfig | None = None
    """null: readings are taken as they come."""
    write: WriteConfig | None = None
    """How memristors are brought to their latents; null: verify on a board of memristors, else as it is."""
    bounds: BoundsConfig
    initial: InitialConfig

    @field_validator("step", mode="before")
    @classmethod
    def _rate_in_the_unit_of_the_rule(cls, step: Any, info: ValidationInfo) -> Any:
        if not is_mapping(step):
            return step
        rule: RuleConfig | None = info.data.get("rule")
        return _bare_rates(step, rule)

    @field_serializer("step", when_used="json")
    def _rate_with_its_unit(self, step: StepConfig) -> dict[str, Any]:
        written = step.model_dump(mode="json")
        return written | {key: f"{written[key]!r} {self.rule.rate_unit}" for key in _RATES if key in written}

    @model_validator(mode="after")
    def _rule_gives_what_the_step_needs(self) -> "LearningConfig":
        if isinstance(self.step, _CONTRASTIVE) and not isinstance(self.rule, ContrastiveRule):
            both = f"{self.step.kind} with the {self.rule.kind} rule"
            text = f"found {both}; it needs the contrastive one; use fixed"
            raise mistakes("LearningConfig", [(("step",), text)])
        return self

    @model_validator(mode="after")
    def _auto_moves_all(self) -> "LearningConfig":
        if isinstance(self.step, AutoStep) and self.update != "all":
            text = "found a fraction; auto moves the branches that it must; leave it out"
            raise mistakes("LearningConfig", [(("update",), text)])
        return self

    @model_validator(mode="after")
    def _board_can(self) -> "LearningConfig":
        found = list(_board_mistakes(self))
        if found:
            raise mistakes("LearningConfig", found)
        return self

    @model_validator(mode="after")
    def _starts_within_bounds(self) -> "LearningConfig":
        found = list(_start_mistakes(self.initial, self.bounds))
        if found:
            raise mistakes("LearningConfig", found)
        return self


_RATES = ("rate", "scale")


def _bare_rates(step: Mapping[str, Any], rule: RuleConfig | None) -> dict[str, Any]:
    """Turn a rate with a unit into a number in the rule's own unit."""
    read: dict[str, Any] = {}
    found: list[tuple[Place, str]] = []
    for key in _RATES:
        if not isinstance(step.get(key), str):
            continue
        if rule is None:  # the rule is refused itself; nothing can be said about a rate
            read[key] = 1.0
            continue
        try:
            read[key] = BareQuantity(rule.rate_unit, above=0.0).read(step[key])
        except PydanticCustomError as error:
            found.append(((key,), f"{error.message()} (the unit of the {rule.kind} rule)"))
    if found:
        raise mistakes("LearningConfig", found)
    return {**step, **read}


def _board_mistakes(learning: "LearningConfig") -> Iterator[tuple[Place, str]]:
    if learning.where == "host":
        if learning.steps_per_exchange != 1:
            text = f"found {learning.steps_per_exchange}; only a board takes several, where: board"
            yield ("steps_per_exchange",), text
        return
    if learning.zero is not None:
        yield ("zero",), "found beside a board that learns by its own readings; leave it out"
    if not isinstance(learning.rule, ContrastiveRule | CoupledRule) or _over_clamped(learning.rule):
        what = "an amplitude" if _over_clamped(learning.rule) else learning.rule.kind
        text = f"found {what}; a board learns with contrastive or coupled only; use that, or where: host"
        yield ("rule",), text
    for key, found, allowed in (
        ("step", learning.step.kind, "fixed"),
        ("order", learning.order, "batch"),
        ("update", "all" if learning.update == "all" else "a fraction", "all"),
    ):
        if found != allowed:
            yield (key,), f"found {found}; a board learns with {allowed} only; use that, or where: host"


def _over_clamped(rule: RuleConfig) -> bool:
    return isinstance(rule, CoupledRule) and rule.amplitude is not None


def _start_mistakes(initial: InitialConfig, bounds: BoundsConfig) -> Iterator[tuple[Place, str]]:
    starts: dict[Place, float] = {}
    match initial:
        case ConstantInitial():
            starts["initial", "conductance"] = initial.conductance
        case UniformInitial():
            starts = {("initial", "low"): initial.low, ("initial", "high"): initial.high}
            if initial.low >= initial.high:
                text = f"found {_siemens(initial.high)}; it must be above low, {_siemens(initial.low)}"
                yield ("initial", "high"), text
        case FileInitial():
            starts = {("initial", "conductances", name): g for name, g in initial.conductances.items()}
        case KeepInitial():
            pass
    ceiling = inf if bounds.ceiling is None else bounds.ceiling
    for place, value in starts.items():
        if not bounds.floor <= value <= ceiling:
            allowed = f"{_siemens(bounds.floor)} … {_siemens(ceiling)}"
            yield place, f"found {_siemens(value)}; it must lie within the bounds, {allowed}"


def _siemens(value: float) -> str:
    return format_quantity(value, "S")
