import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labrig.errors import RunError
from labrig.store.columns import Column, Constant
from labrig.store.database import DATABASE_NAME
from labrig.store.reader import RunReader
from labrig.store.writer import Run


def test_every_row_reads_back_as_it_was_given(start: Any, check: Any) -> None:
    run = start(2100)
    run.finish("stopped")

    with RunReader(run.directory) as reader:
        rows = list(reader.rows())

    assert [row.step for row in rows] == list(range(2100))
    for row in rows:
        check(row.step, row.values)


def test_a_row_in_the_middle_is_decoded_without_the_first(start: Any, check: Any) -> None:
    run = start(1500)
    run.finish("stopped")

    with RunReader(run.directory) as reader:
        for step in (0, 999, 1000, 1001, 1499):
            row = reader.row(step)
            assert row is not None
            check(step, row.values)


def test_a_full_frame_comes_at_least_every_thousand_rows(start: Any) -> None:
    run = start(2500)
    run.finish("stopped")

    with sqlite3.connect(run.directory / DATABASE_NAME) as connection:
        query = "SELECT step FROM steps WHERE substr(codes, 1, 1) = x'00' ORDER BY step"
        full = [step for (step,) in connection.execute(query)]
    connection.close()

    assert full[0] == 0
    assert max(np.diff([*full, 2500])) <= 1000
    assert len(full) < 25


def test_the_checkpoint_is_the_one_of_the_newest_row(start: Any) -> None:
    run = start()
    given = {
        "latent": np.array([1.5, np.nan]),
        "rng": b"\x00\x01",
        "order": '{"a": 1}',
        "count": 7,
        "rate": 0.1,
        "done": True,
        "nothing": None,
    }

    run.append(0, {"error": 1.0}, {"latent": np.zeros(2), "rng": b"long before", "order": "", "rate": 2.0})
    run.append(1, {"error": 1.0}, given)
    run.finish("stopped")
    with RunReader(run.directory) as reader:
        found = reader.checkpoint()

    np.testing.assert_array_equal(found.pop("latent"), given.pop("latent"))
    assert found == {"step": 1, **given}
    assert found["done"] is True


def test_a_row_that_cannot_be_encoded_leaves_nothing_behind(start: Any, values: Any, check: Any) -> None:
    run = start(3)

    with pytest.raises(ValueError, match="no such column: errors"):
        run.append(3, {"errors": 1.0}, {"latent": np.zeros(3)})
    with pytest.raises(ValueError, match="codes: shape"):
        run.append(3, {"codes": np.zeros(5)}, {"latent": np.zeros(3)})
    run.append(3, values(3), {"latent": np.ones(3)})
    run.finish("stopped")

    with RunReader(run.directory) as reader:
        for row in reader.rows():
            check(row.step, row.values)
        assert reader.checkpoint()["step"] == 3


def test_a_full_disk_is_one_sentence_and_costs_only_the_step_in_progress(
    start: Any, values: Any, check: Any
) -> None:
    run = start(50)
    (pages,) = run._connection.execute("PRAGMA page_count").fetchone()
    run._connection.execute(f"PRAGMA max_page_count = {pages}")

    def fill_the_disk() -> None:
        for step in range(50, 200):
            run.append(step, values(step), {"latent": np.full(3, step)})

    with pytest.raises(RunError, match=r"cannot store step \d+: the disk is full; free some space") as caught:
        fill_the_disk()
    assert "\n" not in str(caught.value)
    failed = run.last_step + 1
    with RunReader(run.directory) as reader:
        assert reader.info().last_step == failed - 1
        assert reader.checkpoint()["step"] == failed - 1

    run._connection.execute("PRAGMA max_page_count = 1000000")
    for step in range(failed, 200):
        run.append(step, values(step), {"latent": np.full(3, step)})
    run.finish("stopped")
    with RunReader(run.directory) as reader:
        rows = list(reader.rows())
    assert len(rows) == 200
    for row in rows:
        check(row.step, row.values)


def test_repeating_a_step_replaces_it_and_drops_what_came_after(start: Any, values: Any, check: Any) -> None:
    run = start(20)

    run.append(12, values(12), {"latent": np.full(3, 12.0)})
    run.append(13, values(13), {"latent": np.full(3, 13.0)})
    run.finish("stopped")

    with RunReader(run.directory) as reader:
        rows = list(reader.rows())
    assert [row.step for row in rows] == list(range(14))
    for row in rows:
        check(row.step, row.values)


