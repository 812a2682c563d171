"""What a training of 1200 branches takes on disk: less than a gigabyte, and little more than it must."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import labrig
from labrig.circuit.topology import Topology
from labrig.config.experiment import StopConfig
from labrig.procedures.train import Training
from labrig.procedures.training.recording import training_columns
from labrig.store.database import DATABASE_NAME, PAGE_SIZE
from labrig.store.prediction import BUDGET_BYTES, predicted_bytes, sampling_interval

EXPERIMENT = Path(__file__).parents[2] / "configs" / "experiments" / "crossbar-40x30.yaml"
TOPOLOGY = Topology.crossbar(40, 30)
GOAL = 100_000
FRAME = PAGE_SIZE + 24
"""Bytes that a page takes in SQLite's write-ahead log (sqlite.org/fileformat2.html, section 4)."""


@dataclass(frozen=True)
class Stored:
    size: int
    """Bytes of the run's database."""
    commits: list[int]
    """Bytes that each step added to the write-ahead log."""


def train(runs: Path, steps: int) -> Stored:
    """The ideal board, on which every conductance changes in every step."""
    loaded = labrig.load_experiment(EXPERIMENT)
    experiment = replace(loaded, config=loaded.config.model_copy(update={"stop": StopConfig(steps=steps)}))
    with labrig.open_bench(experiment.rig) as bench:
        training = labrig.train(bench, experiment, runs=runs)
        log = training.run / f"{DATABASE_NAME}-wal"
        sizes = [log.stat().st_size, *grown(training, log)]
        return Stored((training.run / DATABASE_NAME).stat().st_size, np.diff(sizes).tolist())


def grown(training: Training, log: Path) -> Iterator[int]:
    for step in training:
        if step.step < training.plan.config.stop.steps:
            yield log.stat().st_size


@pytest.mark.parametrize("coded", [False, True])
def test_a_hundred_thousand_steps_keep_every_state_and_are_predicted_to_stay_below_a_gigabyte(
    coded: bool,
) -> None:
    columns = training_columns(TOPOLOGY, 1, coded=coded)
    assert sampling_interval(columns, "auto", GOAL + 1) == 1
    assert predicted_bytes(columns, GOAL + 1, 1) < BUDGET_BYTES


def test_a_real_training_takes_what_is_predicted_and_commits_little_more_than_what_changed(
    tmp_path: Path,
) -> None:
    few, many = train(tmp_path, 5), train(tmp_path, 35)  # so early, all conductances change in every step
    columns = training_columns(TOPOLOGY, 1, coded=False)
    measured = (many.size - few.size) / 30
    predicted = (predicted_bytes(columns, 35, 1) - predicted_bytes(columns, 5, 1)) / 30
    assert measured <= predicted < 1.15 * measured
    assert measured * GOAL < BUDGET_BYTES

    # Row and latent: full pages, and each a leaf page and a last page that are partly filled. The rest of the
    # checkpoint, some hundred bytes and the outputs, fits into one page more.
    row, latent = sum(column.nbytes for column in columns), 8 * len(TOPOLOGY.branches)
    pages = row // PAGE_SIZE + 2 + latent // PAGE_SIZE + 2 + 1
    assert np.median(many.commits) <= pages * FRAME
