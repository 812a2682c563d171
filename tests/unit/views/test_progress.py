"""What a training shows while it runs."""

import io
import re

import pytest
from rich.console import Console

from labrig.views import progress
from labrig.views.progress import TrainingProgress


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def train(shown: TrainingProgress, clock: Clock) -> None:
    """Fifty updates, two exchanges a second; the error falls by a tenth each time."""
    with shown:
        for step in range(51):
            clock.now += 0.5
            shown.update(step, 0.9**step, 2 * (step + 1), step + 1, (3, 1))
        clock.now += 10.0  # what is done after the last step does not count as slow exchanges


def terminal(width: int = 160) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def last_line(console: Console) -> str:
    """What a person sees, without the codes that put it there."""
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written(console)).splitlines()
    return next(line for line in reversed(lines) if line.strip())


def test_a_terminal_shows_error_step_measurements_speed_and_walls(clock: Clock) -> None:
    console = terminal()
    train(TrainingProgress("crossbar", console=console), clock)
    line = last_line(console)
    for fact in ("step 50", "5.15 mV", "102 measurements", "2 exchanges/s", "at ε 3, ceiling 1"):
        assert fact in line
    assert "left" not in line


@pytest.mark.parametrize(
    ("steps", "wall", "error", "left"),
    [
        (50, None, None, "0 s left"),
        (150, None, None, "50 s left"),
        (None, 60.0, None, "34.5 s left"),
        (None, None, 0.9**70, "10 s left"),
        (150, 60.0, None, "34.5 s left"),
    ],
)
def test_the_time_left_is_that_to_the_nearest_end(
    clock: Clock, steps: int | None, wall: float | None, error: float | None, left: str
) -> None:
    console = terminal()
    train(TrainingProgress("crossbar", steps=steps, wall=wall, error=error, console=console), clock)
    assert left in last_line(console)


def test_without_a_terminal_there_is_one_line_at_each_end(clock: Clock) -> None:
    console = Console(file=io.StringIO(), width=40)
    train(TrainingProgress("crossbar", steps=50, console=console), clock)
    first, last = written(console).splitlines()
    assert first == "training crossbar"
    assert last == (
        "trained crossbar: 50 steps, error 5.15 mV, 102 measurements, 51 exchanges at 2/s,"
        " 3 branches at ε and 1 at the ceiling"
    )


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_a_narrow_terminal_gets_one_line_that_fits_and_tells_what_matters_most(
    clock: Clock, width: int
) -> None:
    console = terminal(width)
    train(TrainingProgress("crossbar", steps=150, console=console), clock)
    line = last_line(console)
    assert len(line) <= width
    assert "…" not in line
    assert "step 50/150" in line
    assert "error 5.15 mV" in line
    assert "50 s left" in line
    assert ("2 exchanges/s" in line) == (width >= 60)


def test_a_training_without_a_step_says_that_it_waits() -> None:
    console = terminal()
    with TrainingProgress("crossbar", console=console):
        pass
    assert "waiting for the first measurement" in last_line(console)


def test_steps_that_come_faster_than_the_screen_are_not_all_drawn(clock: Clock) -> None:
    console = terminal()
    with TrainingProgress("crossbar", console=console) as shown:
        for step in range(1000):
            clock.now += 0.001
            shown.update(step, 1.0, step, step)
    assert written(console).count("measurements") <= 12
    assert "step 999" in last_line(console)
