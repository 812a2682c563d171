"""Every conductance that a training writes lies between ε and the ceiling, and the walls are counted."""

from pathlib import Path

import numpy as np

from labrig.arrays import BranchArray, CodeArray
from labrig.bench.assembly import open_bench
from labrig.config.loading import load_experiment
from labrig.procedures.train import train
from labrig.store.reader import RunReader
from tests.support.files import Files

FLOOR, CEILING = 16e-6, 30e-6
STEPS = 120


def nominal(codes: CodeArray) -> BranchArray:
    """MCP4351-104: 75 ohm, and 100 kohm over 256 steps."""
    return 1 / (75 + 100e3 * codes / 256)


def test_every_written_conductance_lies_within_the_bounds_and_the_walls_are_counted_each_step(
    files: Files, tmp_path: Path
) -> None:
    path = files.simulated(stop=f"{{steps: {STEPS}}}")
    text = path.read_text(encoding="utf-8")
    text = text.replace("floor: 10 uS", f"floor: {FLOOR!r} S, ceiling: {CEILING!r} S")
    text = text.replace("low: 15 uS, high: 40 uS", "low: 18 uS, high: 28 uS")
    path.write_text(text.replace("rate: 1e-6", "rate: 2e-5"), encoding="utf-8")
    experiment = load_experiment(path)
    with open_bench(experiment.rig) as bench:
        training = train(bench, experiment, runs=tmp_path / "runs")
        training.finish()
    with RunReader(training.run) as reader:
        rows = [row.values for row in reader.rows(["codes", "floor_hits", "ceiling_hits"])]
    codes = np.array([row["codes"] for row in rows], dtype=np.int64)
    assert len(codes) == STEPS + 1
    assert ((nominal(codes) >= FLOOR) & (nominal(codes) <= CEILING)).all()

    every = np.arange(257)
    legal = every[(nominal(every) >= FLOOR) & (nominal(every) <= CEILING)]
    for wall, outermost in (("floor_hits", legal.max()), ("ceiling_hits", legal.min())):
        hits = np.array([row[wall] for row in rows], dtype=np.int64)
        assert hits.max() > 0, "a training that meets no wall shows nothing"
        held_there = (codes[1:] == outermost).sum(axis=1)
        assert (hits[:-1] <= held_there).all(), "what is held back at a wall is written as its outermost code"
