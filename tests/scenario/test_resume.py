"""A run that was killed goes on as if nothing had happened; a board that holds something else is refused."""

import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import labrig
from labrig.arrays import CodeArray
from labrig.boards.base import BoardRequest, Codes
from labrig.boards.wired import open_wired
from labrig.circuit.topology import Topology
from labrig.config.boards import BoardModel
from labrig.errors import RunError
from labrig.links.serial import open_serial
from labrig.store.reader import RunReader
from tests.support.boards import RunningBoard, StartBoard
from tests.support.files import IDEAL, Files
from tests.support.sessions import SessionServer, only_run, stored_steps, wait_for_steps

KILLS = 30
STEPS = 300
STOP = f"{{steps: {STEPS}}}"
SPARED = 0.4
"""Share of the steps at the end in which nothing is killed, so that no kill comes too late."""


TRAIN_AND_DIE = """
import os, signal, sys, labrig
experiment, runs, count = sys.argv[1:]
experiment = labrig.load_experiment(experiment)
with labrig.open_bench(experiment.rig) as bench:
    steps = iter(labrig.train(bench, experiment, runs=runs))
    for _ in range(int(count)):
        next(steps)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionServer]:
    server = SessionServer(tmp_path_factory.mktemp("sessions"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def uninterrupted(sessions: SessionServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of all steps, without read noise and in the order of the task."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    return trained(sessions, Files(folder).simulated(stop=STOP), folder / "runs")


def trained(sessions: SessionServer, experiment: Path, runs: Path) -> Path:
    sessions.labrig("train", experiment, "--runs", runs).finish()
    return only_run(runs)


def killed_after(count: int, sessions: SessionServer, experiment: Path, runs: Path) -> Path:
    """A run whose process was killed once it had stored so many steps."""
    assert sessions.python(TRAIN_AND_DIE, experiment, runs, count).exit_code() == -signal.SIGKILL
    assert stored_steps(runs) == count
    return only_run(runs)


def rows(run: Path) -> list[dict[str, Any]]:
    with RunReader(run) as reader:
        names = [name for name in reader.columns if name != "wall"]
        return [dict(row.values) for row in reader.rows(names)]


def assert_same_rows(run: Path, reference: Path) -> None:
    found, expected = rows(run), rows(reference)
    assert len(found) == len(expected)
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        for name, value in b.items():
            np.testing.assert_array_equal(np.asarray(a[name]), np.asarray(value), f"step {k}, {name}")


def outcome(run: Path) -> str:
    with RunReader(run) as reader:
        return reader.info().status


@pytest.mark.parametrize(("order", "noise"), [("batch", "0 V"), ("random", "0.2 mV")])
def test_a_run_killed_at_random_instants_equals_the_uninterrupted_one(
    sessions: SessionServer, files: Files, tmp_path: Path, order: str, noise: str
) -> None:
    experiment, runs = files.simulated(noise=noise, order=order, stop=STOP), tmp_path / "runs"
    reference = trained(sessions, experiment, tmp_path / "reference")
    with RunReader(reference) as reader:
        a_step = float(np.median(np.diff(reader.scalars("wall"))))

    instants = random.Random(7)
    session = sessions.labrig("train", experiment, "--runs", runs, "--no-preflight")
    started = time.monotonic()
    wait_for_steps(runs, 1)
    start_up = time.monotonic() - started
    for progress in sorted(instants.uniform(0, (1 - SPARED) * STEPS) for _ in range(KILLS)):
        stored = stored_steps(runs)
        wait_for_steps(runs, int(progress))
        time.sleep(instants.uniform(0, start_up if stored > progress else 2 * a_step))
        session.kill()
        session = sessions.labrig("resume", only_run(runs))
    session.finish()

    assert outcome(only_run(runs)) == "stopped"
    assert_same_rows(only_run(runs), reference)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_can_be_resumed(
    sessions: SessionServer, files: Files, tmp_path: Path, uninterrupted: Path, by: signal.Signals
) -> None:
    runs = tmp_path / "runs"
    session = sessions.labrig("train", files.simulated(stop=STOP), "--runs", runs)
    wait_for_steps(runs, 10)
    session.send(by)
    assert session.exit_code() == 128 + by
    assert outcome(only_run(runs)) == "interrupted"
    sessions.labrig("resume", only_run(runs)).finish()
    assert_same_rows(only_run(runs), uninterrupted)


def test_a_run_killed_before_its_first_step_begins_anew(
    sessions: SessionServer, files: Files, tmp_path: Path, uninterrupted: Path
) -> None:
    run = killed_after(0, sessions, files.simulated(stop=STOP), tmp_path / "runs")
    assert outcome(run) == "interrupted"
    sessions.labrig("resume", run).finish()
    assert_same_rows(run, uninterrupted)


def test_a_board_of_continuous_branches_goes_on_too(files: Files, tmp_path: Path) -> None:
    loaded = labrig.load_experiment(files.simulated("0.2 mV", IDEAL, order="shuffle"))
    with labrig.open_bench(loaded.rig) as bench:
        reference = labrig.train(bench, loaded, runs=tmp_path)
        reference.finish()
    with labrig.open_bench(loaded.rig) as bench:
        training = labrig.train(bench, loaded, runs=tmp_path)
        for step in training:
            if step.step == 7:
                break
    with labrig.open_resumed(training.run) as resumed:
        resumed.start(lambda: None).finish()
    assert_same_rows(training.run, reference.run)


def test_a_finished_run_is_not_resumed(sessions: SessionServer, files: Files, tmp_path: Path) -> None:
    run = trained(sessions, files.simulated(), tmp_path / "runs")
    session = sessions.labrig("resume", run)
    assert session.exit_code() == RunError.exit_code
    assert "has ended (stopped" in session.err.read_text()


def test_a_run_that_is_being_written_is_not_resumed(files: Files, tmp_path: Path) -> None:
    experiment = labrig.load_experiment(files.simulated())
    with labrig.open_bench(experiment.rig) as bench:
        run = labrig.train(bench, experiment, runs=tmp_path).run
        with pytest.raises(RunError, match="is being written by process"), labrig.open_resumed(run):
            pass


@dataclass(frozen=True)
class Abandoned:
    """A run whose host was killed while its board went on, and how the run goes on where nobody meddles."""

    board: RunningBoard
    run: Path
    uninterrupted: list[CodeArray]

    @property
    def stored(self) -> list[CodeArray]:
        return codes(self.run)

    @property
    def last(self) -> CodeArray:
        """Codes of the newest step."""
        return self.stored[-1]

    @property
    def upcoming(self) -> CodeArray:
        """Codes that the next step writes."""
        return self.uninterrupted[len(self.stored)]


def codes(run: Path) -> list[CodeArray]:
    return [np.asarray(row["codes"], dtype=np.int64) for row in rows(run)]


@pytest.fixture
def abandoned(
    sessions: SessionServer,
    start_board: StartBoard,
    model: BoardModel,
    topology: Topology,
    files: Files,
    tmp_path: Path,
    uninterrupted: Path,
) -> Abandoned:
    board = start_board(model, topology)
    run = killed_after(5, sessions, files.on_port(board.resource, stop=STOP), tmp_path / "runs")
    return Abandoned(board, run, codes(uninterrupted))


def held_by(board: RunningBoard, wanted: CodeArray | None = None) -> CodeArray:
    """What is on a board, after putting other codes there behind the run's back."""
    wired = open_wired(open_serial(board.resource, 1_000_000))
    try:
        program = None if wanted is None else Codes(wanted)
        held = wired.exchange(BoardRequest(boundaries=[], program=program, read_back=True)).program
        assert isinstance(held, Codes)
        return held.values
    finally:
        wired.close()


