"""Tables on the terminal, or in a file."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

_FILE_WIDTH = 160
"""Characters of a line where there is no terminal."""


def print_table(table: "RenderableType") -> None:
    """Print to stdout, as wide as the terminal; without one, no cell is cut short."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    console.print(table, highlight=False)
