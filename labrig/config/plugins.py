"""Boards of other packages: a kind is the name of an entry point in the group ``labrig.boards``."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, cast

from pydantic import BaseModel, ConfigDict, SerializeAsAny, ValidationInfo, model_serializer, model_validator

from labrig.config.complaints import suggestion
from labrig.config.model import Model, mistakes
from labrig.config.plain import is_mapping
from labrig.errors import ConfigError

GROUP = "labrig.boards"
BUILT_IN = ("simulated", "firmware")


class BoardPlugin(Protocol):
    """What an entry point leads to."""

    @property
    def config(self) -> type[BaseModel]:
        """Model of the keys beside ``kind``."""
        ...

    @property
    def open(self) -> Any:
        """Factory of the board; `labrig.bench` calls it."""
        ...


class PluginBoard(Model):
    """A board of another package: its keys stand beside ``kind`` in a file."""

    model_config = ConfigDict(
        json_schema_extra={
            "properties": {"kind": {"type": "string", "not": {"enum": list(BUILT_IN)}}},
            "required": ["kind"],
            "additionalProperties": True,
        }
    )

    knows_its_keys = False

    kind: str
    settings: SerializeAsAny[BaseModel]
    """The plug-in's own model."""

    @model_validator(mode="before")
    @classmethod
    def _read_by_the_plugin(cls, data: Any, info: ValidationInfo) -> Any:
        keys = dict(data)
        if "settings" in keys:
            return keys
        kind = keys.pop("kind", None)
        try:
            plugin = load_plugin(kind)
        except ConfigError as error:
            raise mistakes("PluginBoard", [(("kind",), str(error))]) from error
        return {"kind": kind, "settings": plugin.config.model_validate(keys, context=info.context)}

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.settings.model_dump(mode="json")}


def installed() -> dict[str, EntryPoint]:
    """Kinds that installed packages provide."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def load_plugin(kind: str) -> BoardPlugin:
    """Import the plug-in of a kind.

    Raises
    ------
    ConfigError
        No installed package has this kind, or it cannot be imported.
    """
    plugins = installed()
    if kind not in plugins:
        known = suggestion(str(kind), [*BUILT_IN, *sorted(plugins)])
        msg = f"found {kind!r}; {known}; packages add kinds as entry points of the group {GROUP}"
        raise ConfigError(msg)
    try:
        return cast("BoardPlugin", plugins[kind].load())
    except (ImportError, AttributeError) as error:
        msg = f"found {kind!r}, whose plug-in {plugins[kind].value} cannot be imported: {error}"
        raise ConfigError(msg) from error


def board_family(board: Any) -> str | None:
    """Which of labrig's board models reads this mapping, or wrote this object."""
    kind = board.get("kind") if is_mapping(board) else getattr(board, "kind", None)
    return kind if kind is None or kind in BUILT_IN else "plugin"
