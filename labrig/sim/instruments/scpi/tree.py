"""A table of commands: patterns as manuals print them, and what each does."""

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from labrig.arrays import Seconds
from labrig.sim.instruments.scpi.errors import ScpiError
from labrig.sim.instruments.scpi.parameters import short
from labrig.sim.instruments.scpi.syntax import Node, Unit

Response: TypeAlias = str | bytes | None
Running: TypeAlias = Generator[Seconds, None, Response]
"""Something that takes time: it says how long until it goes on."""
Arguments: TypeAlias = Sequence[str]
Handler: TypeAlias = Callable[[Arguments], "Response | Running"]

_PIECE = re.compile(r"(\[?):?([A-Za-z]+)(\d*)(?:\[(\d+(?:\|\d+)*)\])?(\]?)")


@dataclass(frozen=True, slots=True)
class _Step:
    forms: frozenset[str]
    """Short and long, in capitals."""
    optional: bool
    suffixes: frozenset[int | None]
    """Which numeric suffixes it may have; None: it may be without."""

    def takes(self, node: Node) -> bool:
        if node.name not in self.forms:
            return False
        return node.suffix in self.suffixes


@dataclass(frozen=True, slots=True)
class _Command:
    steps: tuple[_Step, ...]
    parameters: tuple[int, int]
    """Fewest and most."""
    query: bool
    handler: Handler


@dataclass(slots=True)
class CommandTree:
    """All that a model knows.

    Patterns read ``[:SOURce[1]]:VOLTage[:LEVel]?``: capitals are the short form, brackets what may be left
    out, a number in brackets the suffix that may be written.
    """

    _commands: list[_Command] = field(default_factory=list[_Command])

    def add(self, pattern: str, handler: Handler, parameters: tuple[int, int] = (0, 0)) -> None:
        """Let a pattern mean something.

        Parameters
        ----------
        parameters
            Fewest and most that it takes.
        """
        text = pattern.removesuffix("?")
        common = _Step(frozenset((text.upper(),)), optional=False, suffixes=frozenset((None,)))
        steps = (common,) if text[0] == "*" else tuple(_steps(text))
        self._commands.append(_Command(steps, parameters, pattern.endswith("?"), handler))

    def find(self, unit: Unit) -> Handler:
        """What a unit means.

        Raises
        ------
        ScpiError
            -113 where it means nothing, -114 where only its numeric suffixes are wrong, -108 or -109 where it
            has too many or too few parameters.
        """
        for command in self._commands:
            if command.query == unit.query and _fits(command.steps, unit.path):
                low, high = command.parameters
                if len(unit.parameters) > high:
                    raise ScpiError(-108)
                if len(unit.parameters) < low:
                    raise ScpiError(-109)
                return command.handler
        bare = tuple(Node(node.name, None) for node in unit.path)
        known = any(_fits(command.steps, bare) for command in self._commands)
        raise ScpiError(-114 if known and bare != unit.path else -113)


def _steps(pattern: str) -> Iterator[_Step]:
    for opening, name, needed, suffixes, closing in _PIECE.findall(pattern):
        forms = frozenset((short(name), name.upper()))
        allowed: set[int | None] = {int(needed)} if needed else {None}
        allowed.update(int(suffix) for suffix in str(suffixes).split("|") if suffix)
        yield _Step(forms, bool(opening and closing), frozenset(allowed))


def _fits(steps: Sequence[_Step], path: Sequence[Node]) -> bool:
    if not steps:
        return not path
    if path and steps[0].takes(path[0]) and _fits(steps[1:], path[1:]):
        return True
    return steps[0].optional and _fits(steps[1:], path)
