"""Whether every fault that can be rehearsed ends as it should, each in a short training of the firmware.

A crossbar of 40 × 30 potentiometers is trained once on a sound board, and once with each fault: on the
firmware compiled for this computer where only the line is at fault, else on an emulated ATmega2560 with its
parts. A fault is recovered where the training ends by itself with the very codes of the sound board. It is
stopped where the training ends, says why, and comes to those codes once it is resumed on a mended board.
Anything else is lost. A branch that does not follow its wiper is recovered where `labrig board check` names
it, and a training that masks it brings the other outputs about as far. A row that ends otherwise than it must
is told on stderr, and the exit code is 1.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

import labrig
from labrig.arrays import CodeArray, Volts
from labrig.bench.assembly import assemble
from labrig.bench.bench import Bench
from labrig.boards.wired import open_wired
from labrig.circuit.build import build_topology
from labrig.config.boards import FirmwareBoard
from labrig.config.faults import (
    AdcStuck,
    Babble,
    BrownOut,
    Drop,
    Duplicate,
    Fault,
    Flip,
    Hang,
    Insert,
    Open,
    Overrun,
    ResetAtOpen,
    Short,
    Silence,
    Stuck,
    Truncate,
    Unwritable,
    wire_faults,
)
from labrig.config.links import SerialLink
from labrig.config.loading import Experiment
from labrig.errors import LabrigError
from labrig.links.opening import open_link
from labrig.procedures.board_check.report import report
from labrig.procedures.check_board import check_board
from labrig.procedures.training.stopping import Ending
from labrig.sim.damage import DamagedLink
from labrig.sim.launch import launched, unnamed

Verdict: TypeAlias = Literal["recovered", "stopped", "lost"]
VERDICTS: Sequence[Verdict] = ("recovered", "stopped", "lost")

TASK = Path(__file__).parents[2] / "configs/tasks/crossbar-40x30-5v.csv"
EXPERIMENT = """
rig:
  network: {{kind: crossbar, inputs: 40, outputs: 30}}
  board:
    kind: firmware
    launch: {{target: {target}}}
    model:
      elements: {{kind: digipot, part: MCP4351-104, tolerance: 20 %}}
      adc: {{bits: 16, span: 5 V}}
      dac: {{bits: 16, span: 5 V}}
      seed: 3
  limits: {{voltage: 5 V, branch_current: 2.5 mA}}
task: {{file: {task}}}
learning:
  rule: {{kind: contrastive}}
  step: {{kind: fixed, rate: 3e-6 S/V^2}}
  bounds: {{floor: 10 uS}}
  initial: {{kind: constant, conductance: 40 uS}}
