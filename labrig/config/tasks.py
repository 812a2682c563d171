"""What is trained: samples of input and target voltages by node name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from pydantic.json_schema import JsonSchemaValue

from labrig.config.model import AlsoInFile, Model, Place, mistakes
from labrig.config.network import listing
from labrig.config.plain import is_list, is_mapping, is_names
from labrig.config.quantities import NodeName, Volts

_CSV: JsonSchemaValue = {
    "type": "string",
    "description": "CSV file, relative to this one: one sample a row, columns named after nodes, `in0 [V]`.",
}
_IN_ORDER: JsonSchemaValue = {"type": "array", "items": {"type": "string"}, "description": "In node order."}
_FROM_CSV: JsonSchemaValue = {
    "type": "object",
    "properties": {"file": _CSV},
    "required": ["file"],
    "additionalProperties": False,
}

Voltages = Annotated[dict[NodeName, Volts], AlsoInFile(_IN_ORDER)]


class Sample(Model):
    """Voltages by node name. A file may list them in node order instead."""

    inputs: Voltages
    """Every input node."""
    targets: Voltages
    """Every output node, or those that the task names."""


class Task(Model):
    """Samples to train on, and samples that are only measured."""

    file_keys: ClassVar[Mapping[str, JsonSchemaValue]] = {"file": _CSV}
    loaded_keys: ClassVar[frozenset[str]] = frozenset({"samples"})

    samples: Annotated[tuple[Sample, ...], Field(min_length=1)]
    """Or `file`."""
    validation: Annotated[tuple[Sample, ...] | None, AlsoInFile(_FROM_CSV)] = None
    """Never trained on; a list as in `samples`, or ``{file: …}``."""
    outputs: tuple[NodeName, ...] | None = None
    """Outputs that are trained; the others float. null: all."""


def with_names(task: Any, inputs: Sequence[str] | None, outputs: Sequence[str] | None) -> Any:
    """Replace voltages that a file lists in node order by voltages by name.

    Anything else is left for the models to judge. Where names are not known, any serve.
    """
    if not is_mapping(task):
        return task
    stated = task.get("outputs")
    names = {"inputs": inputs, "targets": stated if is_names(stated) else outputs}
    found: list[tuple[Place, str]] = []
    named = dict(task)
    for part in ("samples", "validation"):
        if is_list(samples := task.get(part)):
            named[part] = [_named(sample, (part, k), names, found) for k, sample in enumerate(samples)]
    if found:
        raise mistakes("Task", found)
    return named


def _named(
    sample: Any, place: Place, names: Mapping[str, Sequence[str] | None], found: list[tuple[Place, str]]
) -> Any:
    if not is_mapping(sample):
        return sample
    named = dict(sample)
    for key, known in names.items():
        values = sample.get(key)
        if not is_list(values):
            continue
        nodes = [f"node{k}" for k in range(len(values))] if known is None else known
        if len(values) != len(nodes):
            text = f"found {len(values)} voltages for {len(nodes)} nodes; in order they are {listing(nodes)}"
            found.append(((*place, key), text))
        named[key] = dict(zip(nodes, values, strict=False))
    return named


def task_mistakes(task: Task, inputs: Sequence[str], outputs: Sequence[str]) -> Iterator[tuple[Place, str]]:
    """Names in a task that are not those of the network, and names that are missing."""
    for k, name in enumerate(task.outputs or ()):
        if name not in outputs:
            yield ("outputs", k), f"found {name!r}, which is no output; outputs are {listing(outputs)}"
        elif name in (task.outputs or ())[:k]:
            yield ("outputs", k), f"found {name!r} a second time"
    trained = [name for name in outputs if name in (task.outputs or outputs)]
    for part, samples in (("samples", task.samples), ("validation", task.validation or ())):
        for k, sample in enumerate(samples):
            yield from _name_mistakes((part, k, "inputs"), sample.inputs, inputs, "an input")
            yield from _name_mistakes((part, k, "targets"), sample.targets, trained, "a trained output")


def _name_mistakes(
    place: Place, values: dict[str, float], names: Sequence[str], what: str
) -> Iterator[tuple[Place, str]]:
    known = set(names)
    for name in values:
        if name not in known:
            yield (*place, name), f"found {name!r}, which is not {what}; allowed are {listing(names)}"
    if missing := [name for name in names if name not in values]:
        yield place, f"found no voltage for {listing(missing)}; every one of {listing(names)} needs one"
