"""Whether an output ends up off, and how soon: every ending, every model, every transport, in real processes.

A sweep in a process of its own drives a simulated unit in another. The sweep is ended in each of these ways,
and the unit's own trace says when its output went off. What must not happen is printed in red, and is exit
code 1: an output that is on after the time that is promised, max(2 s, V/slew), and one that was dropped from
a level and not ramped down. A lost link is the exception: there, what is promised is to say that it is on.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from labrig.sim.instruments.building import MODELS

TRANSPORTS = ("tcp", "pty", "hislip")
ENDINGS = ("end", "exception", "SIGINT", "SIGTERM", "SIGHUP", "SIGKILL", "hang", "lost link")
PROMISED = 2.0
"""Seconds; the levels here take less at their slew limit."""
LEASE = 20.0
"""What a part of these sweeps may take before a process counts as one that hangs, and a little more."""
PATIENCE = 60.0
SLEW = 100.0
_LABRIG = (sys.executable, "-m", "labrig")


@dataclass(frozen=True)
class Outcome:
    """How one sweep ended."""

    code: int
    seconds: float
    """From the ending to the output being off; infinite: it stayed on."""
    last_step: float
    """Of the level, before the output went off."""
    said: str


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", action="append", choices=MODELS, help="default: all")
    parser.add_argument("--transport", action="append", choices=TRANSPORTS, help="default: all")
    parser.add_argument("--ending", action="append", choices=ENDINGS, help="default: all")
    asked = parser.parse_args()
    console = Console(width=150)
    table = Table("model", "transport", *(asked.ending or ENDINGS), title="seconds until the output was off")
    broken = 0
    for model in asked.model or MODELS:
        for transport in asked.transport or TRANSPORTS:
            cells: list[str] = []
            for ending in asked.ending or ENDINGS:
                outcome = try_ending(model, transport, ending)
                good = is_kept(ending, outcome)
                broken += not good
                cells.append(shown(ending, outcome) if good else f"[bold red]{shown(ending, outcome)}[/]")
            table.add_row(model, transport, *cells)
    console.print(table)
    return 1 if broken else 0


def is_kept(ending: str, outcome: Outcome) -> bool:
    """Whether what is promised of this ending was kept."""
    if ending == "lost link":
        return outcome.code == 6 and "STILL ON" in outcome.said
    allowed = PROMISED + (LEASE if ending == "hang" else 0.0)
    codes = {"end": 0, "exception": 9, "SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
    right = outcome.code == codes.get(ending, -signal.SIGKILL)
    return right and outcome.seconds <= allowed and outcome.last_step <= SLEW * 0.011


def shown(ending: str, outcome: Outcome) -> str:
    """One cell: seconds, and the exit code."""
    if ending == "lost link":
        return f"says so, exit {outcome.code}" if "STILL ON" in outcome.said else f"exit {outcome.code}"
    return f"{outcome.seconds:.2f}  exit {outcome.code}"


def try_ending(model: str, transport: str, ending: str) -> Outcome:
    """Let a sweep end in one way, and look at the simulated unit's own trace."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unit = Unit(model, transport, folder)
        try:
            return unit.swept_until(ending)
        finally:
            unit.stop()


class Unit:
    """A simulated unit in a process of its own, and the rig that names it."""

    def __init__(self, model: str, transport: str, folder: Path) -> None:
        self.folder = folder
        self.trace = folder / "trace.jsonl"
        self.environment = {**os.environ, "LABRIG_STATE": str(folder / "state"), "COLUMNS": "400"}
        where = f"pty:{folder / 'smu'}" if transport == "pty" else f"{transport}://127.0.0.1:{_free_port()}"
        command = ["simulate", "smu", "--model", model, "--listen", where]
        options = ["--load", "1 kohm", "--trace", str(self.trace)]
        self._process = subprocess.Popen(
            [*_LABRIG, *command, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
        if self._process.stdout is None or self._process.stderr is None:
            raise AssertionError
        self._process.stdout.readline()
        lines = [self._process.stderr.readline(), self._process.stderr.readline()]
        link = lines[1].removeprefix("in rigs link: ").strip()
        self.rig = folder / "rig.yaml"
        self.rig.write_text(f"source_meters:\n  smu: {{kind: {model}, link: {link}, slew: {SLEW} V/s}}\n")

    def swept_until(self, ending: str) -> Outcome:
        """Sweep for long, from 1 V on, and end that."""
        runs = self.folder / "runs"
        points = "5" if ending in ("end", "exception") else "600"
        if ending == "exception":
            runs.write_text("a file where a folder belongs")
        options = [
            "--start",
            "1 V",
            "--stop",
            "2 V",
            "--points",
            points,
            "--compliance",
            "10 mA",
            "--nplc",
            "2",
        ]
        sweep = subprocess.Popen(
            [*_LABRIG, "sweep", "iv", str(self.rig), "--smu", "smu", *options, "--runs", str(runs)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
        if ending not in ("end", "exception"):
            self._until(lambda: self._level() >= 1.0)
            time.sleep(0.3)
        begun = time.monotonic()
        if ending == "lost link":
            self._process.kill()
        elif ending == "hang":
            sweep.send_signal(signal.SIGSTOP)
        elif ending.startswith("SIG"):
            sweep.send_signal(signal.Signals[ending])
        else:
            sweep.wait(PATIENCE)
            begun = time.monotonic()
        off = ending != "lost link" and self._until(lambda: not self._is_on())
        seconds = time.monotonic() - begun if off else float("inf")
        _, said = sweep.communicate(timeout=PATIENCE)
        return Outcome(sweep.returncode, seconds, self._last_step(), said)

    def stop(self) -> None:
        """End the simulation."""
        self._process.terminate()
        self._process.communicate(timeout=PATIENCE)

    def _outputs(self) -> list[tuple[bool, float]]:
        lines = self.trace.read_text().splitlines() if self.trace.exists() else []
        entries = [json.loads(line) for line in lines if line.endswith("}")]
        return [(entry["output"], entry["level"]) for entry in entries if "output" in entry]

    def _is_on(self) -> bool:
        outputs = self._outputs()
        return bool(outputs) and outputs[-1][0]

    def _level(self) -> float:
        outputs = self._outputs()
        return outputs[-1][1] if outputs and outputs[-1][0] else 0.0

    def _last_step(self) -> float:
        """From the level at which the output was dropped."""
        levels = [level for on, level in self._outputs() if on]
        return abs(levels[-1]) if levels and not self._is_on() else 0.0

    def _until(self, condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if condition():
                return True
            time.sleep(0.01)
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
