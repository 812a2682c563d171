"""What storing a run costs: bytes and time a step, for the run that the default must keep under 1 GB.

40 × 30 branches, one sample, free and clamped states. Two boards: one that takes any conductance (all 1200
change in every step) and one with codes (few change).
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from labrig.arrays import BranchArray
from labrig.store.columns import Column, Value
from labrig.store.database import DATABASE_NAME, Synchronous
from labrig.store.prediction import predicted_bytes
from labrig.store.writer import Run

_ROWS, _COLUMNS = 40, 30
_BRANCHES = _ROWS * _COLUMNS
_NODES = _ROWS + _COLUMNS
_GOAL_STEPS = 100_000


def columns(*, coded: bool) -> list[Column]:
    """Columns of a training of one sample."""
    states = (2, 1, _NODES)
    dims = ("phase", "drawn", "node")
    return [
        *(Column(name) for name in ("wall", "error")),
        *(
            Column(name, dtype="int64")
            for name in ("measurements", "exchanges", "frames", "writes", "floor_hits")
        ),
        Column("outputs", "V", dims=("drawn", "output"), shape=(1, _COLUMNS)),
        Column("node_voltages", "V", dims=dims, shape=states, keep="sampled"),
        Column("voltage_origin", dtype="uint8", dims=dims, shape=states, keep="sampled"),
        Column("flags", dtype="uint8", dims=dims, shape=states, keep="sampled"),
        Column("codes", dtype="int32", dims=("branch",), shape=(_BRANCHES,), encoding="delta")
        if coded
        else Column(
            "conductances", "S", dtype="float32", dims=("branch",), shape=(_BRANCHES,), encoding="delta"
        ),
    ]


def rows(steps: int, *, coded: bool) -> Iterator[tuple[dict[str, Value], BranchArray]]:
    """Values of each step and the latent that follows."""
    rng = np.random.default_rng(0)
    latent = rng.uniform(10e-6, 350e-6, _BRANCHES)
    for step in range(steps):
        latent = latent * rng.uniform(0.999, 1.001, _BRANCHES)
        values: dict[str, Value] = {
            **dict.fromkeys(("measurements", "exchanges", "frames", "writes", "floor_hits"), step),
            "wall": 0.01 * step,
            "error": 1.0 / (step + 1),
            "outputs": rng.random((1, _COLUMNS)),
            "node_voltages": rng.random((2, 1, _NODES)),
            "voltage_origin": np.ones((2, 1, _NODES)),
            "flags": np.zeros((2, 1, _NODES)),
        }
        if coded:
            values["codes"] = np.rint((1.0 / latent - 75.0) / 1e5 * 256)
        else:
            values["conductances"] = latent
        yield values, latent


def measure(root: Path, steps: int, synchronous: Synchronous, *, coded: bool) -> list[str]:
    """Store one run; return its line of the table."""
    described = columns(coded=coded)
    run = Run.create(root, "store", described, planned_steps=_GOAL_STEPS, synchronous=synchronous)
    log = run.directory / f"{DATABASE_NAME}-wal"
    logged: list[int] = []
    spent = np.zeros(steps)
    for step, (values, latent) in enumerate(rows(steps, coded=coded)):
        checkpoint: dict[str, Value | bytes] = {"latent": latent, "order": "{}", "numbers": f"{step:080d}"}
        before = log.stat().st_size
        start = time.perf_counter()
        run.append(step, values, checkpoint)
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
