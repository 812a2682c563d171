"""Files to models: the only door from what a user wrote to what labrig runs."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from labrig.config.calibration import Calibration
from labrig.config.calibrations import read_calibration
from labrig.config.complaints import complain, shown
from labrig.config.document import Document, Source, read_document, sentence
from labrig.config.experiment import ExperimentConfig
from labrig.config.model import Model, Place
from labrig.config.network import input_names, output_names
from labrig.config.plain import is_mapping, is_names
from labrig.config.quantities import FROM_FILE
from labrig.config.rig import MeterRig, RigConfig
from labrig.config.tables import read_conductances, read_samples
from labrig.config.writing import to_yaml

PathLike = str | os.PathLike[str]
_Model = TypeVar("_Model", bound=Model)


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment file with everything that it names, resolved and checked."""

    config: ExperimentConfig
    path: Path

    @property
    def name(self) -> str:
        """As the file says, or the name of the file."""
        return self.config.name or self.path.stem

    @property
    def rig(self) -> RigConfig:
        """What `labrig.open_bench` opens."""
        return self.config.rig

    @property
    def text(self) -> str:
        """YAML that needs no other file and loads to the same experiment."""
        return to_yaml(self.config)


def load_rig(path: PathLike) -> RigConfig:
    """Read a rig file.

    Raises
    ------
    ConfigError
        One line a mistake: file, line, key, what was found and what is allowed.
    """
    return validated(RigConfig, _with_calibration(named(read_document(Path(path)))))


def load_calibration(path: PathLike) -> Calibration:
    """Read a calibration file.

    Raises
    ------
    ConfigError
        One line a mistake: file, key, what was found and what is allowed.
    """
    return validated(Calibration, read_calibration(Path(path)))


def load_meters(path: PathLike) -> MeterRig | RigConfig:
    """Read a rig file for its source meters; it may have neither network nor board.

    Raises
    ------
    ConfigError
        One line a mistake: file, line, key, what was found and what is allowed.
    """
    document = named(read_document(Path(path)))
    if _is_meters_alone(document.data):
        return validated(MeterRig, document)
    return validated(RigConfig, _with_calibration(document))


def load_experiment(path: PathLike, *, rig: PathLike | None = None, seed: int | None = None) -> Experiment:
    """Read an experiment file and the rig, task and start files that it names.

    Parameters
    ----------
    path
        The experiment.
    rig
        A rig file to use instead of the experiment's own.
    seed
        Replaces the experiment's seed.

    Raises
    ------
    ConfigError
        One line a mistake: file, line, key, what was found and what is allowed.
    """
    document = experiment_document(Path(path), rig=None if rig is None else Path(rig))
    if seed is not None:
        document = document.graft(("seed",), Document(seed, {(): Source(Path("--seed"), 1)}))
    return Experiment(validated(ExperimentConfig, document), Path(path))


def experiment_document(path: Path, named_by: str = "", *, rig: Path | None = None) -> Document:
    """Read an experiment file with the files that it names put in, not yet checked as a whole.

    Parameters
    ----------
    named_by
        Beginning of the message where another file names this one.
    rig
        To use instead of the experiment's own.

    Raises
    ------
    ConfigError
        A file cannot be read, or is not what it should be.
    """
    document = named(read_document(path, named_by))
    if not is_mapping(document.data):
        validated(ExperimentConfig, document)
    document = _with_calibration(_with_rig(document, rig), ("rig",))
    return _with_conductances(_with_samples(document))


def load(path: PathLike) -> Experiment | RigConfig | MeterRig:
    """Read a file that is either an experiment or a rig, told apart by its keys.

    Raises
    ------
    ConfigError
        One line a mistake: file, line, key, what was found and what is allowed.
    """
    data = read_document(Path(path)).data
    is_rig = is_mapping(data) and not data.keys() & {"rig", "task", "learning"}
    return load_meters(path) if is_rig else load_experiment(path)


def _is_meters_alone(data: object) -> bool:
    return is_mapping(data) and "source_meters" in data and not data.keys() & {"network", "board"}


def named(document: Document) -> Document:
    """Name a rig or experiment after its file where it has no name of its own."""
    if not is_mapping(document.data) or document.get(("name",)) is not None:
        return document
    source = document.where(())
    return document.graft(("name",), Document(source.path.stem, {(): source}))


def _with_rig(document: Document, override: Path | None) -> Document:
    place = ("rig",)
    if override is not None:
        rig = named(read_document(override))
    elif isinstance(document.get(place), str):
        path, named_by = named_file(document, place)
        rig = named(read_document(path, named_by))
    else:
        return document
    return document.graft(place, rig)


def _with_calibration(document: Document, below: Place = ()) -> Document:
    place = (*below, "calibration")
    if not isinstance(document.get(place), str):
        return document
    path, named_by = named_file(document, place)
    return document.graft(place, read_calibration(path, named_by))


def _with_samples(document: Document) -> Document:
    """Read the CSV files of the task; which columns are inputs, the rig says."""
    named = [place for place in (("task",), ("task", "validation")) if _names_file(document, place)]
    if not named:
        return document
    rig = validated(RigConfig, document, below=("rig",))
    stated = document.get(("task", "outputs"))
    trained = stated if is_names(stated) else output_names(rig.network)
    for place in named:
        others = document.get(place).keys() - {"file"}
        if clash := others & {"samples"} if place == ("task",) else others:
            raise document.refuse((*place, min(clash)), "found beside file; leave one of the two out")
        path, named_by = named_file(document, (*place, "file"))
        samples = read_samples(path, named_by, input_names(rig.network), trained)
        document = document.without((*place, "file"))
        document = document.graft((*place, "samples") if place == ("task",) else place, samples)
    return document


def _with_conductances(document: Document) -> Document:
    """Read the CSV file of the start."""
    place = ("learning", "initial")
    initial = document.get(place)
    if not is_mapping(initial) or document.get((*place, "kind")) != "file" or "conductances" in initial:
        return document
    if "path" not in initial:
        raise document.refuse((*place, "path"), "this key is missing")
    path, named_by = named_file(document, (*place, "path"))
    return document.graft((*place, "conductances"), read_conductances(path, named_by))


def _names_file(document: Document, place: Place) -> bool:
    task = document.get(place)
    return is_mapping(task) and "file" in task


def named_file(document: Document, place: Place) -> tuple[Path, str]:
    """Path of a file that a value names, and how a message about it begins."""
    source, text = document.where(place), document.get(place)
    if not isinstance(text, str):
        raise document.refuse(place, f"found {shown(text)}; write the path of a file")
    path = os.path.normpath(source.path.parent / os.path.expanduser(text))  # noqa: PTH111  (leaves ~nobody alone)
    return Path(path), sentence(source, place, f"found {text!r}; ")


def validated(model: type[_Model], document: Document, below: Place = ()) -> _Model:
    """Make a model of a document, or of its part `below`.

    Raises
    ------
    ConfigError
        One line a mistake.
    """
    try:
        return model.model_validate(document.get(below), context=FROM_FILE)
    except ValidationError as error:
        raise complain(error, document, model, below) from None