def test_a_board_that_kept_the_last_codes_goes_on(sessions: SessionServer, abandoned: Abandoned) -> None:
    held_by(abandoned.board, abandoned.last)
    sessions.labrig("resume", abandoned.run).finish()
    np.testing.assert_array_equal(abandoned.stored, abandoned.uninterrupted)


def test_a_board_that_took_the_next_codes_before_they_were_stored_goes_on(
    sessions: SessionServer, abandoned: Abandoned
) -> None:
    held_by(abandoned.board, abandoned.upcoming)
    sessions.labrig("resume", abandoned.run).finish()
    np.testing.assert_array_equal(abandoned.stored, abandoned.uninterrupted)


def test_a_board_whose_last_write_was_torn_is_written_without_asking(
    sessions: SessionServer, abandoned: Abandoned
) -> None:
    (changed,) = np.nonzero(abandoned.last != abandoned.upcoming)
    assert len(changed) > 1
    torn = abandoned.last.copy()
    torn[changed[0]] = abandoned.upcoming[changed[0]]
    held_by(abandoned.board, torn)
    sessions.labrig("resume", abandoned.run).finish()
    np.testing.assert_array_equal(abandoned.stored, abandoned.uninterrupted)


def test_a_board_that_lost_its_codes_gets_them_back_without_asking(
    sessions: SessionServer,
    abandoned: Abandoned,
    start_board: StartBoard,
    model: BoardModel,
    topology: Topology,
) -> None:
    abandoned.board.stop()
    start_board(model, topology)
    sessions.labrig("resume", abandoned.run).finish()
    np.testing.assert_array_equal(abandoned.stored, abandoned.uninterrupted)


