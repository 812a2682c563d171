"""Tells apart what YAML gives: mappings, lists and scalars, for the type checkers too."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard


def is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether this is a mapping of a file."""
    return isinstance(value, Mapping)


def is_names(value: object) -> TypeGuard[Sequence[str]]:
    """Whether this is a list of text."""
    return is_list(value) and all(isinstance(item, str) for item in value)


def is_list(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Whether this is a list of a file."""
    return isinstance(value, (list, tuple))