stop: {{steps: {steps}}}
seed: 1
"""
LEAST_STEPS = 15
"""So that 16 kB come to the board."""
AS_FAR = 1.5
"""Of the error of a sound board: what the other outputs may be left with where a branch is masked."""


@dataclass(frozen=True)
class Case:
    """A fault, and how it must end."""

    name: str
    faults: Sequence[Fault]
    expected: Sequence[Verdict] = ("recovered",)
    says: str = ""
    """A pattern of the sentence with which it stops, or with which a check names it."""
    on: str = "atmega2560"
    masked: str = ""
    """A branch that is left out, once a check has named it."""


def on_the_line(name: str, fault: Fault, *expected: Verdict) -> Case:
    return Case(name, [fault], expected or ("recovered",), on="host")


def wiper(fault: Stuck | Open | Short, says: str) -> Case:
    return Case(f"wiper {fault.kind}", [fault], says=says, masked=fault.branch)


CASES = (
    on_the_line("flips, 1e-4 of the bytes", Flip(rate=1e-4)),
    on_the_line("flips, 1.5e-3", Flip(rate=1.5e-3), "recovered", "stopped"),
    on_the_line("drops, 3e-4", Drop(rate=3e-4)),
    on_the_line("duplicates, 3e-4", Duplicate(rate=3e-4)),
    on_the_line("insertions, 3e-4", Insert(rate=3e-4)),
    on_the_line("cut frames, 3e-4", Truncate(rate=3e-4)),
    on_the_line("silence, 20 ms every 50 ms", Silence(at=0.01, lasts=0.02, every=0.05)),
    on_the_line("babble, 20 ms every 50 ms", Babble(at=0.01, lasts=0.02, every=0.05)),
    Case("brown-out in mid-write", [BrownOut(after=9_137)]),
    Case("brown-outs in mid-run", [BrownOut(after=after) for after in (4_000, 12_000, 15_500)]),
    Case("watchdog, firmware hangs", [Hang(after=9_137), Hang(after=15_500)]),
    Case("DTR reset at opening", [ResetAtOpen()]),
    Case("receive overruns", [Overrun(after=after) for after in (3_000, 9_137, 12_800)]),
    wiper(Stuck(branch="in0-out3", code=7), "in0-out3: stuck near code 7"),
    wiper(Open(branch="in1-out3"), "in1-out3: open"),
    wiper(Short(branch="in2-out4"), "in2-out4: short"),
    Case("ADC stuck", [AdcStuck(node="out7", code=31_000)], ["stopped"], "the reading of out7 is"),
    Case("ADC saturated", [AdcStuck(node="out8", code=65_535)], ["stopped"], "the reading of out8 is"),
    Case("write refused", [Unwritable(branch="in3-out5")], ["stopped"], r"in3-out5 holds 128 where \d+ was"),
)


@dataclass(frozen=True)
class Trained:
    """What came of a training."""

    ending: Ending
    run: Path
    struck: int
    """How often something befell the line or the processor."""
    noticed: int
    how: str
    """What was noticed, in words."""


@dataclass(frozen=True)
class Row:
    """What came of a case."""

    case: Case
    verdict: Verdict
    injected: int
    detected: int
    words: str

    def complaints(self) -> Iterator[str]:
        """Where it is not as it must be."""
        if self.verdict not in self.case.expected:
            must = " or ".join(self.case.expected)
            yield f"{self.case.name}: must be {must} and is {self.verdict}: {self.words}"
        if not self.injected:
            yield f"{self.case.name}: never came"
        if not self.detected:
            yield f"{self.case.name}: was not noticed"

    def cells(self) -> list[str]:
        """Of the table."""
        shares = (self.injected if self.verdict == name else 0 for name in VERDICTS)
        counts = (self.injected, self.detected, *shares)
        return [self.case.name, self.case.on, *(f"{count}" for count in counts), self.words]


class Lab:
    """A folder for boards and runs, and what sound boards come to."""

    def __init__(self, folder: Path, steps: int) -> None:
        self.folder = folder
        self._steps = steps
        self._sound: dict[str, Trained] = {}

    def experiment(self, target: str) -> Experiment:
        """On a sound board."""
        path = self.folder / f"on-{target}.yaml"
        path.write_text(EXPERIMENT.format(target=target, task=TASK, steps=self._steps), encoding="utf-8")
        return labrig.load_experiment(path)

    def sound(self, target: str) -> Trained:
        """What the training comes to without a fault."""
        if target not in self._sound:
            found = train(self, Case("none", [], on=target))
            if found.ending.outcome != "stopped" or found.noticed:
                msg = f"the sound board on {target} is none: {found.ending.reason}; {found.how}"
                raise RuntimeError(msg)
            self._sound[target] = found
        return self._sound[target]


@dataclass(frozen=True)
class Opened:
    """A board of the firmware, its line, and where its processor's mishaps are counted."""

    bench: Bench
    line: DamagedLink
    statistics: Path

    @property
    def struck(self) -> int:
        """How often something befell the line or the processor; known once the board has ended."""
        if not self.statistics.exists():
            return self.line.injected
        counted: dict[str, Any] = loads(self.statistics.read_text())
        return self.line.injected + int(counted["resets"]) + int(counted["mishap_overruns"])


@contextmanager
def opened(lab: Lab, case: Case, mask: Sequence[str] = ()) -> Generator[Opened]:
    """Launch the experiment's board with the faults of a case."""
    rig = lab.experiment(case.on).rig.model_copy(update={"faults": tuple(case.faults), "mask": tuple(mask)})
    config = rig.board
    if not isinstance(config, FirmwareBoard) or config.launch is None or config.model is None:
        msg = "the experiment launches its board"
        raise TypeError(msg)
    statistics = lab.folder / "statistics.json"
    statistics.unlink(missing_ok=True)
    topology, name = build_topology(rig.network), unnamed(config.launch, config.model)
    told = statistics if case.on == "atmega2560" else None
    running = launched(config.launch, config.model, topology, name, lab.folder, rig.faults, statistics=told)
    with running as port:
        line = DamagedLink(open_link(SerialLink(port=port)), wire_faults(rig.faults), config.model.seed)
        with closing(open_wired(line)) as board:
            yield Opened(assemble(rig, board, topology), line, statistics)


def train(lab: Lab, case: Case, mask: Sequence[str] = ()) -> Trained:
    """Train on a board with the fault; the run is stored as one on a sound board, on which it is resumed."""
    with opened(lab, case, mask) as board:
        bench = board.bench
        training = labrig.train(bench, lab.experiment(case.on), runs=lab.folder / "runs")
        with suppress(LabrigError):
            training.finish()
        noticed, how = found_by(bench)
    if training.ending is None:
        msg = f"{case.name}: the training did not say how it ended"
        raise RuntimeError(msg)
    return Trained(training.ending, training.run, board.struck, noticed, how)


