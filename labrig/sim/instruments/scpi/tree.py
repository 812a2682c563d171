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

_PIECE = re.compile(r"(\[?):?([A-Za-z]+)(?:\[(\d+(?:\|\d+)*)\])?(\]?)")


@dataclass(frozen=True, slots=True)
class _Step:
    forms: frozenset[str]
    """Short and long, in capitals."""
    optional: bool
    suffixes: frozenset[int]
    """Which numeric suffixes it may have; none of them means the first."""

    def takes(self, node: Node) -> bool:
        if node.name not in self.forms:
            return False
        if node.suffix is not None and node.suffix not in self.suffixes:
            raise ScpiError(-114)
        return True


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
        common = _Step(frozenset((text.upper(),)), optional=False, suffixes=frozenset())
        steps = (common,) if text[0] == "*" else tuple(_steps(text))
        self._commands.append(_Command(steps, parameters, pattern.endswith("?"), handler))

    def find(self, unit: Unit) -> Handler:
        """What a unit means.

        Raises
        ------
        ScpiError
            -113 where it means nothing, -108 or -109 where it has too many or too few parameters.
        """
        for command in self._commands:
            if command.query == unit.query and _fits(command.steps, unit.path):
                low, high = command.parameters
                if len(unit.parameters) > high:
                    raise ScpiError(-108)
                if len(unit.parameters) < low:
                    raise ScpiError(-109)
                return command.handler
        raise ScpiError(-113)


def _steps(pattern: str) -> Iterator[_Step]:
    for opening, name, suffixes, closing in _PIECE.findall(pattern):
        forms = frozenset((short(name), name.upper()))
        numbers = frozenset(map(int, suffixes.split("|"))) if suffixes else frozenset[int]()
        yield _Step(forms, bool(opening and closing), numbers)


def _fits(steps: Sequence[_Step], path: Sequence[Node]) -> bool:
    if not steps:
        return not path
    if path and steps[0].takes(path[0]) and _fits(steps[1:], path[1:]):
        return True
    return steps[0].optional and _fits(steps[1:], path)
