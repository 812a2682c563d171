from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from labrig.store.columns import Column, Value
from labrig.store.database import DATABASE_NAME
from labrig.store.prediction import BUDGET_BYTES, predicted_bytes, sampling_interval
from labrig.store.writer import Run

_BRANCHES, _NODES, _OUTPUTS = 1200, 70, 30


def _columns(samples: int = 1) -> list[Column]:
    states = (2, samples, _NODES)
    dims = ("phase", "sample", "node")
    return [
        *(Column(name) for name in ("wall", "error", "a", "b", "c", "d", "e", "f")),
        Column("outputs", dims=("sample", "output"), shape=(samples, _OUTPUTS)),
        Column("node_voltages", dims=dims, shape=states, keep="sampled"),
        Column("flags", dtype="uint8", dims=dims, shape=states, keep="sampled"),
        Column("conductances", dtype="float32", dims=("branch",), shape=(_BRANCHES,), encoding="delta"),
    ]


def _stored(
    root: Path, columns: list[Column], steps: int, keep: Literal["all", "last"] | int
) -> tuple[int, int]:
    """Bytes of a run in which everything changes all the time, and of its largest commit."""
    rng = np.random.default_rng(0)
    run = Run.create(root, "size", columns, planned_steps=steps, keep=keep, synchronous="normal")
    log = run.directory / f"{DATABASE_NAME}-wal"
    commits: list[int] = []
    for step in range(steps):
        row: dict[str, Value] = {
            c.name: rng.random(c.shape) * 100 if c.shape else rng.random() for c in columns
        }
        before = log.stat().st_size
        run.append(step, row, {"latent": rng.random(_BRANCHES)})
        commits.append(log.stat().st_size - before)
    run.finish("stopped")
    return (run.directory / DATABASE_NAME).stat().st_size, max(commits)


def test_twelve_hundred_branches_a_hundred_thousand_times_stay_under_a_gigabyte(tmp_path: Path) -> None:
    few, many = 400, 1600
    small, _ = _stored(tmp_path, _columns(), few, "all")
    large, _ = _stored(tmp_path, _columns(), many, "all")
    each = (large - small) / (many - few)

    assert sampling_interval(_columns(), "auto", 100_000) == 1
    assert each * 100_000 < BUDGET_BYTES
    assert each * 100_000 < predicted_bytes(_columns(), 100_000, 1) < 1.15 * each * 100_000


def test_a_commit_writes_little_more_than_what_changed(tmp_path: Path) -> None:
    columns = _columns()
    payload = sum(column.nbytes for column in columns) + 8 * _BRANCHES

    _, commit = _stored(tmp_path, columns, 200, "all")

    # whole pages of 2048 bytes and 24 of frame: row and checkpoint each end in a page that is partly filled,
    # and each begins in a leaf page; every 200 rows or so an inner page of the tree is added
    assert commit < payload + 5 * (2048 + 24) + payload * 24 / 2048


@pytest.mark.parametrize("keep", [3, "last"])
def test_the_prediction_holds_for_kept_rows(tmp_path: Path, keep: Literal["last"] | int) -> None:
    columns = [c for c in _columns(samples=4) if c.name != "conductances"]
    interval = sampling_interval(columns, keep, 600)

    measured, _ = _stored(tmp_path, columns, 600, keep)

    assert measured < predicted_bytes(columns, 600, interval) < 1.3 * measured + 100_000


def test_auto_keeps_as_many_states_as_fit_and_not_one_more() -> None:
    columns = _columns(samples=8)
    steps = 100_000

    interval = sampling_interval(columns, "auto", steps)

    assert interval > 1
    assert predicted_bytes(columns, steps, interval) <= BUDGET_BYTES
    assert predicted_bytes(columns, steps, interval - 1) > BUDGET_BYTES


def test_auto_keeps_only_the_last_states_where_the_rest_is_too_large_already() -> None:
    assert sampling_interval(_columns(samples=100), "auto", 100_000) == 0


@pytest.mark.parametrize(("keep", "interval"), [("all", 1), ("last", 0), (7, 7)])
def test_what_is_asked_for_is_done(keep: Literal["all", "last"] | int, interval: int) -> None:
    assert sampling_interval(_columns(samples=100), keep, 10**6) == interval


def test_an_interval_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="must be 1 or more"):
        sampling_interval(_columns(), 0, 10)
