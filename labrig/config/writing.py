"""Models to YAML, such that loading gives the same model again."""

from io import StringIO
from typing import Any

from labrig.config.model import Model
from labrig.config.plain import is_list, is_mapping


def to_yaml(config: Model) -> str:
    """Write every key, defaults included, quantities with their units."""
    from ruamel.yaml import YAML

    writer: Any = YAML(typ="safe", pure=True)
    writer.default_flow_style = None
    writer.sort_base_mapping_type_on_output = False
    writer.allow_unicode = True
    writer.width = 110
    stream = StringIO()
    writer.dump(_kind_first(config.model_dump(mode="json")), stream)
    return stream.getvalue()


def _kind_first(value: Any) -> Any:
    if is_mapping(value):
        keys = sorted(value, key=lambda key: key != "kind")
        return {key: _kind_first(value[key]) for key in keys}
    return [_kind_first(item) for item in value] if is_list(value) else value