def found_by(bench: Bench) -> tuple[int, str]:
    """What the host noticed on the way: how often, and in words."""
    counters, words = bench.counters, list[str]()
    damaged = counters.damaged + (bench.monitored.health().frames_bad if bench.monitored else 0)
    opening = bench.monitored is not None and bench.monitored.resets_at_open
    if opening:
        words.append("opening resets this board: waited for it")
    if bench.resets:
        words.append(f"{bench.resets} resets, each restored")
    if damaged:
        words.append(f"{damaged} frames damaged")
    if counters.retries:
        words.append(f"{counters.retries} sent again")
    return bench.resets + opening or damaged or counters.retries, ", ".join(words) or "nothing was noticed"


def codes_of(run: Path) -> CodeArray:
    """Of every step, shape (T, B)."""
    return np.asarray(labrig.open_run(run).codes, dtype=np.int64)


def endured(lab: Lab, case: Case) -> Row:
    """Train with a fault; a training that stops is resumed on a mended board."""
    found, sound = train(lab, case), codes_of(lab.sound(case.on).run)
    injected = found.struck or len(case.faults)
    if found.ending.outcome == "stopped":
        same = np.array_equal(codes_of(found.run)[-1], sound[-1])
        words = f"{found.how}; {'the same' if same else 'other'} codes"
        return Row(case, "recovered" if same else "lost", injected, found.noticed, words)
    reason = found.ending.reason
    if not re.search(case.says, reason):
        return Row(case, "lost", injected, 0, reason)
    vain = int(
        np.isnan(labrig.open_run(found.run).error).sum()
    )  # updates that used no reading, and changed nothing
    with labrig.open_resumed(found.run) as resumed:
        resumed.start(lambda: None).finish()
    same = np.array_equal(codes_of(found.run)[-1], sound[-1 - vain])
    words = f"{reason.partition(';')[0]}; resumed on a mended board: {'the same' if same else 'other'} codes"
    return Row(case, "stopped" if same else "lost", injected, injected, words)


def masked(lab: Lab, case: Case) -> Row:
    """Let a check name a branch, then train without it."""
    with opened(lab, case) as board:
        named = [
            text for text in report(check_board(board.bench, quiet)).faults if re.search(case.says, text)
        ]
    found = train(lab, case, [case.masked])
    output = case.masked.partition("-")[2]
    more = error_beside(found.run, output) / error_beside(lab.sound(case.on).run, output)
    fine = bool(named) and found.ending.outcome == "stopped" and more < AS_FAR
    named_as = ", ".join(named) or "no check names it"
    words = f"{named_as}; masked, the other outputs' error is {more:.2f} of a sound board's"
    return Row(case, "recovered" if fine else "lost", len(case.faults), len(named), words)


def error_beside(run: Path, output: str) -> Volts:
    """‖x − y‖ of all other outputs, in the last free state."""
    stored = labrig.open_run(run)
    off = (stored.final_outputs - stored.targets).drop_sel(output=output).values
    return float(np.linalg.norm(off))


def quiet(what: str, done: int, total: int) -> None:
    """Tell nobody of the progress of a check."""


def row(lab: Lab, case: Case) -> Row:
    """Run a case."""
    return masked(lab, case) if case.masked else endured(lab, case)


def read_options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/soak faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=60, help="of each training")
    parser.add_argument("--only", default="", metavar="TEXT", help="faults whose names contain it")
    options = parser.parse_args(words)
    if options.steps < LEAST_STEPS:
        parser.error(f"--steps: found {options.steps}; it must be at least {LEAST_STEPS}, for all to happen")
    if not selected(options.only):
        names = ", ".join(case.name for case in CASES)
        parser.error(f"--only: found {options.only!r}, which is in none of: {names}")
    return options


def selected(part: str) -> list[Case]:
    """Cases whose names contain this."""
    return [case for case in CASES if part in case.name]


HEADINGS = ("fault", "on", "injected", "detected", "recovered", "stopped", "lost", "outcome")


def main(words: Sequence[str] | None = None) -> int:
    options = read_options(words)
    cases = selected(options.only)
    table = Table(title=f"Faults in trainings of {options.steps} steps")
    for heading in HEADINGS:
        in_words = heading in {"fault", "on", "outcome"}
        table.add_column(heading, justify="left" if in_words else "right", no_wrap=heading != "outcome")
    failed: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        tempfile.TemporaryDirectory(prefix="labrig-faults-") as folder,
        Progress(*columns, console=Console(stderr=True)) as progress,
    ):
        os.environ["LABRIG_STATE"] = folder
        lab = Lab(Path(folder), options.steps)
        task = progress.add_task("faults", total=len(cases))
        for case in cases:
            progress.update(task, description=case.name)
            found = row(lab, case)
            failed += found.complaints()
            table.add_row(*found.cells())
            progress.advance(task)
    # Piped, rich would fold the table to 80 columns.
    Console(width=max(160, Console().width)).print(table)
    for text in failed:
        print(text, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
