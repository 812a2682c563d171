"""What an update costs between host and board: turn-arounds, frames, bytes against the least, host time.

40 × 30 digital potentiometers, on the compiled firmware behind a pseudo-terminal and on the simulated board
in process; both must read the same. The least is what the protocol's definition needs for the changed codes,
the driven voltages and the readings alone: no frame, no bitmap of driven lines, no input twice in a row. Host
time is the processor time of a whole training step, with rule, limits, frames and encoded row, but without
the SQLite commit and without what the simulated board takes to settle; it is also given in units of an update
of an ideal crossbar of this size in plain NumPy, timed in between. Each case has its turn, round after round.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
from rich.console import Console
from rich.table import Table

from labrig.arrays import BranchArray, Seconds
from labrig.bench.assembly import assemble
from labrig.boards.base import Board, BoardInfo, BoardReply, BoardRequest, Counters, Program
from labrig.boards.wired import open_wired
from labrig.circuit.boundary import Boundary, TowardTarget
from labrig.circuit.build import build_topology
from labrig.circuit.topology import Topology
from labrig.config.boards import Launch, SimulatedBoard
from labrig.config.experiment import ExperimentConfig
from labrig.config.links import SerialLink
from labrig.config.network import input_names, output_names
from labrig.config.rig import RigConfig
from labrig.devices.laws import RheostatLaw
from labrig.devices.parts import digipot
from labrig.learning.bounds import Bounds
from labrig.learning.evidence import Evidence, States
from labrig.learning.loop import TrainingStep
from labrig.links.opening import open_link
from labrig.procedures.train import Training, first_checkpoint
from labrig.procedures.training.plan import plan_training
from labrig.procedures.training.recording import training_columns
from labrig.sim.build import build_board
from labrig.sim.launch import launched
from labrig.store.columns import Value
from labrig.store.writer import Run
from labrig.wire.packing import packed_size

ROWS, COLUMNS, BRANCHES = 40, 30, 1200
PART = digipot("MCP4351-104")
BITS, SPAN = 16, 5.0
"""Of both converters."""
FRACTION, CONDUCTANCE, CURRENT = 2, 4, 4
"""Bytes of what the sections `toward`, `through` and `inject` of protocol.toml say beside codes."""
CODE = 128
"""Of every branch, give or take one tap."""


@dataclass(frozen=True)
class Case:
    """One way to learn."""

    name: str
    rule: Mapping[str, Any]
    changed: float = 0.1
    """Share of the branches whose code each update changes."""
    samples: int = 1
    cannot: Sequence[str] = ()
    """Nudges that the board does not have."""


CONTRASTIVE = {"kind": "contrastive"}
COUPLED = {"kind": "coupled", "nudge": 0.5}
EQUILIBRIUM = {"kind": "equilibrium", "nudge": 1e-5}
CASES = (
    Case("contrastive, every code changes", CONTRASTIVE, changed=1.0),
    Case("contrastive, 10 % change", CONTRASTIVE),
    Case("coupled, nudged by the board", COUPLED),
    Case("coupled, clamped by the host", COUPLED, cannot=["toward"]),
    Case("equilibrium, by a conductance", EQUILIBRIUM),
    Case("equilibrium, by currents", EQUILIBRIUM, cannot=["through"]),
    Case("contrastive, 100 samples", CONTRASTIVE, samples=100),
)


class OneTap:
    """A step policy that takes some branches one tap up and, in the next update, down again."""

    def __init__(self, changed: float) -> None:
        law = RheostatLaw.nominal(PART, BRANCHES)
        codes = np.full(BRANCHES, CODE)
        start = law.conductances(codes)
        codes[np.random.default_rng(1).permutation(BRANCHES)[: round(changed * BRANCHES)]] -= 1
        self._ends = start, law.conductances(codes)

    def wants(self) -> States:
        return States.BOTH

    def propose(
        self, evidence: Evidence, contrast: BranchArray, latent: BranchArray, bounds: Bounds
    ) -> BranchArray:
        del contrast, latent, bounds
        return self._ends[(evidence.step + 1) % 2]


class Weighed:
    """A board of which every request is weighed; what the host has no part in is timed by itself."""

    def __init__(self, board: Board, *, in_process: bool) -> None:
        self._board = board
        self._in_process = in_process
        self._held: Program | None = None
        self.least_down = self.least_up = 0
        self.elsewhere: Seconds = 0.0
        """Processor time of weighing, and of a board in this process."""

    @property
    def info(self) -> BoardInfo:
        return self._board.info

    @property
    def counters(self) -> Counters:
        return self._board.counters

    def exchange(self, request: BoardRequest) -> BoardReply:
        start = time.thread_time()
        self._weigh(request)
        weighed = time.thread_time()
        reply = self._board.exchange(request)
        self.elsewhere += (time.thread_time() if self._in_process else weighed) - start
        return reply

    def digest(self) -> int:
        return self._board.digest()

    def renew(self, seconds: Seconds) -> None:
        self._board.renew(seconds)

    def make_safe(self) -> None:
        self._board.make_safe()

    def close(self) -> None:
        self._board.close()

    def _weigh(self, request: BoardRequest) -> None:
        if request.program is not None:
            codes, held = request.program.values, self._held
            changed = codes.size if held is None else int(np.count_nonzero(codes != held.values))
            some = packed_size(codes.size, 1) + packed_size(changed, PART.code_bits)
            self.least_down += min(some, packed_size(codes.size, PART.code_bits))
            self._held = request.program
        self.least_down += driven_bytes(request.boundaries)
        self.least_up += len(request.boundaries) * packed_size(ROWS + COLUMNS, BITS)


def driven_bytes(boundaries: Sequence[Boundary]) -> int:
    """What the driven voltages, nudges and currents of an exchange take; repeated inputs take nothing."""
    total = 0
    before: dict[int, float] = {}
    for boundary in boundaries:
        inputs = {line: volts for line, volts in boundary.voltages.items() if line < ROWS}
        clamps = len(boundary.voltages) - len(inputs)
        codes = (0 if inputs == before else len(inputs), clamps, len(boundary.nudges))
        total += sum(packed_size(count, BITS) for count in codes) + CURRENT * len(boundary.currents)
        if boundary.nudges:
            toward = any(isinstance(nudge, TowardTarget) for nudge in boundary.nudges.values())
            total += FRACTION if toward else CONDUCTANCE
        before = inputs
    return total


class Uncommitted(Run):
    """A run whose rows are encoded and then forgotten."""

    def append(self, step: int, values: Mapping[str, Value], checkpoint: Mapping[str, Value | bytes]) -> None:
        del checkpoint
        self._encoder.advance(self._encoder.encode(step, values))


@dataclass
class Contender:
    """A training that is under way, and what its updates cost."""

    case: Case
    name: str
    board: Weighed
    steps: Generator[TrainingStep]
    last: TrainingStep
    updates: int = 0
    host: list[Seconds] = field(default_factory=list[Seconds])
    wall: list[Seconds] = field(default_factory=list[Seconds])
    spent: dict[str, int] = field(default_factory=dict[str, int])
    """By name of the board's counters, and what its requests weigh at least."""

    def go_on(self, updates: int) -> None:
        """Time some updates; the one before them, which may have to arm the board again, is not counted."""
        next(self.steps)
        before, elsewhere = self._counted(), self.board.elsewhere
        wall, processor = time.perf_counter(), time.process_time()
        *_, self.last = islice(self.steps, updates)
        self.wall.append((time.perf_counter() - wall) / updates)
        host = time.process_time() - processor - (self.board.elsewhere - elsewhere)
        self.host.append(host / updates)
        for name, now in self._counted().items():
            self.spent[name] = self.spent.get(name, 0) + now - before[name]
        self.updates += updates

    def _counted(self) -> dict[str, int]:
        counters = self.board.counters
        counted = {counter.name: int(getattr(counters, counter.name)) for counter in fields(counters)}
        return counted | {"least_down": self.board.least_down, "least_up": self.board.least_up}


