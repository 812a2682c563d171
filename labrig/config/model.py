"""What every part of a configuration is made of: closed, frozen models."""

import ast
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import dedent
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

Place = tuple[str | int, ...]
"""Keys and indices that lead to a value."""


class Model(BaseModel):
    """A closed, frozen mapping of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    file_keys: ClassVar[Mapping[str, JsonSchemaValue]] = {}
    """Keys that a file may hold and that loading replaces, with their JSON Schema."""
    knows_its_keys: ClassVar[bool] = True
    """False where other keys than the fields are read by somebody else."""
    loaded_keys: ClassVar[frozenset[str]] = frozenset()
    """Keys that loading fills in where a file leaves them out."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe what a file holds: it names each ``kind``, and leaves out what loading fills in."""
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        properties = schema.setdefault("properties", {})
        for name, text in _attribute_docstrings(cls).items():
            if name in properties:
                properties[name]["description"] = text
        properties.update(cls.file_keys)
        required = ({"kind"} & cls.model_fields.keys()) | (set(schema.get("required", ())) - cls.loaded_keys)
        schema["required"] = sorted(required)
        return reference


def _attribute_docstrings(model: type[Model]) -> dict[str, str]:
    """Of a model and its bases: read where a schema is made, as pydantic would read them at every start."""
    found: dict[str, str] = {}
    for base in reversed([base for base in model.__mro__ if issubclass(base, Model)]):
        (definition,) = ast.parse(dedent(inspect.getsource(base))).body
        for field, text in pairwise(definition.body if isinstance(definition, ast.ClassDef) else ()):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                    found[name] = inspect.cleandoc(said)
                case _:
                    pass
    return found


@dataclass(frozen=True)
class AlsoInFile:
    """Marks a field for which a file may also hold something that loading or the model replaces."""

    schema: JsonSchemaValue

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(core_schema), self.schema]}


def mistake(text: str) -> PydanticCustomError:
    """Make an error whose text is shown as it is."""
    return PydanticCustomError("mistake", "{text}", {"text": text})


def mistakes(model: str, found: Sequence[tuple[Place, str]], value: Any = None) -> ValidationError:
    """Make several errors at once, each at its own place below the model that raises it."""
    details = [InitErrorDetails(type=mistake(text), loc=place, input=value) for place, text in found]
    return ValidationError.from_exception_data(model, details)
