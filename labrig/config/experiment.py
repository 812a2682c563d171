"""An experiment: a rig, what to train it on, how, and when to stop."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Tag, ValidationInfo, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue

from labrig.config.boards import DigipotElements, FirmwareBoard, SimulatedBoard
from labrig.config.drift import DriftConfig
from labrig.config.learning import (
    AutoStep,
    BarzilaiBorweinStep,
    FileInitial,
    InitialConfig,
    KaczmarzStep,
    LearningConfig,
    PolyakStep,
    SecantStep,
)
from labrig.config.model import AlsoInFile, Model, Place, mistakes
from labrig.config.network import CrossbarNetwork, branch_names, input_names, listing, output_names
from labrig.config.quantities import Count, PositiveSeconds, PositiveVolts, Seed, Share, Text
from labrig.config.rig import RigConfig
from labrig.config.tasks import Task, task_mistakes, with_names

_RIG_FILE: JsonSchemaValue = {"type": "string", "description": "A rig file, relative to this one."}


class Plateau(Model):
    """Stop when the error of the last `steps` updates shrank to no less than `ratio` of what it was."""

    steps: Count
    ratio: Share


class StopConfig(Model):
    """Whichever comes first."""

    error: PositiveVolts | None = None
    """Norm of outputs minus targets, over outputs and samples."""
    steps: Count = 20_000
    """Updates."""
    wall: PositiveSeconds | None = None
    """Time since the start."""
    plateau: Plateau | None = None
    still: Count | None = None
    """No code was changed in so many updates, on boards of codes: step auto has nothing left to gain."""


class EveryStates(Model):
    """The states of each K-th step."""

    every: Count


def _form(value: Any) -> str:
    return "mapping" if isinstance(value, (dict, EveryStates)) else "word"


KeptStates: TypeAlias = Annotated[
    Annotated[Literal["auto", "all", "last"], Tag("word")] | Annotated[EveryStates, Tag("mapping")],
    Discriminator(_form),
]


class KeepConfig(Model):
    """How much of each step a run stores."""

    states: KeptStates = "auto"
    """auto: all while the run is predicted to stay under 1 GB, else each K-th; all; last; ``{every: K}``."""


class ExperimentConfig(Model):
    """One experiment, complete in itself."""

    name: Text | None = None
    """null: the name of its file."""
    rig: Annotated[RigConfig, AlsoInFile(_RIG_FILE)]
    task: Task
    learning: LearningConfig
    drift: DriftConfig | None = None
    """null: nothing is measured beside the training."""
    stop: StopConfig = StopConfig()
    keep: KeepConfig = KeepConfig()
    seed: Seed = 0
    """Draws the start and the order of the samples."""

    @field_validator("task", mode="before")
    @classmethod
    def _voltages_by_name(cls, task: Any, info: ValidationInfo) -> Any:
        rig: RigConfig | None = info.data.get("rig")
        if rig is None:  # refused itself, so nobody knows the names; the voltages are read all the same
            return with_names(task, None, None)
        return with_names(task, input_names(rig.network), output_names(rig.network))

    @model_validator(mode="after")
    def _names_fit_the_network(self) -> "ExperimentConfig":
        network = self.rig.network
        found = [
            *_below("task", task_mistakes(self.task, input_names(network), output_names(network))),
            *_below("learning", _branch_mistakes(self.learning.initial, branch_names(network))),
            *_below("stop", _stop_mistakes(self)),
            *_below("learning", _auto_mistakes(self)),
            *_below("learning", _crossbar_mistakes(self)),
            *_below("drift", _drift_mistakes(self)),
        ]
        if found:
            raise mistakes("ExperimentConfig", found)
        return self


def _stop_mistakes(experiment: ExperimentConfig) -> Iterator[tuple[Place, str]]:
    if experiment.stop.still is not None and experiment.learning.where == "board":
        yield ("still",), "found beside a board that learns: it does not tell what it writes; use plateau"


def _drift_mistakes(experiment: ExperimentConfig) -> Iterator[tuple[Place, str]]:
    drift, rig = experiment.drift, experiment.rig
    if drift is None:
        return
    name, branches = drift.reference, branch_names(rig.network)
    if name not in ("auto", "none"):
        if name not in branches:
            text = f"found {name!r}, which is no branch; branches are {listing(branches)}; or auto, or none"
            yield ("reference",), text
        elif not isinstance(rig.network, CrossbarNetwork):
            yield (
                ("reference",),
                f"found {name!r} on a graph; a branch can be watched on a crossbar; use none",
            )
        elif name not in rig.mask:
            text = f"found {name!r}, which the training changes; add it to the rig's mask, or use none"
            yield ("reference",), text
    if drift.then in ("zero", "recalibrate") and experiment.learning.where == "board":
        yield (
            ("then",),
            f"found {drift.then} beside a board that learns by its own readings; use note or pause",
        )
    elif drift.then == "zero" and experiment.learning.zero is None:
        yield ("then",), "found zero without learning.zero, which says how offsets are read; add it"
    elif (
        drift.then == "recalibrate"
        and rig.calibration
        and rig.calibration.converters
        and rig.calibration.converters.absolute
    ):
        text = (
            "found recalibrate beside converters that an instrument has calibrated, which the board alone"
            " cannot do again; use zero or pause"
        )
        yield ("then",), text
    elif drift.then == "recalibrate" and (rig.calibration is None or rig.calibration.converters is None):
        text = (
            "found recalibrate, but the rig has no calibration of converters; labrig calibrate adc makes one"
        )
        yield ("then",), text


def _auto_mistakes(experiment: ExperimentConfig) -> Iterator[tuple[Place, str]]:
    if not isinstance(experiment.learning.step, AutoStep):
        return
    if experiment.learning.order != "batch":
        yield ("order",), f"found {experiment.learning.order}; auto chooses the order itself; leave it out"
    board, samples = experiment.rig.board, len(experiment.task.samples)
    if not isinstance(board, FirmwareBoard) and not (
        isinstance(board, SimulatedBoard) and isinstance(board.elements, DigipotElements)
    ):
        return
    if not isinstance(experiment.rig.network, CrossbarNetwork):
        yield ("step",), "found auto on a graph of wiper codes; there it is for crossbars; use fixed"
    elif samples != 1:
        yield ("step",), f"found auto with {samples} samples on wiper codes; there it is for one; use fixed"


def _crossbar_mistakes(experiment: ExperimentConfig) -> Iterator[tuple[Place, str]]:
    step, samples = experiment.learning.step, len(experiment.task.samples)
    if isinstance(step, SecantStep) and samples != 1:
        yield ("step",), f"found secant with {samples} samples; it is for one; use fixed"
    if isinstance(experiment.rig.network, CrossbarNetwork):
        return
    if isinstance(step, PolyakStep | BarzilaiBorweinStep) and step.per == "output":
        yield ("step", "per"), "found output on a graph, whose outputs share branches; use network"
    if isinstance(step, KaczmarzStep | SecantStep):
        yield ("step",), f"found {step.kind} on a graph, whose outputs share branches; use polyak"


def _below(key: str, found: Iterable[tuple[Place, str]]) -> Iterator[tuple[Place, str]]:
    return (((key, *place), text) for place, text in found)


def _branch_mistakes(initial: InitialConfig, branches: Sequence[str]) -> Iterator[tuple[Place, str]]:
    if not isinstance(initial, FileInitial):
        return
    known = set(branches)
    for name in initial.conductances:
        if name not in known:
            text = f"found {name!r}, which is no branch of this network; branches are {listing(branches)}"
            yield ("initial", "conductances", name), text
    if missing := [name for name in branches if name not in initial.conductances]:
        yield (
            ("initial", "conductances"),
            f"found no conductance for {listing(missing)}; every branch needs one",
        )
