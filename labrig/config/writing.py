"""Models to YAML, such that loading gives the same model again."""

from io import StringIO
from typing import Any

from labrig.config.model import Model


def to_yaml(config: Model) -> str:
    """Write every key, defaults included, quantities with their units."""
    from ruamel.yaml import YAML  # noqa: PLC0415

    writer: Any = YAML(typ="safe", pure=True)
    writer.default_flow_style = None
    writer.sort_base_mapping_type_on_output = False
    writer.allow_unicode = True
    writer.width = 110
    stream = StringIO()
    writer.dump(config.model_dump(mode="json"), stream)
    return stream.getvalue()
