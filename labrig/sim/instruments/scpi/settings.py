"""Commands that set one thing and queries that tell it, in one line each."""

from collections.abc import Callable, Sequence

from labrig.sim.instruments.scpi.parameters import Range, read_boolean, read_choice, short
from labrig.sim.instruments.scpi.tree import Arguments, CommandTree

Write = Callable[[float], str]
"""How numbers are answered."""


def scientific(value: float) -> str:
    """``+1.000000E+00``."""
    return f"{value:+.6E}"


def number(
    tree: CommandTree,
    pattern: str,
    allowed: Callable[[], Range],
    get: Callable[[], float],
    put: Callable[[float], None],
    write: Write = scientific,
) -> None:
    """A number: set with a value or its name, asked with or without MINimum, MAXimum or DEFault."""

    def setting(arguments: Arguments) -> None:
        put(allowed().read(arguments[0]))

    def asked(arguments: Arguments) -> str:
        if not arguments:
            return write(get())
        return write(allowed().read(arguments[0]))

    tree.add(pattern, setting, (1, 1))
    tree.add(f"{pattern}?", asked, (0, 1))


def integer(
    tree: CommandTree,
    pattern: str,
    allowed: Range,
    get: Callable[[], int],
    put: Callable[[int], None],
) -> None:
    """A whole number."""
    number(
        tree, pattern, lambda: allowed, lambda: float(get()), lambda v: put(round(v)), lambda v: f"{v:.0f}"
    )


def boolean(tree: CommandTree, pattern: str, get: Callable[[], bool], put: Callable[[bool], None]) -> None:
    """On or off, answered by 1 or 0."""

    def setting(arguments: Arguments) -> None:
        put(read_boolean(arguments[0]))

    tree.add(pattern, setting, (1, 1))
    tree.add(f"{pattern}?", lambda _: str(int(get())))


def choice(
    tree: CommandTree,
    pattern: str,
    names: Sequence[str],
    get: Callable[[], str],
    put: Callable[[str], None],
) -> None:
    """One of some names, answered by its short form."""

    def setting(arguments: Arguments) -> None:
        put(read_choice(arguments[0], names))

    tree.add(pattern, setting, (1, 1))
    tree.add(f"{pattern}?", lambda _: short(get()))


def action(tree: CommandTree, pattern: str, do: Callable[[], None]) -> None:
    """Something that takes no parameters and answers nothing."""
    tree.add(pattern, lambda _: do())
