"""What the models found wrong, one sentence each: file, line, key, what was found, what is allowed."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from labrig.config.document import Document, sentence
from labrig.config.fields import Trail, follow
from labrig.config.model import Model, Place
from labrig.config.patterns import SHAPES
from labrig.config.plain import is_list, is_mapping
from labrig.errors import ConfigError

_MOST = 10

_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "a mapping of names to values",
    "none_required": "null, the only value so far",
}

_KINDS = {
    "ExperimentConfig": "an experiment",
    "RigConfig": "a rig",
    "MeterRig": "a rig",
    "StudyConfig": "a study",
    "Calibration": "a calibration",
}
_TELLING = {
    "an experiment": {"rig", "task"},
    "a rig": {"network", "board"},
    "a study": {"experiment", "axes"},
    "a calibration": {"format", "made", "wiring"},
}
"""Keys that no other kind of file has."""


def complain(
    error: ValidationError, document: Document, model: type[Model], below: Place = ()
) -> ConfigError:
    """Turn what pydantic found into one error with one line a mistake, in the order of the lines.

    Parameters
    ----------
    error
        What was found.
    document
        Where it was found.
    model
        What the document, or its part `below`, was read as.
    below
        Place of that part.
    """
    named = {below: model.__name__}
    if model.__name__ == "ExperimentConfig":
        named[(*below, "rig")] = "RigConfig"
    for place, kind in named.items():
        if (text := _another_kind(document.get(place), kind)) is not None:
            return ConfigError(sentence(document.where(place), place, text))
    lines: list[tuple[str, int, str]] = []
    for item in error.errors():
        if _follows_from_another(item):
            continue
        trail = follow(model, item["loc"])
        place = (*below, *trail.place, *_key_of_the_kind(item))
        source = document.where(place)
        said = sentence(source, place, _text(item, trail))
        lines.append((str(source.path), source.line, said))
    told = [text for *_, text in sorted(lines, key=lambda line: line[:2])]
    more = [f"… and {len(told) - _MOST} more mistakes"] if len(told) > _MOST else []
    return ConfigError("\n".join([*told[:_MOST], *more]))


def suggestion(word: str, allowed: list[str]) -> str:
    """List what is allowed, and what was probably meant."""
    if len(allowed) == 1:
        return f"only {allowed[0]} is allowed"
    close = get_close_matches(word, allowed, 1)
    return f"allowed are {', '.join(allowed)}" + (f" (did you mean {close[0]!r}?)" if close else "")


def _another_kind(data: object, model: str) -> str | None:
    """What to say of a file named where another kind is wanted; None: it is none of these."""
    wanted = _KINDS.get(model)
    if wanted is None or not is_mapping(data) or _TELLING[wanted] <= data.keys():
        return None
    for kind, keys in _TELLING.items():
        if kind != wanted and keys <= data.keys():
            return f"found {kind}, where {wanted} is wanted; name another file"
    return None


def _follows_from_another(item: ErrorDetails) -> bool:
    """Whether a list is called too short only because its items were refused."""
    return item["type"] == "too_short" and len(item["input"]) >= item.get("ctx", {})["min_length"]


def _key_of_the_kind(item: ErrorDetails) -> Place:
    """Where a kind that is not allowed stands, below the mapping that pydantic points at."""
    if item["type"] != "union_tag_invalid":
        return ()
    return (str(item.get("ctx", {})["discriminator"]).strip("'"),)


def _text(item: ErrorDetails, trail: Trail) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "mistake":
        return str(context["text"])
    if kind in _WANTED:
        return f"found {shown(item['input'])}; write {_WANTED[kind]}"
    if kind in _SAID and (trail.kinds or kind not in _OF_KINDS):
        return _SAID[kind](item["input"], context, trail)
    return f"found {shown(item['input'])}; {item['msg'][0].lower()}{item['msg'][1:]}"


def _unknown_key(_: Any, __: Mapping[str, Any], trail: Trail) -> str:
    allowed = f"; {suggestion(str(trail.place[-1]), trail.keys)}" if trail.keys else ""
    return f"this key is not known here{allowed}"


def _missing(_: Any, __: Mapping[str, Any], ___: Trail) -> str:
    return "this key is missing"


def _no_mapping(found: Any, _: Mapping[str, Any], trail: Trail) -> str:
    keys = f" with the keys {', '.join(trail.below)}" if trail.below else ""
    return f"found {shown(found)}; write a mapping{keys}"


def _no_kind(found: Any, context: Mapping[str, Any], trail: Trail) -> str:
    if not is_mapping(found):
        return _wrong_kind(found, context, trail)
    return f"its kind is missing; allowed are {', '.join(trail.kinds)}"


def _wrong_kind(found: Any, context: Mapping[str, Any], trail: Trail) -> str:
    if not is_mapping(found):
        return f"found {shown(found)}; write a mapping such as {{kind: {trail.kinds[0]}}}"
    tag = str(context["tag"])
    return f"found {tag!r}; {suggestion(tag, trail.kinds)}"


def _not_among(found: Any, context: Mapping[str, Any], trail: Trail) -> str:
    allowed = [
        word.strip(" '") for part in str(context["expected"]).split(",") for word in part.split(" or ")
    ]
    mapping = f", or a mapping with the key {trail.below[0]}" if trail.below else ""
    return f"found {shown(found)}; {suggestion(str(found), allowed)}{mapping}"


def _out_of_range(found: Any, context: Mapping[str, Any], _: Trail) -> str:
    words = {"ge": "at least", "le": "at most"}
    allowed = " and ".join(f"{words[key]} {bound}" for key, bound in context.items() if key in words)
    return f"found {shown(found)}; it must be {allowed}"


def _wrong_shape(found: Any, context: Mapping[str, Any], _: Trail) -> str:
    pattern = str(context["pattern"])
    return f"found {shown(found)}; write {SHAPES.get(pattern, f'text that matches {pattern}')}"


def _wrong_length(_: Any, context: Mapping[str, Any], __: Trail) -> str:
    words = {"min_length": "at least", "max_length": "at most"}
    allowed = " and ".join(f"{words[key]} {bound}" for key, bound in context.items() if key in words)
    return f"found {context['actual_length']} items; it must be {allowed}"


def _empty(_: Any, __: Mapping[str, Any], ___: Trail) -> str:
    return "found empty text"


_SAID: dict[str, Callable[[Any, Mapping[str, Any], Trail], str]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "model_type": _no_mapping,
    "model_attributes_type": _wrong_kind,
    "union_tag_not_found": _no_kind,
    "union_tag_invalid": _wrong_kind,
    "literal_error": _not_among,
    "greater_than_equal": _out_of_range,
    "less_than_equal": _out_of_range,
    "string_pattern_mismatch": _wrong_shape,
    "string_too_short": _empty,
    "too_short": _wrong_length,
    "too_long": _wrong_length,
}
_OF_KINDS = ("model_attributes_type", "union_tag_not_found", "union_tag_invalid")


def shown(value: Any) -> str:
    """Write a value as a message shows it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if is_mapping(value):
        keys = ", ".join(value)
        return f"a mapping with the keys {keys}"[:60]
    if is_list(value):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
