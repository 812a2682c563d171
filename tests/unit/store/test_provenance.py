import json
import platform
import subprocess
from pathlib import Path

import numpy as np
import pytest

import labrig.store.provenance
from labrig.store.provenance import collect, git_state, versions


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git checkout with one committed experiment."""
    (tmp_path / "experiment.yaml").write_text("seed: 1\n")
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    return tmp_path / "experiment.yaml"


def test_it_tells_versions_host_user_and_command_and_is_json() -> None:
    found = json.loads(json.dumps(collect()))

    assert found["versions"]["python"] == platform.python_version()
    assert found["versions"]["numpy"] == np.__version__
    assert found["host"]
    assert found["user"]
    assert found["argv"]
    assert found["started"].endswith("+00:00")
    assert found["git"]["experiment"] is None


def test_the_checkouts_of_labrig_and_of_the_experiment_are_told_apart(checkout: Path) -> None:
    git = collect(checkout)["git"]

    assert git["experiment"] == git_state(checkout)
    assert git["labrig"] == git_state(Path(labrig.store.provenance.__file__))


def test_versions_leave_out_what_is_not_installed() -> None:
    assert "sqlite" in versions()
    assert all(versions().values())


def test_a_clean_checkout_is_told_with_its_commit(checkout: Path) -> None:
    head = subprocess.run(
        ["git", "-C", str(checkout.parent), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()

    state = git_state(checkout)

    assert state is not None
    assert state["commit"] == head
    assert (state["dirty"], state["tracked"]) == (False, True)


def test_a_changed_experiment_makes_the_checkout_dirty(checkout: Path) -> None:
    checkout.write_text("seed: 2\n")

    state = git_state(checkout)

    assert state is not None
    assert state["dirty"] is True


def test_an_experiment_that_git_does_not_know_is_said_to_be_untracked(checkout: Path) -> None:
    other = checkout.with_name("other.yaml")
    other.write_text("")

    state = git_state(other)

    assert state is not None
    assert (state["dirty"], state["tracked"]) == (False, False)


def test_outside_of_a_checkout_there_is_no_git(tmp_path: Path) -> None:
    assert git_state(tmp_path / "experiment.yaml") is None


def test_without_git_nothing_breaks(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert git_state(checkout) is None
