"""Progress of a training on stderr: one line kept up to date or, without a terminal, one at each end."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from labrig.arrays import Seconds, Volts
from labrig.views.estimate import TimeLeft
from labrig.views.words import duration, volts

_REFRESH = 0.1
"""Seconds between two pictures; a step in between costs one look at the clock."""
_BAR, _GAP = 24, 2
"""Characters of the bar, and between two cells."""
_DROPPED_FIRST = ("name", "bar", "walls", "measurements", "rate")
"""Cells that a narrow terminal does without."""


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
        self._started = self._shown = self._told = time.monotonic()
        self._first_exchanges: int | None = None
        self._state: tuple[int, Volts, int, int, tuple[int, int]] | None = None
        self._walls = False
        """Whether a branch was held at a bound yet: from then on the line has room for how many."""

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
        self._walls = self._walls or any(hits)
        if self._first_exchanges is None:
            self._first_exchanges = exchanges
        self._told = now = time.monotonic()
        if self._live is None or now - self._shown < _REFRESH:
            return
        self._shown = now
        self._left.look(now - self._started, step, error)
        self._live.update(self._line(), refresh=True)

    def _line(self) -> Table:
        """One line; on a narrow terminal without what is needed least."""
        cells = self._cells()
        for name in _DROPPED_FIRST:
            if sum(_width(cell) + _GAP for cell in cells.values()) - _GAP <= self._console.width:
                break
            cells.pop(name, None)
        line = Table.grid(padding=(0, _GAP))
        for _ in cells:
            line.add_column(no_wrap=True)
        line.add_row(*cells.values())
        return line

    def _cells(self) -> dict[str, Text | ProgressBar]:
        name = Text(self._name, style="bold")
        if self._state is None:
            return {"name": name, "step": Text("waiting for the first measurement")}
        step, error, measurements, _, (floor, ceiling) = self._state
        left = self._left.seconds()
        return {
            "name": name,
            "bar": ProgressBar(self._steps or None, step, width=_BAR, pulse=self._steps is None),
            "step": Text(f"step {step}" + (f"/{self._steps}" if self._steps else "")),
            "error": Text.assemble("error ", (volts(error), "bold")),
            "measurements": Text(f"{measurements} measurements"),
            "rate": Text(f"{self._rate():.3g} exchanges/s"),
            **({"walls": Text(f"at ε {floor}, ceiling {ceiling}")} if self._walls else {}),
            **({} if left is None else {"left": Text(f"{duration(left)} left", style="dim")}),
        }

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
        """Exchanges a second from the start to what was told last."""
        if self._state is None or self._first_exchanges is None:
            return 0.0
        elapsed = self._told - self._started
        return (self._state[3] - self._first_exchanges + 1) / elapsed if elapsed > 0 else 0.0


def _width(cell: Text | ProgressBar) -> int:
    return cell.cell_len if isinstance(cell, Text) else _BAR
