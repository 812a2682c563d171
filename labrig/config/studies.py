"""Study files: the experiment of each case, still without what its seed draws."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from labrig.config.document import Document, read_document
from labrig.config.experiment import ExperimentConfig
from labrig.config.loading import PathLike, experiment_document, named, named_file, validated
from labrig.config.model import Place
from labrig.config.plain import is_mapping
from labrig.config.rig import RigConfig
from labrig.config.study import CasesAxis, Draw, StudyConfig, ValuesAxis

_DRAW: Place = ("draw",)


@dataclass(frozen=True, slots=True)
class Case:
    """One combination of what the axes set."""

    labels: Mapping[str, str]
    """Of each axis, in their order."""
    draw: Draw | None
    document: Document
    """The experiment."""

    @property
    def name(self) -> str:
        """Of the case."""
        return ", ".join(self.labels.values())

    def rig(self, network: Document | None) -> RigConfig:
        """Check the rig, with another network where one is given.

        Raises
        ------
        ConfigError
            One line a mistake.
        """
        return validated(RigConfig, self._with(network, None), below=("rig",))

    def experiment(self, seed: int, network: Document | None, task: Document | None) -> ExperimentConfig:
        """Check the experiment of one seed, with another network and task where they are given.

        Raises
        ------
        ConfigError
            One line a mistake.
        """
        document = self._with(network, task)
        for place in (("seed",), *_board_seeds(document)):
            document = document.graft(place, Document(seed, {(): self.document.where(place)}))
        return validated(ExperimentConfig, document)

    def made(self, data: object) -> Document:
        """Something that was drawn for this case, which stands where the study is."""
        return Document(data, {(): self.document.where(())})

    def _with(self, network: Document | None, task: Document | None) -> Document:
        document = self.document
        if network is not None:
            document = document.graft(("rig", "network"), network)
        return document if task is None else document.graft(("task",), task)


@dataclass(frozen=True, slots=True)
class Study:
    """A study file with the experiment that it names."""

    config: StudyConfig
    path: Path
    cases: tuple[Case, ...]

    @property
    def name(self) -> str:
        """As the file says, or the name of the file."""
        return self.config.name or self.path.stem


def is_study(path: PathLike) -> bool:
    """Whether a file is a study, by its keys.

    Raises
    ------
    ConfigError
        It cannot be read, or is not YAML.
    """
    data = read_document(Path(path)).data
    return is_mapping(data) and "axes" in data


def load_study(path: PathLike) -> Study:
    """Read a study and its experiment, and set what each case sets.

    Raises
    ------
    ConfigError
        One line a mistake: file, line, key, what was found and what is allowed.
    """
    document = named(read_document(Path(path)))
    config = validated(StudyConfig, document)
    file, named_by = named_file(document, ("experiment",))
    base = experiment_document(file, named_by)
    if config.draw is not None:
        base = base.graft(_DRAW, document.below(_DRAW))
    for key in config.set:
        base = _set(base, document, key, ("set", key))
    cases = tuple(_case(base, document, dict(combined)) for combined in _combinations(config))
    return Study(config, Path(path), cases)


_Choice = tuple[str, Mapping[str, Place]]
"""Label, and for each key to set, with dots, the place of its value in the study."""


def _combinations(config: StudyConfig) -> Iterator[tuple[tuple[str, _Choice], ...]]:
    yield from product(
        *([(name, choice) for choice in _choices(name, axis)] for name, axis in config.axes.items())
    )


def _choices(name: str, axis: ValuesAxis | CasesAxis) -> list[_Choice]:
    place: Place = ("axes", name)
    if isinstance(axis, CasesAxis):
        return [
            (label, {key: (*place, "cases", label, key) for key in keys})
            for label, keys in axis.cases.items()
        ]
    return [(str(value), {axis.key: (*place, "values", k)}) for k, value in enumerate(axis.values)]


def _case(base: Document, study: Document, choices: Mapping[str, _Choice]) -> Case:
    document = base
    for _, keys in choices.values():
        for key, place in keys.items():
            document = _set(document, study, key, place)
    labels = {name: label for name, (label, _) in choices.items()}
    draw = None if document.get(_DRAW) is None else validated(Draw, document, below=_DRAW)
    if _DRAW[0] in document.data:
        document = document.without(_DRAW)
    return Case(labels, draw, document)


def _set(document: Document, study: Document, key: str, value: Place) -> Document:
    place: Place = tuple(key.split("."))
    for depth in range(1, len(place)):
        around = document.get(place[:depth])
        if not is_mapping(around):
            missing = ".".join(map(str, place[:depth]))
            text = f"nothing can be set in {missing}, which this experiment does not have as a mapping"
            raise study.refuse(value, text)
    return document.graft(place, study.below(value))


def _board_seeds(document: Document) -> Iterator[Place]:
    """Where the spread of a simulated board is drawn by a seed."""
    board: Place = ("rig", "board")
    if document.get((*board, "kind")) == "simulated":
        yield (*board, "seed")
    if is_mapping(document.get((*board, "model"))):
        yield (*board, "model", "seed")
