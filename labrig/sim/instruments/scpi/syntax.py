"""Program messages cut into units, headers and parameters (IEEE 488.2, chapter 7; SCPI 1999, volume 1, 6)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from labrig.sim.instruments.scpi.errors import ScpiError

_NODE = re.compile(r"([A-Za-z][A-Za-z0-9_]*?)(\d*)")
_PAIRS = {"(": ")"}


@dataclass(frozen=True, slots=True)
class Node:
    """One mnemonic of a header, with its numeric suffix."""

    name: str
    """In capitals."""
    suffix: int | None


@dataclass(frozen=True, slots=True)
class Unit:
    """One command or query of a message."""

    path: tuple[Node, ...]
    """From the root; a single node that begins with ``*`` is a common command."""
    query: bool
    parameters: tuple[str, ...]
    """As they were written, quotes included."""


def units(message: str) -> Iterator[Unit]:
    """The units of a message, each with its whole path.

    A header without a leading colon goes on where the one before stood; common commands change nothing of
    that (SCPI 1999, volume 1, 6.2.4).

    Raises
    ------
    ScpiError
        At the unit that breaks the grammar; those before it have been given.
    """
    parent: tuple[Node, ...] = ()
    for text in _split(message, ";"):
        stripped = text.strip()
        if not stripped:
            continue
        header, _, rest = _header(stripped)
        query = header.endswith("?")
        header = header.removesuffix("?")
        parameters = tuple(part.strip() for part in _split(rest, ",")) if rest.strip() else ()
        if any(not part for part in parameters):
            raise ScpiError(-103 if len(parameters) > 1 else -109)
        if header.lstrip(":").startswith("*"):
            yield Unit((_common(header.lstrip(":")),), query, parameters)
            continue
        nodes = tuple(map(_node, header.removeprefix(":").split(":")))
        path = nodes if header.startswith(":") else (*parent, *nodes)
        parent = path[:-1]
        yield Unit(path, query, parameters)


def _header(text: str) -> tuple[str, str, str]:
    match = re.match(r"[^\s\"'(,]+", text)
    if match is None:
        raise ScpiError(-102)
    return match[0], " ", text[match.end() :]


def _common(header: str) -> Node:
    if not re.fullmatch(r"\*[A-Za-z]+", header):
        raise ScpiError(-113)
    return Node(header.upper(), None)


def _node(text: str) -> Node:
    match = _NODE.fullmatch(text)
    if match is None:
        raise ScpiError(-102 if not text else -113)
    return Node(match[1].upper(), int(match[2]) if match[2] else None)


def _split(text: str, separator: str) -> Iterator[str]:
    """Cut at separators outside quotes and parentheses; a doubled quote inside quotes stays."""
    part, closing, depth = "", "", 0
    for character in text:
        if closing:
            closing = "" if character == closing else closing
        elif character in "\"'":
            closing = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == separator and depth == 0:
            yield part
            part = ""
            continue
        part += character
    if closing:
        raise ScpiError(-151)
    yield part
