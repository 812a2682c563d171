"""Steps a second of an emulated ATmega2560 that learns by itself, or is sent codes; in emulated time.

The task is that of configs/experiments/crossbar-40x30-on-board.yaml: one sample on 40x30 branches, codes of
8 bits. A host's step: the codes that change, their digest, a free and a clamped scan of the outputs, and the
next inputs, sent ahead. A board's: one of 25 in a LEARN; early in the training, when most codes change, over
all of it, and after a thousand.
"""

import argparse
import csv
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from labrig.boards.base import BoardInfo, CodeRange, Converter
from labrig.boards.learning import latent_scale, plan_latent_writes, plan_learn
from labrig.boards.pipeline import paired_payload
from labrig.circuit.boundary import Boundary
from labrig.circuit.network import Nudging
from labrig.devices.laws import RheostatLaw
from labrig.devices.parts import digipot
from labrig.wire.definition import Message
from scripts.benchmarks.wire import (
    BAUDRATES,
    BRANCHES,
    INPUTS,
    OUTPUTS,
    STEPS,
    WIPERS,
    Bench,
    Script,
    send_writes,
    steps,
)

TASK = Path(__file__).parents[2] / "configs/tasks/crossbar-40x30-5v.csv"
START, FLOOR, CEILING = 127, 10, 255
"""Codes: what the training starts from, and may come to."""
RATE = 3e-6
"""S/V²."""
LEARNS, A_LEARN = 41, 25
"""Exchanges, and steps in each."""
CONVERTER = Converter(16, 5.0)
BOARD = BoardInfo(
    kind="benchmark",
    serial_number="",
    firmware="",
    fingerprint=None,
    inputs=INPUTS,
    outputs=OUTPUTS,
    hidden=0,
    branches=BRANCHES,
    codes=CodeRange(0, CEILING, 8),
    part=WIPERS[0].name,
    adc=CONVERTER,
    dac=CONVERTER,
    drive=100.0,
    nudging=Nudging(),
    heartbeat=1.0,
    learns=True,
)


@dataclass(frozen=True)
class Row:
    """A way to learn."""

    name: str
    steps_a_second: Sequence[float]
    bytes_a_step: float


def states() -> list[Boundary]:
    """Free and clamped."""
    volts = [float(value) for value in list(csv.reader(TASK.open()))[2]]
    driven = dict(enumerate(volts[:INPUTS]))
    return [Boundary(driven), Boundary(driven | dict(enumerate(volts[INPUTS:], INPUTS)))]


def learning(bench: Bench) -> Script:
    """A training, a mark behind each LEARN."""
    law = RheostatLaw.nominal(digipot(bench.wipers.name), BRANCHES)
    law = replace(law, lowest=np.full(BRANCHES, FLOOR), highest=np.full(BRANCHES, CEILING))
    scale = latent_scale(law, RATE, 1, 1, BOARD)
    start = np.full(BRANCHES, START)
    script = bench.begin()
    send_writes(script, None, start, bench.wipers.bits)
    for load in plan_latent_writes(scale.latents(law.conductances(start)), paired_payload(script.window)):
        script.send(load.message, load.payload)
    script.wait()
    script.lines.remove("mark")
    script.mark()
    request = plan_learn(scale.terms, A_LEARN, states(), 1, 0, BOARD).payload
    for _ in range(LEARNS):
        script.send(Message.LEARN, request)
        script.wait()
        script.mark()
    return script


def rows(bench: Bench, baudrates: Sequence[int]) -> Iterator[Row]:
    """From the slowest."""
    for name, share in (("host, all codes", 1.0), ("host, a tenth of the codes", 0.1)):
        timings = [bench.time(steps(bench, ahead=True, share=share), baudrate) for baudrate in baudrates]
        yield Row(name, [STEPS / timing.seconds for timing in timings], timings[0].bytes_down / STEPS)
    laps = [bench.laps(learning(bench), baudrate) for baudrate in baudrates]
    for first, last in ((0, 1), (0, LEARNS), (LEARNS - 1, LEARNS)):
        steps_then = A_LEARN * (last - first)
        yield Row(
            f"board, updates {A_LEARN * first + 1} ... {A_LEARN * last}",
            [steps_then / sum(lap.seconds for lap in each[first:last]) for each in laps],
            sum(lap.bytes_down for lap in laps[0][first:last]) / steps_then,
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--baud", type=int, nargs="+", default=BAUDRATES, help="rates of the line")
    chosen = parser.parse_args()
    table = Table(title=f"steps a second, {INPUTS}x{OUTPUTS}, codes of {WIPERS[0].bits} bits")
    for head in ("who learns", "bytes down a step", *(f"{baud} baud" for baud in chosen.baud)):
        table.add_column(head, justify="left" if head == "who learns" else "right")
    with tempfile.TemporaryDirectory() as folder:
        first: Sequence[float] = ()
        for row in rows(Bench(Path(folder), WIPERS[0]), chosen.baud):
            first = first or row.steps_a_second
            pairs = zip(row.steps_a_second, first, strict=True)
            cells = [f"{now:6.1f}/s  {now / then:5.1f}x" for now, then in pairs]
            table.add_row(row.name, f"{row.bytes_a_step:.1f}", *cells)
    Console(width=None if Console().is_terminal else 140).print(table)


if __name__ == "__main__":
    main()