def test_a_resumed_run_goes_on_where_it_ended(start: Any, values: Any, check: Any) -> None:
    first = start(30)
    first.finish("interrupted", "Ctrl-C", {"final_error": Constant(0.5, unit="V")})

    second = Run.resume(first.directory, synchronous="normal", provenance={"seed": 2})
    with RunReader(first.directory) as reader:
        assert "final_error" not in reader.constants()
        assert reader.info().status == "running"
    assert second.last_step == 29
    for step in range(30, 45):
        second.append(step, values(step), {"latent": np.zeros(3)})
    second.finish("converged", "done")

    with RunReader(first.directory) as reader:
        info = reader.info()
        rows = list(reader.rows())
    assert [row.step for row in rows] == list(range(45))
    for row in rows:
        check(row.step, row.values)
    assert (info.status, info.reason) == ("converged", "done")
    assert [session.first_step for session in info.sessions] == [0, 30]
    assert info.sessions[0].outcome == "interrupted"
    assert info.sessions[1].provenance == {"seed": 2}


def test_sampled_columns_are_kept_every_so_many_rows_and_in_the_last(start: Any) -> None:
    run = start(25, keep=10)
    run.finish("stopped")

    with RunReader(run.directory) as reader:
        assert reader.steps(having="states").tolist() == [0, 10, 20, 24]
        row = reader.row(24)
    assert row is not None
    np.testing.assert_array_equal(row.values["states"], np.full((2, 4), 6.0))


def test_keeping_only_the_last_states_keeps_one_row_of_them(start: Any) -> None:
    run = start(25, keep="last")
    run.finish("failed", "a reason")

    with RunReader(run.directory) as reader:
        assert reader.steps(having="states").tolist() == [24]
        assert reader.steps().size == 25


def test_a_run_that_is_left_by_an_error_says_which(start: Any) -> None:
    run = start(2)

    msg = "the cable came off"
    with pytest.raises(RuntimeError), run:
        raise RuntimeError(msg)

    with RunReader(run.directory) as reader:
        assert reader.info().status == "failed"
        assert reader.info().reason == "RuntimeError: the cable came off"


def test_a_run_that_is_left_by_ctrl_c_was_interrupted(start: Any) -> None:
    run = start(2)

    with pytest.raises(KeyboardInterrupt), run:
        raise KeyboardInterrupt

    with RunReader(run.directory) as reader:
        assert reader.info().status == "interrupted"


def test_leaving_a_finished_run_changes_nothing(start: Any) -> None:
    with start(2) as run:
        run.finish("converged", "enough")

    with RunReader(run.directory) as reader:
        assert (reader.info().status, reader.info().reason) == ("converged", "enough")


def test_a_finished_run_is_one_database_file(start: Any) -> None:
    run = start(5, experiment="seed: 1\n")
    run.finish("stopped")

    assert {path.name for path in run.directory.iterdir()} == {"run.db", "run.lock", "experiment.yaml"}
    assert (run.directory / "experiment.yaml").read_text() == "seed: 1\n"


def test_runs_that_start_in_the_same_second_get_folders_of_their_own(
    tmp_path: Path, columns: list[Column]
) -> None:
    def create(_: int) -> Path:
        run = Run.create(tmp_path, "my experiment/2", columns, planned_steps=1, synchronous="normal")
        run.finish("stopped")
        return run.directory

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(create, range(16)))

    assert len(set(made)) == 16
    assert all(path.parent == tmp_path for path in made)
    assert all("my-experiment-2" in path.name for path in made)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, columns: list[Column]) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(RunError, match=r"file cannot hold a new run: .*; choose another folder"):
        Run.create(tmp_path / "file", "x", columns, planned_steps=1)


def test_a_constant_cannot_share_its_name_with_a_column(start: Any) -> None:
    with pytest.raises(ValueError, match="error: a column and a constant"):
        start(constants={"error": Constant(1.0)})


def test_a_bench_waits_for_the_disk_and_a_simulation_does_not(start: Any) -> None:
    levels: dict[str, int] = {}
    for synchronous in ("full", "normal"):
        run = start(synchronous=synchronous)
        (levels[synchronous],) = run._connection.execute("PRAGMA synchronous").fetchone()
        assert run._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        run.finish("stopped")

    assert levels == {"full": 2, "normal": 1}


def test_on_a_network_file_system_it_writes_a_rollback_journal_and_warns(
    start: Any, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labrig.store.database.network_filesystem", lambda _: "nfs4")  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]

    run = start(3)

    assert run._connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    (warning,) = run.warnings
    assert "nfs4" in warning
    assert "local disk" in warning
    run.finish("stopped")
    with RunReader(run.directory) as reader:
        for row in reader.rows():
            check(row.step, row.values)