def rig_of(case: Case) -> RigConfig:
    """The rig in simulation; the firmware is started on the same model."""
    converter = {"bits": BITS, "span": SPAN}
    board = {
        "kind": "simulated",
        "elements": {"kind": "digipot", "part": PART.name},
        "adc": converter,
        "dac": converter,
        "nudge": dict.fromkeys(case.cannot, False),
    }
    network = {"kind": "crossbar", "inputs": ROWS, "outputs": COLUMNS}
    return RigConfig.model_validate({"network": network, "board": board})


def experiment_of(case: Case, rig: RigConfig) -> ExperimentConfig:
    """Inputs over 0.1 … 4.9 V in any order, targets in the middle."""
    rng = np.random.default_rng(case.samples)
    inputs, outputs = input_names(rig.network), output_names(rig.network)
    samples = [
        {
            "inputs": dict(zip(inputs, rng.permutation(np.linspace(0.1, 4.9, ROWS)).tolist(), strict=True)),
            "targets": dict(zip(outputs, rng.uniform(2.0, 3.0, COLUMNS).tolist(), strict=True)),
        }
        for _ in range(case.samples)
    ]
    learning = {
        "rule": case.rule,
        "step": {"kind": "fixed", "rate": 1e-9},
        "bounds": {"floor": 10e-6},
        "initial": {"kind": "constant", "conductance": 20e-6},
    }
    return ExperimentConfig.model_validate({"rig": rig, "task": {"samples": samples}, "learning": learning})


