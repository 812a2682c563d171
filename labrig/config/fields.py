"""Follows the place of an error through the models: which keys and kinds are allowed there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

from pydantic import Tag
from pydantic.fields import FieldInfo

from labrig.config.model import Model, Place


@dataclass(frozen=True, slots=True)
class Trail:
    """Where an error is, in terms of the file, and what is allowed there."""

    place: Place
    """Keys and indices as in the file: pydantic names the kind of a mapping among them as well."""
    keys: list[str]
    """Keys of the mapping that the last key stands in; none where a plug-in reads it."""
    kinds: list[str]
    """Kinds of the value; none where it has none, or a plug-in reads it."""
    below: list[str]
    """Keys of the value where it is a mapping."""


def follow(model: type[Model], loc: Place) -> Trail:
    """Walk from a model along pydantic's `loc`."""
    arms: list[_Arm] = [_Arm(None, model)]
    place: list[str | int] = []
    around = offered = arms
    for key in loc:
        if key == "[key]":
            continue
        if chosen := [arm for arm in arms if key in (arm.tag, arm.kind) and not arm.holds(key)]:
            arms = chosen
            continue
        place.append(key)
        around, arms = arms, [below for arm in arms for below in arm.enter(key)]
        offered = arms
    keys = sorted({key for arm in around for key in arm.keys})
    kinds = [kind for arm in offered if (kind := arm.kind or arm.tag)]
    below = sorted({key for arm in offered for key in arm.keys})
    return Trail(tuple(place), keys, kinds, below)


@dataclass(frozen=True, slots=True)
class _Arm:
    """One of the types that a value may have."""

    tag: str | None
    type: Any

    @property
    def kind(self) -> str | None:
        field = self._fields.get("kind")
        default = field.default if field else None
        return default if isinstance(default, str) else None

    @property
    def keys(self) -> list[str]:
        if not _is_model(self.type) or not self.type.knows_its_keys:
            return []
        return [*self.type.model_fields, *self.type.file_keys]

    @property
    def _fields(self) -> Mapping[str, FieldInfo]:
        return self.type.model_fields if _is_model(self.type) else {}

    def holds(self, key: str | int) -> bool:
        return key in self._fields

    def enter(self, key: str | int) -> Iterator["_Arm"]:
        """Types of the value at a key of a mapping or an index of a list."""
        if self.holds(key):
            yield from _arms(self._fields[str(key)].annotation)
        elif get_origin(self.type) in (tuple, dict):
            yield from _arms(get_args(self.type)[0 if get_origin(self.type) is tuple else 1])


def _is_model(annotation: Any) -> TypeGuard[type[Model]]:
    return isinstance(annotation, type) and issubclass(annotation, Model)


def _arms(annotation: Any, tag: str | None = None) -> Iterator[_Arm]:
    """Take apart unions and annotations."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        tags = [mark.tag for mark in arguments[1:] if isinstance(mark, Tag)]
        yield from _arms(arguments[0], tags[0] if tags else tag)
    elif origin in (Union, UnionType):
        for argument in arguments:
            yield from _arms(argument, tag)
    elif annotation is not type(None):
        yield _Arm(tag, annotation)
