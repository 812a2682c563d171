"""YAML files as plain data that remembers on which line of which file each value stands."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from labrig.config.model import Place
from labrig.config.plain import is_list, is_mapping
from labrig.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Source:
    """A line of a file."""

    path: Path
    line: int
    depth: int = 0
    """How many keys of a place lead to this file; the rest lead on inside it."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Document:
    """Data of one file, and of the files that it names."""

    data: Any
    sources: Mapping[Place, Source]

    def where(self, place: Place) -> Source:
        """Line of a value, or of the nearest thing around it."""
        while place not in self.sources:
            place = place[:-1]
        return self.sources[place]

    def get(self, place: Place) -> Any:
        """Value at a place; None where there is none."""
        value = self.data
        for key in place:
            if is_list(value) and isinstance(key, int):
                value = value[key]
            elif is_mapping(value):
                value = value.get(str(key))
            else:
                return None
        return value

    def below(self, place: Place) -> "Document":
        """Take what stands at a place, as a document of its own."""
        depth = len(place)
        sources: dict[Place, Source] = {(): self.where(place)}
        for known, source in self.sources.items():
            if known[:depth] == place:
                sources[known[depth:]] = replace(source, depth=max(0, source.depth - depth))
        return Document(self.get(place), sources)

    def graft(self, place: Place, other: "Document") -> "Document":
        """Put another document at a place, which may be a new key."""
        kept = {known: source for known, source in self.sources.items() if known[: len(place)] != place}
        grafted = {
            (*place, *below): replace(source, depth=source.depth + len(place))
            for below, source in other.sources.items()
        }
        return Document(_replaced(self.data, place, other.data), kept | grafted)

    def without(self, place: Place) -> "Document":
        """Leave a key out."""
        around = {key: value for key, value in self.get(place[:-1]).items() if key != place[-1]}
        return Document(_replaced(self.data, place[:-1], around), self.sources)

    def refuse(self, place: Place, text: str) -> ConfigError:
        """Make the error that names file, line and key."""
        return ConfigError(sentence(self.where(place), place, text))


def sentence(source: Source, place: Place, text: str) -> str:
    """``file:line: key: what is wrong``."""
    keys = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in place[source.depth :])
    path = "".join(keys).removeprefix(".")
    return f"{source}: {path}: {text}" if path else f"{source}: {text}"


def read_text(path: Path, named_by: str = "") -> str:
    """Text of a file.

    Parameters
    ----------
    path
        The file.
    named_by
        Beginning of the message where another file names this one.

    Raises
    ------
    ConfigError
        It is not there, is not a file, may not be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        why = "there is no such file"
    except IsADirectoryError:
        why = "this is a directory, not a file"
    except UnicodeDecodeError as error:
        why = f"this is not UTF-8 text (byte {error.start}); save it as UTF-8"
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        why = f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
    msg = f"{named_by}{path}: {why}"
    raise ConfigError(msg)


def read_document(path: Path, named_by: str = "") -> Document:
    """Read a YAML 1.2 file.

    Raises
    ------
    ConfigError
        The file cannot be read, is empty, or is not YAML.
    """
    path = Path(os.path.normpath(path))
    return parse_document(read_text(path, named_by), path)


def parse_document(text: str, path: Path) -> Document:
    """Parse YAML 1.2; `path` names it in messages."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    loader: Any = YAML(typ="rt", pure=True)
    try:
        tree = loader.load(text)
    except MarkedYAMLError as error:
        raise ConfigError(_yaml_mistake(error, path)) from error
    except (YAMLError, ValueError, RecursionError) as error:  # a number too long, brackets too deep
        msg = f"{path}: this is not YAML: {str(error).splitlines()[0]}"
        raise ConfigError(msg) from error
    if tree is None:
        msg = f"{path}: the file is empty"
        raise ConfigError(msg)
    sources: dict[Place, Source] = {(): Source(path, 1)}
    return Document(_plain(tree, (), path, sources), sources)


def _is_text(key: object) -> bool:
    return isinstance(key, str)


def _yaml_mistake(error: Any, path: Path) -> str:
    mark = error.problem_mark or error.context_mark
    source = Source(path, mark.line + 1 if mark else 1)
    if duplicate := re.match('found duplicate key "(.*?)"', error.problem or ""):
        return f"{source}: {duplicate[1]}: found this key a second time in one mapping"
    return f"{source}: this is not YAML: {error.problem or error.context}"


def _plain(value: Any, place: Place, path: Path, sources: dict[Place, Source]) -> Any:
    """Turn ruamel's round-trip types into plain ones, noting the line of each."""
    if is_mapping(value):
        plain: dict[str, Any] = {}
        for key, item in value.items():
            below = (*place, str(key))
            sources[below] = Source(path, _mark(value, "key", key, sources[place].line))
            if not _is_text(key):
                raise ConfigError(sentence(sources[below], place, f"found the key {key!r}; keys are text"))
            plain[str(key)] = _plain(item, below, path, sources)
        return plain
    if is_list(value):
        for k in range(len(value)):
            sources[*place, k] = Source(path, _mark(value, "item", k, sources[place].line))
        return [_plain(item, (*place, k), path, sources) for k, item in enumerate(value)]
    return _scalar(value, place, sources[place])


def _mark(node: Any, kind: str, key: Any, fallback: int) -> int:
    """Line of a key or an item; merged keys have none of their own."""
    try:
        return int(getattr(node.lc, kind)(key)[0]) + 1
    except (KeyError, TypeError, AttributeError):
        return fallback


def _scalar(value: Any, place: Place, source: Source) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if type(value).__name__ == "ScalarBoolean":
        return bool(value)
    for plain in (str, int, float):
        if isinstance(value, plain):
            return plain(value)
    if isinstance(value, date):
        text = "found a date; put text that looks like one in quotes"
        raise ConfigError(sentence(source, place, text))
    text = f"found the tag {getattr(value, 'tag', type(value).__name__)}; only plain YAML is read"
    raise ConfigError(sentence(source, place, text))


def _replaced(data: Any, place: Place, value: Any) -> Any:
    if not place:
        return value
    key, *below = place
    return {**data, key: _replaced(data.get(key), tuple(below), value)}
