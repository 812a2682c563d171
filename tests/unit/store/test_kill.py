"""A process that is killed at any instant loses at most the step in progress."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from labrig.errors import RunError
from labrig.store.reader import RunReader
from labrig.store.writer import Run

_WRITER = """
import sys
from pathlib import Path
import numpy as np
from labrig.store.columns import Column
from labrig.store.writer import Run

columns = [
    Column("error"),
    Column("codes", dtype="uint16", dims=("branch",), shape=(1200,), encoding="delta"),
]
run = Run.create(Path(sys.argv[1]), "killed", columns, planned_steps=100000, synchronous=sys.argv[2])
print(run.directory, flush=True)
for step in range(100000):
    codes = np.full(1200, step % 250)
    codes[step % 1200] += 1
    checkpoint = {"latent": np.full(1200, float(step)), "order": "x" * (step % 50)}
    run.append(step, {"error": step / 2, "codes": codes}, checkpoint)
    print(step, flush=True)
"""


class _Writer:
    def __init__(self, root: Path, synchronous: str = "normal") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(root), synchronous], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self._said = self.process.stdout
        self.directory = Path(self._said.readline().strip())
        self._said.readline()

    def kill(self) -> int:
        """Last step that it said was stored."""
        self.process.send_signal(signal.SIGKILL)
        lines = [line for line in self._said.read().splitlines(keepends=True) if line.endswith("\n")]
        self.process.wait()
        return int(lines[-1]) if lines else 0

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._said.close()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[_Writer]:
    writer = _Writer(tmp_path)
    yield writer
    writer.close()


@pytest.mark.parametrize("seed", range(5))
def test_at_most_the_step_in_progress_is_lost(writer: _Writer, seed: int) -> None:
    time.sleep(random.Random(seed).uniform(0.0, 0.4))
    said = writer.kill()

    with RunReader(writer.directory) as reader:
        info = reader.info()
        rows = list(reader.rows())
        checkpoint = reader.checkpoint()

    assert info.last_step is not None
    assert info.last_step in {said, said + 1}
    assert (info.status, info.reason) == ("interrupted", "killed")
    assert [row.step for row in rows] == list(range(info.last_step + 1))
    for row in rows:
        expected = np.full(1200, row.step % 250)
        expected[row.step % 1200] += 1
        np.testing.assert_array_equal(row.values["codes"], expected)  # pyright: ignore[reportArgumentType]
        assert row.values["error"] == row.step / 2
    assert checkpoint["step"] == info.last_step
    assert checkpoint["order"] == "x" * (info.last_step % 50)
    np.testing.assert_array_equal(checkpoint["latent"], np.full(1200, float(info.last_step)))


def test_while_it_is_written_it_reads_as_running_and_nobody_else_may_write(writer: _Writer) -> None:
    with RunReader(writer.directory) as reader:
        assert reader.info().status == "running"
        before = reader.info().last_step or 0
        deadline = time.monotonic() + 5
        while (reader.info().last_step or 0) <= before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (reader.info().last_step or 0) > before

    with pytest.raises(
        RunError, match=rf"process {writer.process.pid} on .* is writing this run; stop it first"
    ):
        Run.resume(writer.directory)


def test_a_killed_run_can_be_resumed_at_once(writer: _Writer) -> None:
    writer.kill()

    with Run.resume(writer.directory, synchronous="normal") as run:
        assert run.last_step is not None
        step = run.last_step + 1
        run.append(step, {"error": -1.0, "codes": np.zeros(1200)}, {"latent": np.zeros(1200)})
        run.finish("stopped")

    with RunReader(writer.directory) as reader:
        row = reader.row()
        assert row is not None
        assert row.step == step
        assert row.values["error"] == -1.0
        assert not np.any(row.values["codes"])


def test_a_forked_child_does_not_keep_a_run_locked(tmp_path: Path) -> None:
    """A guard process may outlive the trainer that forked it."""
    code = """
import os, sys, time
from pathlib import Path
from labrig.store.columns import Column
from labrig.store.writer import Run
run = Run.create(Path(sys.argv[1]), "forked", [Column("error")], planned_steps=1, synchronous="normal")
child = os.fork()
if child == 0:
    os.close(1)
    time.sleep(30)
    os._exit(0)
print(run.directory, child, flush=True)
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, check=True
    )
    directory, child = done.stdout.split()
    try:
        os.kill(int(child), 0)
        with RunReader(Path(directory)) as reader:
            assert reader.info().status == "interrupted"
        Run.resume(Path(directory)).close()
    finally:
        os.kill(int(child), signal.SIGKILL)
