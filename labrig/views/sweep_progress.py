"""Progress of a sweep on stderr: one line kept up to date or, without a terminal, one at each end."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class SweepProgress:
    """Shows what `update` is told, from `__enter__` to `__exit__`.

    Parameters
    ----------
    points
        In all.
    console
        Where to write; default: stderr.
    """

    def __init__(self, points: int, console: Console | None = None) -> None:
        self._console = Console(stderr=True) if console is None else console
        self._points = points
        self._progress = Progress(
            TextColumn("[bold]sweeping[/]"),
            BarColumn(24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[limited]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task("", total=points, limited="")

    def __enter__(self) -> Self:
        self._progress.start()
        if not self._console.is_terminal:
            self._console.print(f"sweeping {self._points} points", highlight=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def update(self, points: int, limited: int) -> None:
        """Tell how many points were measured, and at how many a limit held."""
        text = f"{limited} at a limit" if limited else ""
        self._progress.update(self._task, completed=points, limited=text)
