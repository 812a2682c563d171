"""JSON Schemas of the files that users write, for editors and other programs."""

import json

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import SchemaSerializer, core_schema

from labrig.config.experiment import ExperimentConfig
from labrig.config.model import Model
from labrig.config.rig import RigConfig
from labrig.config.study import StudyConfig

_FILES: dict[str, type[Model]] = {
    "experiment": ExperimentConfig,
    "rig": RigConfig,
    "study": StudyConfig,
}

KINDS = tuple(_FILES)
"""Files that have a schema."""


def schema_text(kind: str) -> str:
    """JSON Schema (2020-12) of a kind of file."""
    schema = _FILES[kind].model_json_schema(schema_generator=_AsWritten)
    return json.dumps({"$schema": _AsWritten.schema_dialect, **schema}, indent=1, ensure_ascii=False) + "\n"


class _AsWritten(GenerateJsonSchema):
    """Gives defaults as a file would hold them, and no titles that repeat the key."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        if schema["schema"]["type"] == "function-plain":
            described["default"] = SchemaSerializer(schema["schema"]).to_python(
                schema.get("default"), mode="json"
            )
        return described

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False