def start(case: Case, name: str, stack: ExitStack, folder: Path) -> Contender:
    """Open a board of its own and begin a training on it, with the first program written in full."""
    rig = rig_of(case)
    topology = build_topology(rig.network)
    board = Weighed(open_board(rig, topology, name, stack, folder), in_process=name == "simulated")
    stack.callback(board.close)
    bench = assemble(rig, board, topology)
    plan = replace(plan_training(bench, experiment_of(case, rig)), policy=OneTap(case.changed))
    columns = training_columns(topology, plan.drawn, coded=True)
    run = Uncommitted.create(folder, "exchange", columns, planned_steps=10**5, synchronous="normal")
    steps = cast("Generator[TrainingStep]", iter(Training(bench, plan, run, first_checkpoint(bench, plan))))
    stack.callback(steps.close)
    return Contender(case, name, board, steps, next(steps))


def open_board(rig: RigConfig, topology: Topology, name: str, stack: ExitStack, folder: Path) -> Board:
    """The simulated board, or the compiled firmware on its model."""
    model = cast("SimulatedBoard", rig.board)
    if name == "simulated":
        return build_board(model, topology)
    port = launched(Launch(target="host"), model, topology, "EXCHANGE", folder)
    return open_wired(open_link(SerialLink(port=stack.enter_context(port))))


def numpy_update(count: int) -> Seconds:
    """Processor time of an update of an ideal crossbar in a closed form."""
    p, y, g = np.linspace(1, 40, ROWS)[:, None], np.full(COLUMNS, 20.0), np.ones((ROWS, COLUMNS))
    start = time.process_time()
    for _ in range(count):
        x = (p * g).sum(axis=0) / g.sum(axis=0)
        g = np.maximum(0.1, g - 0.001 * (x - y) * (2 * p - x - y))
    return (time.process_time() - start) / count


def compare(contenders: Sequence[Contender]) -> None:
    """Give up where the boards of a case did not read the same."""
    for case in CASES:
        one, other = (c.last.evidence for c in contenders if c.case is case)
        for a, b in ((one.free, other.free), (one.clamped, other.clamped)):
            if not np.array_equal(a.node_voltages, b.node_voltages):
                sys.exit(f"{case.name}: firmware and simulated board read different voltages")


def report(contenders: Sequence[Contender], yardstick: Seconds) -> Table:
    table = Table(title=f"{ROWS} × {COLUMNS}: one update", caption="goal: host time ≤ 200 µs")
    for head in ("", "board"):
        table.add_column(head)
    heads = ("turn-arounds", "frames", "bytes down", "least", "ratio", "up", "least", "ratio")
    for head in (*heads, "host µs", "NumPy updates", "wall µs"):
        table.add_column(head, justify="right")
    for contender in contenders:
        host = statistics.median(contender.host)
        each = {name: count / contender.updates for name, count in contender.spent.items()}
        table.add_row(
            contender.case.name,
            contender.name,
            f"{each['turn_arounds']:g}",
            f"{each['frames']:.1f}" if each["frames"] else "–",
            *against(each["bytes_down"], each["least_down"]),
            *against(each["bytes_up"], each["least_up"]),
            f"{host * 1e6:.0f}",
            f"{host / yardstick:.0f}",
            f"{statistics.median(contender.wall) * 1e6:.0f}",
        )
    return table


def against(taken: float, least: float) -> tuple[str, str, str]:
    """Bytes, the least that it takes, and their ratio; nothing crosses a link to a board in process."""
    return (f"{taken:.0f}", f"{least:.0f}", f"{taken / least:.2f}") if taken else ("–", f"{least:.0f}", "–")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10, help="how often each case has its turn")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        contenders = [
            start(case, name, stack, Path(folder)) for case in CASES for name in ("firmware", "simulated")
        ]
        yardsticks: list[Seconds] = []
        for _ in range(chosen.rounds):
            for contender in contenders:
                yardsticks.append(numpy_update(100))
                contender.go_on(2 if contender.case.samples > 1 else 10)
        compare(contenders)
        table = report(contenders, statistics.median(yardsticks))
        Console(width=None if Console().is_terminal else 160).print(table)


if __name__ == "__main__":
    main()
