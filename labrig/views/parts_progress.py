"""Progress of work in parts on stderr: one line kept up to date or, without a terminal, one for each part."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

_REFRESH = 0.1


class PartsProgress:
    """Shows what `update` is told, from `__enter__` to `__exit__`.

    Parameters
    ----------
    doing
        What is said of a part, before its name.
    console
        Where to write; default: stderr.
    """

    def __init__(self, doing: str = "checking", console: Console | None = None) -> None:
        self._doing = doing
        self._console = Console(stderr=True) if console is None else console
        self._live: Live | None = None
        self._shown = 0.0
        self._part = ""

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, part: str, done: int, total: int) -> None:
        """Tell what is being checked, how much of it is done, and how much there is."""
        begins, self._part = part != self._part, part
        if self._live is None:
            if begins:
                self._console.print(f"{self._doing} {part}", highlight=False, soft_wrap=True, markup=False)
            return
        now = time.monotonic()
        if begins or now - self._shown >= _REFRESH:
            self._shown = now
            line = Table.grid(padding=(0, 2))
            line.add_row(f"[bold]{part}[/]", ProgressBar(total, done, width=24), f"{done}/{total}")
            self._live.update(line, refresh=True)
