from pathlib import Path
from typing import Any

import pytest

from labrig.errors import RunError
from labrig.store.catalogue import find_run, list_runs, runs_folder


def test_the_option_beats_the_environment_which_beats_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABRIG_RUNS", raising=False)
    assert runs_folder() == Path("runs")
    monkeypatch.setenv("LABRIG_RUNS", "/data/runs")
    assert runs_folder() == Path("/data/runs")
    assert runs_folder(Path("here")) == Path("here")


def test_runs_are_listed_oldest_first_with_how_they_stand(start: Any) -> None:
    done, killed, going = start(3), start(1), start(2)
    done.finish("converged")
    killed.close()

    found, unreadable = list_runs(done.directory.parent)

    assert [info.path for info in found] == [done.directory, killed.directory, going.directory]
    assert [info.status for info in found] == ["converged", "interrupted", "running"]
    assert [info.reason for info in found] == ["", "killed", ""]
    assert [info.last_step for info in found] == [2, 0, 1]
    assert unreadable == []
    going.finish("stopped")


def test_what_cannot_be_read_is_told_and_does_not_hide_the_rest(start: Any) -> None:
    run = start(1)
    run.finish("stopped")
    root = run.directory.parent
    (root / "broken").mkdir()
    (root / "broken" / "run.db").write_text("not a database, but long enough to look at" * 100)
    (root / "notes").mkdir()

    found, unreadable = list_runs(root)

    assert [info.path for info in found] == [run.directory]
    assert ["broken" in str(error) for error in unreadable] == [True]


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"nowhere: .*--runs or LABRIG_RUNS"):
        list_runs(tmp_path / "nowhere")


def test_a_run_is_found_by_path_by_its_database_and_by_name(start: Any, tmp_path: Path) -> None:
    run = start(1)
    run.finish("stopped")
    root = run.directory.parent

    assert find_run(str(run.directory), tmp_path) == run.directory
    assert find_run(str(run.directory / "run.db"), tmp_path) == run.directory
    assert find_run(run.directory.name, root) == run.directory


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(start: Any) -> None:
    run = start(1)
    run.finish("stopped")

    with pytest.raises(RunError, match=f"did you mean {run.directory.name}"):
        find_run(run.directory.name.replace("example", "exmaple"), run.directory.parent)
    with pytest.raises(RunError, match=f"did you mean {run.directory.name}"):
        find_run("example", run.directory.parent)


def test_a_name_that_is_no_run_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(
        RunError, match=r"nothing is not a run, neither as a path nor in .*; labrig runs list"
    ):
        find_run("nothing", tmp_path)