def meddled(abandoned: Abandoned) -> CodeArray:
    """Codes that neither the last nor the next step left there: one is off by 20."""
    other = abandoned.last.copy()
    other[2] += 20
    return held_by(abandoned.board, other)


def test_a_board_that_kept_running_with_other_codes_is_refused_and_left_alone(
    sessions: SessionServer, abandoned: Abandoned
) -> None:
    other, stored = meddled(abandoned), abandoned.stored
    session = sessions.labrig("resume", abandoned.run)
    assert session.exit_code() == RunError.exit_code
    (said,) = session.err.read_text().splitlines()
    assert "1 of its 12 codes" in said
    assert "--rewrite" in said
    assert "--adopt" in said
    np.testing.assert_array_equal(held_by(abandoned.board), other)
    np.testing.assert_array_equal(abandoned.stored, stored)


def test_rewriting_puts_the_codes_of_the_run_back(sessions: SessionServer, abandoned: Abandoned) -> None:
    meddled(abandoned)
    sessions.labrig("resume", abandoned.run, "--rewrite").finish()
    np.testing.assert_array_equal(abandoned.stored, abandoned.uninterrupted)


def test_adopting_goes_on_from_what_the_board_holds(sessions: SessionServer, abandoned: Abandoned) -> None:
    other, first, upcoming = meddled(abandoned), len(abandoned.stored), abandoned.upcoming
    sessions.labrig("resume", abandoned.run, "--adopt").finish()
    expected = upcoming.copy()
    expected[2] = other[2]
    np.testing.assert_array_equal(abandoned.stored[first], expected)
    assert len(abandoned.stored) == STEPS + 1


def test_another_board_is_refused_whatever_it_holds(
    sessions: SessionServer,
    abandoned: Abandoned,
    start_board: StartBoard,
    model: BoardModel,
    topology: Topology,
) -> None:
    abandoned.board.stop()
    other = start_board(model, topology, "B2")
    Path(abandoned.board.resource).unlink(missing_ok=True)
    Path(abandoned.board.resource).symlink_to(other.resource)
    session = sessions.labrig("resume", abandoned.run, "--rewrite")
    assert session.exit_code() == RunError.exit_code
    assert "is of board B1, but board B2 answers" in session.err.read_text()


def test_rewriting_and_adopting_exclude_each_other(sessions: SessionServer, tmp_path: Path) -> None:
    session = sessions.labrig("resume", tmp_path, "--rewrite", "--adopt")
    assert session.exit_code() == 2
    assert "exclude each other" in session.err.read_text()
