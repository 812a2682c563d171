"""What storing a run costs: bytes and time a step, for the run that the default must keep under 1 GB.

40 × 30 branches, one sample, free and clamped states, with the columns and the checkpoint of a training. Two
boards: one that takes any conductance (all 1200 change in every step) and one with codes (few change).
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from labrig.circuit.topology import Topology
from labrig.learning.loop import Progress
from labrig.procedures.training.checkpoint import Checkpoint, Tally
from labrig.procedures.training.recording import training_columns
from labrig.store.columns import Column, Value
from labrig.store.database import DATABASE_NAME, Synchronous
from labrig.store.prediction import predicted_bytes
from labrig.store.writer import Run

_TOPOLOGY = Topology.crossbar(40, 30)
_BRANCHES, _OUTPUTS = len(_TOPOLOGY.branches), len(_TOPOLOGY.outputs)
_GOAL_STEPS = 100_000


def rows(columns: list[Column], steps: int) -> Iterator[tuple[dict[str, Value], Checkpoint]]:
    """Values of each step and the checkpoint that follows."""
    rng = np.random.default_rng(0)
    latent = rng.uniform(10e-6, 350e-6, _BRANCHES)
    floats = [c for c in columns if c.numpy.kind == "f" and c.encoding == "full"]
    counts = [c for c in columns if c.numpy.kind != "f" and c.encoding == "full"]
    (conducting,) = (c for c in columns if c.encoding == "delta")
    for step in range(steps):
        latent = latent * rng.uniform(0.999, 1.001, _BRANCHES)
        codes = np.rint((1.0 / latent - 75.0) / 1e5 * 256)
        values: dict[str, Value] = {
            **{c.name: rng.random(c.shape) if c.shape else rng.random() for c in floats},
            **{c.name: np.ones(c.shape) if c.shape else step for c in counts},
            conducting.name: codes if conducting.name == "codes" else latent,
        }
        checkpoint = Checkpoint(
            latent=latent,
            progress=Progress(),
            order={},
            exchange_index=step,
            last_errors=rng.random(1),
            last_outputs=rng.random((1, _OUTPUTS)),
            digest=2**32 - 1,
            next_digest=2**32 - 1,
            boot_count=1,
            tally=Tally(step / 7, step, 2 * step, step, step),
        )
        yield values, checkpoint


def measure(root: Path, steps: int, synchronous: Synchronous, *, coded: bool) -> list[str]:
    """Store one run; return its line of the table."""
    described = training_columns(_TOPOLOGY, 1, coded=coded)
    run = Run.create(root, "store", described, planned_steps=_GOAL_STEPS, synchronous=synchronous)
    log = run.directory / f"{DATABASE_NAME}-wal"
    logged: list[int] = []
    spent = np.zeros(steps)
    for step, (values, checkpoint) in enumerate(rows(described, steps)):
        before = log.stat().st_size
        start = time.perf_counter()
        run.append(step, values, checkpoint.values())
        spent[step] = time.perf_counter() - start
        logged.append(log.stat().st_size - before)
    run.finish("stopped")
    size = (run.directory / DATABASE_NAME).stat().st_size
    commit = float(np.median([grown for grown in logged if grown > 0]))
    return [
        "codes" if coded else "conductances",
        synchronous,
        f"{np.median(spent) * 1e6:.0f} / {np.percentile(spent, 99) * 1e6:.0f}",
        f"{commit / 1e3:.1f} kB",
        f"{size / steps / 1e3:.2f} kB",
        f"{size / steps * _GOAL_STEPS / 1e6:.0f} MB",
        f"{predicted_bytes(described, _GOAL_STEPS, run.sampling_interval) / 1e6:.0f} MB",
        str(run.sampling_interval),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=5000, help="steps to store; 100000 is the whole proof")
    parser.add_argument("--folder", type=Path, help="where to store; default: a temporary folder")
    chosen = parser.parse_args()
    table = Table(title=f"{_BRANCHES} branches, {chosen.steps} steps stored")
    heads = (
        "board",
        "synchronous",
        "µs a step, p50 / p99",
        "commit",
        "a step",
        "10⁵ steps",
        "predicted",
        "states every",
    )
    for head in heads:
        table.add_column(head, justify="right")
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        for coded in (False, True):
            table.add_row(*measure(Path(folder), chosen.steps, "normal", coded=coded))
            table.add_row(*measure(Path(folder), min(chosen.steps, 1000), "full", coded=coded))
    Console(width=None if Console().is_terminal else 140).print(table)


if __name__ == "__main__":
    main()
