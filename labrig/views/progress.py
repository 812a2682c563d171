"""Progress of a training on stderr: one line kept up to date or, without a terminal, one at each end."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from labrig.arrays import Seconds, Volts
from labrig.views.estimate import TimeLeft
from labrig.views.words import duration, volts

_REFRESH = 0.1
"""Seconds between two pictures; a step in between costs one look at the clock."""


class TrainingProgress:
    """Shows what `update` is told, from `__enter__` to `__exit__`.

    Parameters
    ----------
    name
        What is being trained.
    steps, wall, error
        Where it ends at the latest; None where that is no limit.
    console
        Where to write; default: stderr.
    """

    def __init__(
        self,
        name: str,
        *,
        steps: int | None = None,
        wall: Seconds | None = None,
        error: Volts | None = None,
        console: Console | None = None,
    ) -> None:
        self._name = name
        self._steps = steps
        self._console = Console(stderr=True) if console is None else console
        self._left = TimeLeft(steps, wall, error)
        self._live: Live | None = None
        self._started = self._shown = time.monotonic()
        self._first_exchanges: int | None = None
        self._state: tuple[int, Volts, int, int, tuple[int, int]] | None = None

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        else:
            self._say(f"training {self._name}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.update(self._line(), refresh=True)
            self._live.stop()
        elif self._state is not None:
            self._say(self._last_line(*self._state))

    def update(
        self, step: int, error: Volts, measurements: int, exchanges: int, hits: tuple[int, int] = (0, 0)
    ) -> None:
        """Tell where the training is; cheap enough for every step.

        Parameters
        ----------
        step
            Updates applied.
        error
            V; NaN where unknown.
        measurements, exchanges
            So far.
        hits
            Branches held at the floor and at the ceiling.
        """
        self._state = (step, error, measurements, exchanges, hits)
        if self._first_exchanges is None:
            self._first_exchanges = exchanges
        now = time.monotonic()
        if self._live is None or now - self._shown < _REFRESH:
            return
        self._shown = now
        self._left.look(now - self._started, step, error)
        self._live.update(self._line(), refresh=True)

    def _line(self) -> Table:
        line = Table.grid(padding=(0, 2))
        if self._state is None:
            line.add_row(f"[bold]{escape(self._name)}[/]", "waiting for the first measurement")
            return line
        step, error, measurements, _, (floor, ceiling) = self._state
        left = self._left.seconds()
        line.add_row(
            f"[bold]{escape(self._name)}[/]",
            ProgressBar(self._steps or None, step, width=24, pulse=self._steps is None),
            f"step {step}" + (f"/{self._steps}" if self._steps else ""),
            f"error [bold]{volts(error)}[/]",
            f"{measurements} measurements",
            f"{self._rate():.3g} exchanges/s",
            *([f"at ε {floor}, ceiling {ceiling}"] if floor or ceiling else []),
            *([f"[dim]{duration(left)} left[/]"] if left is not None else []),
        )
        return line

    def _last_line(
        self, step: int, error: Volts, measurements: int, exchanges: int, hits: tuple[int, int]
    ) -> str:
        walls = f", {hits[0]} branches at ε and {hits[1]} at the ceiling" if any(hits) else ""
        return (
            f"trained {self._name}: {step} steps, error {volts(error)}, {measurements} measurements, "
            f"{exchanges} exchanges at {self._rate():.3g}/s{walls}"
        )

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True, markup=False)

    def _rate(self) -> float:
        """Exchanges a second since this process began."""
        if self._state is None or self._first_exchanges is None:
            return 0.0
        elapsed = time.monotonic() - self._started
        return (self._state[3] - self._first_exchanges + 1) / elapsed if elapsed > 0 else 0.0
