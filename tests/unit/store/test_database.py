import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from labrig.errors import RunError
from labrig.store.columns import Column
from labrig.store.database import DATABASE_NAME, create_tables, open_writer, transaction
from labrig.store.lock import is_held
from labrig.store.reader import RunReader
from labrig.store.writer import Run


def test_a_missing_folder_is_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="nowhere is not a run: no such folder"):
        RunReader(tmp_path / "nowhere")


def test_a_folder_without_a_database_is_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"is not a run: it holds no run\.db"):
        RunReader(tmp_path)


def test_a_file_that_is_no_database_is_not_a_run(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(b"something else entirely" * 100)

    with pytest.raises(RunError, match="is no SQLite database"):
        RunReader(tmp_path)


def test_a_database_of_another_program_is_not_a_run(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    connection.execute("CREATE TABLE steps (step INTEGER PRIMARY KEY)")
    connection.close()

    with pytest.raises(RunError, match="was not written by labrig"):
        RunReader(tmp_path)


def test_nobody_sees_a_run_before_it_is_described(tmp_path: Path, columns: list[Column]) -> None:
    connection, _ = open_writer(tmp_path, "normal")
    with transaction(connection):
        create_tables(connection, columns)
        with pytest.raises(RunError, match="was not written by labrig"):
            RunReader(tmp_path)
    connection.close()


@pytest.mark.parametrize("opener", [RunReader, Run.resume])
def test_a_run_of_a_newer_labrig_is_refused_and_left_alone(start: Any, opener: Any) -> None:
    run = start(1)
    run._connection.execute("PRAGMA user_version = 99")
    run.finish("stopped")

    with pytest.raises(RunError, match=r"written by a newer labrig \(schema 99, .*update labrig"):
        opener(run.directory)

    assert not is_held(run.directory)


def test_a_torn_database_is_one_sentence(start: Any) -> None:
    run = start(200)
    run.finish("stopped")
    path = run.directory / DATABASE_NAME
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 3])

    with (
        pytest.raises(RunError, match=r"cannot be read: .*check the folder"),
        RunReader(run.directory) as reader,
    ):
        list(reader.rows())


def test_a_second_writer_in_the_same_process_is_refused(start: Any) -> None:
    run = start(1)

    with pytest.raises(RunError, match="is writing this run"):
        Run.resume(run.directory)

    run.finish("stopped")
    Run.resume(run.directory).close()


def test_a_reader_cannot_change_a_run(start: Any) -> None:
    run = start(1)
    run.finish("stopped")

    with RunReader(run.directory) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        vars(reader)["_connection"].execute("DELETE FROM steps")


def test_an_open_reader_neither_stops_the_writer_nor_misses_new_rows(start: Any, values: Any) -> None:
    run = start(3)
    with RunReader(run.directory) as reader:
        iterator = reader.rows()
        next(iterator)
        for step in range(3, 40):
            run.append(step, values(step), {})
        assert reader.info().last_step == 39
        run.finish("stopped")
        assert reader.info().status == "stopped"
    with RunReader(run.directory) as reader:
        assert reader.steps().size == 40


def test_a_copied_run_reads_like_the_original(start: Any, tmp_path: Path, check: Any) -> None:
    run = start(10)
    run.finish("stopped")
    shutil.copytree(run.directory, tmp_path / "copy")

    with RunReader(tmp_path / "copy") as reader:
        for row in reader.rows():
            check(row.step, row.values)
        assert reader.info().status == "stopped"


class Interrupted(sqlite3.Connection):
    """Ctrl-C comes right after a statement of this beginning was carried out."""

    after = ""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        cursor = super().execute(sql, *parameters)
        if self.after and sql.startswith(self.after):
            raise KeyboardInterrupt
        return cursor


@pytest.mark.parametrize(("after", "kept"), [("BEGIN", 0), ("INSERT", 0), ("COMMIT", 1)])
def test_an_interrupt_anywhere_leaves_no_transaction_open(after: str, kept: int) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None, factory=Interrupted)
    connection.execute("CREATE TABLE steps (step)")
    connection.after = after
    with pytest.raises(KeyboardInterrupt), transaction(connection):
        connection.execute("INSERT INTO steps VALUES (1)")
    connection.after = ""
    assert not connection.in_transaction
    assert connection.execute("SELECT COUNT(*) FROM steps").fetchone() == (kept,)
    connection.close()
